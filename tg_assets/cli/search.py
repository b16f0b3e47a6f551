"""``search``: ask the index, in any of its languages."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.padding import Padding
from rich.text import Text

from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.narrowing import archive_options, narrowed, narrowing_options, opened
from tg_assets.cli.runtime import console
from tg_assets.counted import counted

if TYPE_CHECKING:
    from tg_assets.answers.rows import Message
    from tg_assets.answers.search import Result

NEAR = 2
"""Messages on either side of a result, unless another number is asked for."""


@click.command("search")
@click.argument("query")
@archive_options
@narrowing_options
@click.option("--around", "near", type=click.IntRange(0, 20), help="Show so many messages before and after each.")
@click.option(
    "--recent", type=click.FloatRange(0, 36500, min_open=True), metavar="DAYS",
    help="New ones first: what is so old keeps three quarters of its score, and half when very old.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--cursor", help="Go on where an answer with this cursor ended.")
@json_option
def search_command(
    query: str,
    tenant: str,
    owners: tuple[int, ...],
    feeds: tuple[str, ...],
    near: int | None,
    recent: float | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
    **narrow: Any,
) -> None:
    """Search posts, albums and conversations by meaning and by words, in Russian and English.

    The number beside a result is the chance, 0 to 1, that it is what was meant.

    Direct messages and a person's own groups belong to an account: name it with --owner to search them.
    """
    from tg_assets.answers.plain import as_json as plain
    from tg_assets.answers.search import search

    archive, beside = opened(tenant, owners, feeds), NEAR if near is None else near
    half_life = timedelta(days=recent) if recent else None
    found = search(
        archive, query, near=beside, limit=limit, cursor=cursor, half_life=half_life, **narrowed(**narrow)
    )  # fmt: skip
    if as_json:
        show_json(
            "search", map(plain, found.results), fits=found.fits, understood=list(found.understood), cursor=found.cursor
        )
        return
    if found.understood:
        console.print(Text(f"First what is {', '.join(found.understood)}.", style="dim"))
    if not found.results:
        console.print("Nothing found.")
    elif not found.fits:
        console.print("Nothing here fits well. The nearest:")
    show_results(found.results, chats=bool(owners), around=near is not None)
    if found.cursor:
        console.print(Text(f"More: --cursor {found.cursor}", style="dim"), soft_wrap=True)


def show_results(results: "Sequence[Result]", *, chats: bool = False, around: bool = False) -> None:
    """Print results, best first: a line about each, its text, its tags, and what is around it.

    A line of a conversation means little alone: what was said before and after is shown, too.
    """
    for number, one in enumerate(results, 1):
        head = Text(f"{number:>2}. {one.score:.2f} {one.fit:<6}  {one.posted_at:%Y-%m-%d}  {one.feed}", style="bold")
        if chats and one.chat:
            head.append(f"  {one.chat}", style="green")
        if one.kind != "post":
            head.append(f"  {one.kind}", style="magenta")
        if one.copies:
            head.append(f"  and in {counted(len(one.copies), 'more place')}", style="magenta")
        if one.link:
            head.append(f"  {one.link}", style="cyan")
        console.print(head)
        if told := around or one.kind == "conversation":
            show_lines(one.before)
        console.print(Padding(Text(one.text), (0, 0, 0, 4)))
        if told:
            show_lines(one.after)
        if one.picture:
            console.print(Padding(Text(f"picture: {one.picture}", style="dim"), (0, 0, 0, 4)))
        if one.tags:
            console.print(Padding(Text("# " + ", ".join(one.tags[:6]), style="dim"), (0, 0, 0, 4)))


def show_lines(messages: "Sequence[Message]") -> None:
    """Print messages around one, a line each."""
    for one in messages:
        said = " ".join(one.words.split())
        console.print(
            Padding(Text(f"{one.posted_at:%H:%M}  {one.author or ''}: {said[:160]}", style="dim"), (0, 0, 0, 6))
        )
