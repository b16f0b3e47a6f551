"""``similar``: what is most like a message, by its meaning and by its picture."""

import click
from rich.padding import Padding
from rich.text import Text

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, opened
from tg_assets.cli.runtime import console

LONGEST = 200


@click.command("similar", context_settings={"ignore_unknown_options": True})  # chats are negative numbers
@click.argument("reference")
@archive_options
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@json_option
def similar_command(
    reference: str, tenant: str, owners: tuple[int, ...], feeds: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """Show messages and albums that are most like one, which REFERENCE names as `message` takes it."""
    from tg_assets.answers.plain import as_json as plain
    from tg_assets.answers.similar import similar

    found = similar(opened(tenant, owners, feeds), reference, limit)
    if as_json:
        show_json("similar", map(plain, found))
        return
    if not found:
        console.print("Nothing is like it, or it is not in the index.")
    for number, one in enumerate(found, 1):
        shown = one.message or one.album
        if shown is None:
            continue
        head = Text(
            f"{number:>2}. {one.score:.2f} {one.how:<7}  {shown.posted_at:%Y-%m-%d}  {shown.feed}", style="bold"
        )
        head.append(f"  {shown.link or shown.id}", style="cyan")
        console.print(head)
        said = one.message.words if one.message else one.album.said or one.album.summary if one.album else ""
        console.print(Padding(Text(" ".join((said or "").split())[:LONGEST]), (0, 0, 0, 4)))
