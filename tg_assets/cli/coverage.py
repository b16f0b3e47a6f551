"""``coverage``: which message ids of a feed's chats are accounted for, and what would bring the others."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.runtime import console, echo
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tg_assets.landing.coverage import ChatCoverage, Stretch

# Chats of one feed that get a table; the others are counted.
CHATS = 10
HEADS = ("from", "to", "how many", "state", "between, or what fills it")
# Small groups and direct messages share their numbers with other chats.
SHARED = "ids are shared with other chats, so nothing between them is unknown"


@click.command("coverage")
@click.argument("feed")
@click.option("--all", "every", is_flag=True, help="Every chat and every range, not only the largest unknown ones.")
@click.option("--owner", "owners", type=int, multiple=True, help="Account whose private chats are shown by name.")
@json_option
def coverage_command(feed: str, every: bool, owners: tuple[int, ...], as_json: bool) -> None:
    """Show which message ids of FEED are stored, service messages, deleted, known never to have existed, or unknown."""
    from tg_assets.landing.coverage import chat_coverage
    from tg_assets.partitions import check_feed
    from tg_assets.registry.tenants import stored_feeds

    check_feed(feed)
    postgres, slug = runtime.postgres(), feed.partition(".")[0]
    tenant = runtime.registered(slug)
    feeds = stored_feeds(postgres, slug)
    if feed not in feeds:
        raise TgAssetsError(
            f"There is no feed {feed!r}. Of tenant {slug!r} there are: {', '.join(feeds) or 'none yet'}."
        )
    with postgres.tenant(tenant) as session, session.transaction() as connection:
        accounts = chat_coverage(connection, feed)
        if as_json:
            show_json("coverage", (_item(connection, feed, one, every, (0, *owners)) for one in accounts), feed=feed)
            return
        shown = accounts if every else accounts[:CHATS]
        for one in shown:
            _show(connection, feed, one, every, (0, *owners))
        if len(shown) < len(accounts):
            rest = accounts[len(shown) :]
            unknown = sum(one.counts["unknown"] for one in rest)
            console.print(
                f"… and {counted(len(rest), 'more chat')} with {counted(unknown, 'unknown id')}; --all shows them."
            )


def _name(chat: "ChatCoverage", owners: Collection[int]) -> str:
    from tg_assets import ids

    named = f"{chat.title or ''} ({chat.tg_channel_id})".strip()
    return named if chat.owner_id in owners else ids.private_name(chat.channel, chat.source)


def _item(
    connection: "Connection", feed: str, chat: "ChatCoverage", every: bool, owners: Collection[int]
) -> dict[str, Any]:
    """A chat for programs: counts of ids by state, and its stretches, of unknown ones the largest unless ``every``."""
    from tg_assets.landing.coverage import stretches

    found = stretches(connection, chat.channel, None) if every else stretches(connection, chat.channel)
    return {
        "chat": _name(chat, owners), "source": chat.source, "newest_id": chat.newest, "counts": chat.counts,
        "unknown_ranges": chat.ranges, "is_contiguous": chat.contiguous,
        "stretches": [
            {
                "first_id": one.first, "last_id": one.last, "ids": one.total, "since": one.since, "until": one.until,
                "counts": {state: count for state, count in one.counts.items() if count},
                "filled_by": _filled_by(feed, one) if _is_unknown(one) else None,
            }
            for one in found
        ],
    }  # fmt: skip


def _show(connection: "Connection", feed: str, chat: "ChatCoverage", every: bool, owners: Collection[int]) -> None:
    from tg_assets.landing.coverage import stretches

    console.print(Text(_name(chat, owners), style="bold"))
    if not chat.newest:
        console.print("  Nothing has arrived yet.\n")
        return
    if every:
        found = stretches(connection, chat.channel, None)
        echo("\n".join(_lines(feed, found)))
    else:
        found = stretches(connection, chat.channel)
        console.print(_table(feed, found))
    known = sum(chat.counts.values()) - chat.counts["unknown"]
    if not chat.contiguous:
        console.print(f"{counted(known, 'id')} accounted for; {SHARED}.\n", soft_wrap=True)
        return
    told = f"{known:,} of {counted(chat.newest, 'id')} accounted for"
    if chat.ranges:
        told += f"; {counted(chat.counts['unknown'], 'is', 'are')} unknown, in {counted(chat.ranges, 'range')}"
    console.print(f"{told}.", soft_wrap=True)
    alone = sum(_is_unknown(one) for one in found)
    if alone < chat.ranges:
        more = chat.ranges - alone
        console.print(f"Listed by themselves are the {alone} largest, … and {more:,} more; --all lists all.")
    console.print()


def _table(feed: str, found: "Iterable[Stretch]") -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in HEADS[:3]:
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column(HEADS[3], no_wrap=True)
    table.add_column(HEADS[4], overflow="fold")
    for one in found:
        table.add_row(*_row(feed, one), style="yellow" if _is_unknown(one) else None)
    return table


def _lines(feed: str, found: "Iterable[Stretch]") -> Iterator[str]:
    """The same, quickly: a chat may have tens of thousands of ranges."""
    rows = [HEADS, *(_row(feed, one) for one in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    for row in rows:
        numbers = "  ".join(cell.rjust(width) for cell, width in zip(row[:3], widths, strict=False))
        yield f"{numbers}  {row[3].ljust(widths[3])}  {row[4]}"


def _row(feed: str, one: "Stretch") -> tuple[str, ...]:
    present = {state: count for state, count in one.counts.items() if count}
    between = _filled_by(feed, one) if _is_unknown(one) else _span(one)
    if one.counts["rejected"]:
        between += " (`tg-assets dead-letters list` says why)"
    state: str = next(iter(present))
    if len(present) > 1:
        state = "mixed" if one.ranges else "known"
        between += ": " + ", ".join(f"{count:,} {name}" for name, count in present.items())
    return str(one.first), str(one.last), f"{one.total:,}", state, between


def _is_unknown(one: "Stretch") -> bool:
    return one.counts["unknown"] == one.total


def _span(one: "Stretch") -> str:
    ends = [f"{moment:%Y-%m-%d}" if moment else "?" for moment in (one.since, one.until)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _filled_by(feed: str, one: "Stretch") -> str:
    from tg_assets.landing.holes import command, days

    if one.since is None and one.until is not None:
        return (
            f"before {one.until:%Y-%m-%d}, the first that is known; a backfill of earlier dates brings what there was"
        )
    between = days(one.since, one.until, runtime.settings().start_date, datetime.now(UTC).date())
    return command(feed, between) if between else "nothing: no partition has these dates"
