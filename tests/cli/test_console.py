"""What commands print is shown as it is, whatever strangers call their chats, and steers no terminal."""

import logging
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tests.support.installation import Installation
from tests.telegram.exports import chat, encode, message
from tg_assets.cli import terminal
from tg_assets.cli.imports import report_table
from tg_assets.cli.runtime import console, progress_bar
from tg_assets.importing.report import ChatReport

NASTY = "[/b] [red]a[/red] :date: .[ocr]"
# ESC with colours, OSC (a title, a link, the clipboard), C1 versions of both, a bell, an erased line, backspaces,
# overrides and isolates of direction, separators of lines, and half of a surrogate pair.
STEERING = (
    "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://evil\x1b\\link\x1b]52;c;AAAA\x07\x9b2J\x9d0;x\x9c\x00\x07\r\x08\x08\x7f"
    "\u202eexe.txt\u202c\u2066\u2069\u2028\u2029\x85\ud800"
)
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
CLI = Path(terminal.__file__).parent


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


def everything(said: str) -> None:
    """Prints it in every way that commands have."""
    table = Table(said, title=said, caption=said)
    table.add_row(said, style="red")
    console.print(said)
    console.print(Text(said, style="bold"), Padding(Text(said), (0, 0, 0, 4)), table)
    console.rule(said)
    with console.status(said) as status:
        status.update(said)
    with progress_bar() as bar:
        bar.update(bar.add_task(said, total=2), completed=1, description=said)
    terminal.echo(said)
    terminal.echo(said, err=True)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_that_is_printed_steers_a_terminal(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal rich's own colours pass; what a stranger wrote is left as words."""
    monkeypatch.setattr(console, "_force_terminal", is_terminal)
    monkeypatch.setattr(console, "_color_system", None)
    done = CliRunner().invoke(click.Command("x", callback=lambda: everything(STEERING)))
    assert done.exception is None
    said = re.sub(r"\x1b\[(\?25[lh]|\d*[AK]|\d+[A-G]|[0-9;]*m)|\r", "", done.output)  # what a moving bar needs
    said = re.sub(r"\x1b\]8;(id=[^;]*)?;[^\x1b]*\x1b\\", "", said)
    assert not UNWANTED.findall(said), UNWANTED.findall(said)
    assert "]0;title" in said
    assert "exe.txt" in said
    if not is_terminal:
        assert not UNWANTED.findall(done.output)


def test_logs_do_not_steer_either(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a library without a handler of its own; a traceback is left out."""
    monkeypatch.setattr(logging, "lastResort", None)
    terminal.steer_logs(debug=False)
    assert logging.lastResort is not None
    try:
        raise KeyError(STEERING)
    except KeyError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "title %s", (STEERING,), __import__("sys").exc_info())
    logging.lastResort.handle(record)
    said = capsys.readouterr().err
    assert "]0;title" in said
    assert "(KeyError)" in said
    assert "Traceback" not in said
    assert not UNWANTED.findall(said)


def test_json_loses_nothing_when_it_is_escaped() -> None:
    import json

    assert json.loads(terminal.escaped(json.dumps({"a": STEERING}, ensure_ascii=False))) == {"a": STEERING}


def test_commands_print_in_one_place_only() -> None:
    """Except ``env``, whose lines a shell reads, and the picture of a code."""
    allowed = {("services.py", "click.echo("), ("accounts.py", "sys.stdout")}
    found = {
        (path.name, call)
        for path in CLI.glob("*.py")
        for call in re.findall(
            r"click\.echo\(|click\.secho\(|(?<![.\w])print\(|sys\.stdout|sys\.stderr|Console\(", path.read_text()
        )
        if path.name not in ("terminal.py", "console.py", "ending.py")
    }
    assert found <= allowed, found - allowed


def test_a_pipe_cuts_and_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long names stay whole, lines have no padding, bars are words."""
    monkeypatch.delenv("COLUMNS", raising=False)
    name = "tenant." + "name-of-a-feed-" * 20
    table = Table("feed", "count")
    table.add_row(name, "7")

    def show() -> None:
        console.print(table)
        console.print(Padding(Text("words " * 100), (0, 0, 0, 4)))
        with progress_bar() as bar:
            bar.update(bar.add_task("messages", total=9), completed=9)

    said = CliRunner().invoke(click.Command("x", callback=show)).output
    assert name in said
    assert "words " * 99 in said
    assert "messages 9/9" in said
    assert all(line == line.rstrip() for line in said.splitlines())
    assert max(map(len, said.splitlines())) < 700


@pytest.fixture(scope="module")
def hostile(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tenant with a chat whose title, authors, texts and files steer; what its import printed."""
    said = STEERING.replace("\ud800", "")
    folder = tmp_path_factory.mktemp("hostile")
    sent = [message(number, **{"from": said, "text": f"lighthouse {said}"}) for number in (1, 2, 5)]
    (folder / "result.json").write_bytes(encode(chat(*sent, name=said)))
    return installed.must("import", str(folder), "--tenant", "hostile", "--feed", "hostile.odd")


def test_no_command_passes_on_what_steers(installed: Installation, hostile: str, tmp_path: Path) -> None:
    """Every command that shows what strangers wrote, on both streams."""
    assert not UNWANTED.findall(hostile)
    events = tmp_path / "events.jsonl"
    events.write_text('{"stream": "stream:\\u001b[31m", "data": {}}\n')
    lines = [
        ("feeds", "--tenant", "hostile", "--chats"), ("coverage", "hostile.odd"), ("coverage", "hostile.odd", "--all"),
        ("dead-letters", "list"), ("accounts",), ("tenants",), ("watch", "--once"), ("status",),
        ("produce", str(events)),
        ("backfill", "hostile.\x1b[31m", "2023-01-01..2023-01-02"), ("import", "/none/\x1b[31m\x9b"),
        ("frob\x1b[31m",), ("coverage", "\x1b]0;x\x07.y"),
    ]  # fmt: skip
    shown = 0
    for line in lines:
        done = installed.run(*line)
        assert not UNWANTED.findall(done.stdout + done.stderr), line
        assert "Traceback" not in done.stderr
        shown += "]0;title" in done.stdout
    assert shown >= 3
