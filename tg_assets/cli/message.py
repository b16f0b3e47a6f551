"""``message``: one message whole, with what it was, what belongs to it and what was made of it."""

from typing import TYPE_CHECKING

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, opened
from tg_assets.cli.runtime import console
from tg_assets.cli.search import show_lines

if TYPE_CHECKING:
    from tg_assets.answers.message import Whole
    from tg_assets.answers.neighbours import Surrounded


@click.command("message", context_settings={"ignore_unknown_options": True})  # chats are negative numbers
@click.argument("reference")
@archive_options
@click.option("--around", "near", type=click.IntRange(0, 100), default=0, help="Show so many messages on either side.")
@json_option
def message_command(
    reference: str, tenant: str, owners: tuple[int, ...], feeds: tuple[str, ...], near: int, as_json: bool
) -> None:
    """Show a message: its edits, files, album, replies and forwards, and what was made of it, by which run.

    REFERENCE is its id, its link (https://t.me/name/12) or its chat and number (@name/12, 1700300111/12).
    """
    from tg_assets.answers.message import message
    from tg_assets.answers.neighbours import around
    from tg_assets.answers.plain import as_json as plain

    archive = opened(tenant, owners, feeds)
    with archive.reading():
        whole = message(archive, reference)
        sides = around(archive, whole.message.id, near, near)
    if as_json:
        show_json("message", [{**plain(whole), "before": plain(sides.before), "after": plain(sides.after)}])
        return
    _show(whole, sides)


def _show(whole: "Whole", sides: "Surrounded") -> None:
    one = whole.message
    head = Text(f"{one.posted_at:%Y-%m-%d %H:%M} UTC  {one.feed}", style="bold")
    for told, style in ((one.chat, "green"), (one.author, "green"), (one.link, "cyan"), (one.action, "magenta")):
        if told:
            head.append(f"  {told}", style=style)
    console.print(head)
    show_lines(sides.before)
    said = "(deleted)" if one.deleted_at else one.words or "(no words)"
    console.print(Padding(Text(said), (0, 0, 0, 4)))
    show_lines(sides.after)
    for earlier in whole.versions[1:]:
        console.print(Text(f"before the edit: {earlier.said}", style="dim"))
    source = f"forwarded from {one.forwarded_from}:" if one.forwarded_from else "forwarded from"
    for what, message in (("replies to", whole.reply_to), (source, whole.forwarded_post)):
        if message:
            console.print(Text(f"{what} {message.link or message.id}"))
            show_lines((message,))
        elif one.forwarded_from and what == source:
            console.print(Text(source.removesuffix(":")))
    for what, several in (("replies", whole.replies), ("forwarded to", whole.forwards)):
        if several:
            console.print(f"{what}: {len(several)}")
            show_lines(several[:10])
    if whole.album:
        console.print(f"album {whole.album.id} of {len(whole.album.items)}")
    console.print(_made(whole))


def _made(whole: "Whole") -> Table:
    table = Table("made by", "of version", "status", "run", "at", box=None, pad_edge=False)
    for one in whole.lineage:
        status = f"{one.status}: {one.reason}" if one.reason else one.status
        made = f"{one.made_at:%Y-%m-%d %H:%M}"
        table.add_row(one.stage, one.model or one.version, status, (one.run_id or "")[:8], made)
    return table
