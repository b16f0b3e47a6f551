"""What commands print is shown as it is, whatever strangers call their chats."""

from rich.table import Table

from tg_assets.cli.imports import report_table
from tg_assets.cli.runtime import console, progress_bar
from tg_assets.importing.report import ChatReport

NASTY = "[/b] [red]a[/red] :date: tg-assets[ocr]"


def test_square_brackets_are_no_markup() -> None:
    """In lines, tables, and beside a bar."""
    table = Table("title")
    table.add_row(NASTY)
    with console.capture() as printed:
        console.print(NASTY)
        console.print(table)
    assert printed.get().count(NASTY) == 2
    bar = progress_bar()
    bar.add_task(NASTY, total=1)
    with console.capture() as printed:
        console.print(bar.get_renderable())
    assert NASTY.split()[-1] in "".join(printed.get().split())


def test_a_chat_with_an_odd_title_is_reported() -> None:
    with console.capture() as printed:
        console.print(report_table([ChatReport(NASTY, "demo.odd")]))
    assert "".join(NASTY.split()) in "".join(printed.get().replace("│", "").split())
