"""``search``: ranked posts and albums for a question."""

from typing import TYPE_CHECKING, Any

import click
from rich.padding import Padding
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console
from tg_assets.index.evidence import verdict
from tg_assets.index.search import Hit, fits

if TYPE_CHECKING:
    from tg_assets.stores.vectors import Narrow


@click.command("search")
@click.argument("query")
@click.option("--tenant", default="default", show_default=True)
@click.option("--feed", "feeds", multiple=True, help="Only these feeds.")
@click.option("--album", "albums", is_flag=True, help="Only albums.")
@click.option("--tag", "tags", multiple=True, help="Only posts with all these tags.")
@click.option("--since", help="Not before this ISO date, UTC.")
@click.option("--until", help="Before this ISO date, UTC.")
@click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats are searched too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@json_option
def search_command(
    query: str,
    tenant: str,
    feeds: tuple[str, ...],
    albums: bool,
    tags: tuple[str, ...],
    since: str | None,
    until: str | None,
    owners: tuple[int, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Search posts and albums by meaning and by words, in Russian and English.

    The number beside a result is the chance, 0 to 1, that it is what was meant.

    Direct messages and a person's own groups belong to an account: name it with --owner to search them.
    """
    from tg_assets.scope import parse_time
    from tg_assets.stores.vectors import Narrow

    narrow = Narrow(
        owners=owners,
        feeds=feeds,
        kind="album" if albums else None,
        tags=tags,
        since=parse_time(since, "--since"),
        until=parse_time(until, "--until"),
    )
    hits = find(query, tenant, narrow, limit)
    understood = _understood(query, hits)
    if as_json:
        show_json("search", map(_plain, hits), fits=fits(hits), understood=understood)
        return
    if understood:
        console.print(Text(f"First what is {', '.join(understood)}.", style="dim"))
    if not hits:
        console.print("Nothing found.")
    elif not fits(hits):
        console.print("Nothing here fits well. The nearest:")
    show_hits(hits, chats=bool(owners))


def find(query: str, tenant: str, narrow: "Narrow | None", limit: int) -> list[Hit]:
    """Search with the installation's servers and model."""
    from tg_assets import ids
    from tg_assets.embedder import UseEmbedder
    from tg_assets.index.rerank import configured
    from tg_assets.index.search import search
    from tg_assets.stores.vectors import Narrow

    return search(
        query,
        ids.tenant_id(tenant),
        runtime.qdrant(),
        UseEmbedder(),
        runtime.postgres(),
        narrow or Narrow(),
        limit,
        rerank=configured(runtime.settings()),
    )


def _understood(query: str, hits: list[Hit]) -> list[str]:
    """Time and author that the query was taken to ask for; an author only if there is one among the results."""
    from datetime import UTC, datetime

    from tg_assets.index.conditions import understand

    question = understand(query, datetime.now(UTC))
    known = any(question.fits_author(hit.author) for hit in hits)
    return [said for said in question.understood if known or not said.startswith("from ")]


def _plain(hit: Hit) -> dict[str, Any]:
    return {
        "id": str(hit.id),
        "kind": hit.kind,
        "score": round(hit.score, 3),
        "fit": verdict(hit.score),
        "posted_at": hit.posted_at.isoformat(),
        "feed": hit.feed,
        "chat": hit.chat,
        "author": hit.author,
        "telegram_message_id": hit.telegram_message_id,
        "text": hit.snippet,
        "tags": hit.tags,
        "link": hit.link,
        "copies": [{"id": str(copy.id), "feed": copy.feed, "link": copy.link} for copy in hit.copies],
    }


def show_hits(hits: list[Hit], *, chats: bool = False) -> None:
    """Print hits, best first: a line about each, its text, its tags."""
    for number, hit in enumerate(hits, 1):
        head = Text(
            f"{number:>2}. {hit.score:.2f} {verdict(hit.score):<6}  {hit.posted_at:%Y-%m-%d}  {hit.feed}", style="bold"
        )
        if chats and hit.chat:
            head.append(f"  {hit.chat}", style="green")
        if hit.kind == "album":
            head.append("  album", style="magenta")
        if hit.copies:
            head.append(f"  and in {len(hit.copies)} more places", style="magenta")
        if hit.link:
            head.append(f"  {hit.link}", style="cyan")
        console.print(head)
        console.print(Padding(Text(hit.snippet), (0, 0, 0, 4)))
        if hit.tags:
            console.print(Padding(Text("# " + ", ".join(hit.tags[:6]), style="dim"), (0, 0, 0, 4)))
