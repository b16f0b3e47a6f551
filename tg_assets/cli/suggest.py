"""``suggest``: what may be meant by what is typed so far."""

import click
from rich.padding import Padding
from rich.text import Text

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, opened
from tg_assets.cli.runtime import console


@click.command("suggest")
@click.argument("typed")
@archive_options
@click.option("--limit", type=click.IntRange(1, 100), default=8, show_default=True)
@json_option
def suggest_command(
    typed: str, tenant: str, owners: tuple[int, ...], feeds: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """Show how the last word of TYPED may go on, and posts that are found by then.

    With a blank at the end the last word is a whole one.
    """
    from tg_assets.answers.plain import as_json as plain
    from tg_assets.answers.suggest import suggest

    found = suggest(opened(tenant, owners, feeds), typed, limit=limit)
    if as_json:
        show_json("suggest", map(plain, found.hits), words=found.words)
        return
    if found.words:
        console.print(Text(", ".join(found.words), style="bold"))
    if not found.hits:
        console.print("Nothing found.")
    for one in found.hits:
        head = Text(f"{one.posted_at:%Y-%m-%d}  {one.feed}", style="dim")
        if one.link:
            head.append(f"  {one.link}", style="cyan")
        console.print(head)
        console.print(Padding(Text(one.snippet), (0, 0, 0, 4)))
