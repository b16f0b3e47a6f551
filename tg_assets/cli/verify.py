"""``verify``: what the stores hold compared with what the database says, and mended."""

import sys
from collections import Counter
from typing import Any

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.each_tenant import chosen
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.rebuild import bar_of
from tg_assets.cli.runtime import console
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError

# Partitions that are told one by one.
ROWS = 40


@click.command("verify")
@click.option("--tenant", help="Only this tenant; all by default.")
@click.option("--feed", help="Only this feed.")
@click.option("--full", is_flag=True, help="Compare every item in full, not a sample of each stretch.")
@click.option("--repair", is_flag=True, help="Make what is missing or differs, remove what is too much.")
@json_option
def verify_command(tenant: str | None, feed: str | None, full: bool, repair: bool, as_json: bool) -> None:
    """Compare rows, ledger, points, nodes and objects, partition by partition; ends with 1 when something differs.

    With --repair it ends with 1 when something could not be mended. What waits for the refresh is named, and no
    difference.
    """
    from tg_assets.assets.verified import verify
    from tg_assets.partitions import check_feed
    from tg_assets.registry.tenants import stored_feeds

    slugs = chosen(tenant)
    if feed:
        slugs = [check_feed(feed).partition(".")[0]]
        runtime.registered(slugs[0])
        if feed not in (feeds := stored_feeds(runtime.postgres(), slugs[0])) or tenant not in (None, slugs[0]):
            raise TgAssetsError(f"There is no feed {feed!r} here. There are: {', '.join(feeds) or 'none yet'}.")
    if repair:  # other settings are other versions: everything would be made again by them
        runtime.compare_settings(_refuse)
    tools, items = runtime.tools(), list[dict[str, Any]]()
    notes, compared = Counter[str](), Counter[str]()
    total = mended = 0
    with runtime.progress_bar(to_stderr=as_json) as bar:
        tell = bar_of(bar)
        for slug in slugs:
            found = verify(
                tools,
                slug,
                feed=feed,
                whole=full,
                repair=repair,
                advance=lambda what, done, of, slug=slug: tell(f"{slug}: {what}", done, of),  # type: ignore[misc]
            )
            items += [{"tenant": slug, **row} for row in found.rows()]
            notes.update(found.noted())
            compared.update(found.compared)
            total, mended = total + found.total, mended + found.mended
    unread = _unread()
    if as_json:
        show_json(
            "verify", items, differences=total, mended=mended if repair else None, compared=compared, notes=notes,
            unread=unread,
        )  # fmt: skip
    else:
        _show(items, notes, compared, unread)
        console.print(_verdict(total, mended, repair), soft_wrap=True)
    if total - (mended if repair else 0):
        sys.exit(1)


def _refuse(said: str) -> None:
    raise TgAssetsError(f"{said} Nothing is mended meanwhile.")


def _unread() -> int | None:
    """Entries of streams that nobody has handled yet; None where Redis is away."""
    from redis.exceptions import RedisError

    from tg_assets.live.state import shards, waiting

    if not runtime.settings().redis_url:
        return None
    try:
        client = runtime.redis()
        return sum(waiting(client, shard) for shard in shards(client, runtime.settings().stream_shards))
    except RedisError:
        return None


def _show(items: list[dict[str, Any]], notes: Counter[str], compared: Counter[str], unread: int | None) -> None:
    if items:
        table = Table("tenant", "partition", "store", "what", "", box=None, pad_edge=False, header_style="bold")
        table.add_column("how many", justify="right")
        table.add_column("for example", overflow="fold")
        for one in items[:ROWS]:
            partition = "|".join(str(part) for part in (one["date"], one["feed"]) if part)
            table.add_row(
                one["tenant"], partition, one["store"], one["what"], one["kind"], f"{one['count']:,}",
                one["examples"][0],
            )  # fmt: skip
        console.print(table)
        if len(items) > ROWS:
            console.print(f"… and {len(items) - ROWS:,} more; --json lists all.")
    told = ", ".join(f"{count:,} in {store}" for store, count in sorted(compared.items())) or "nothing"
    console.print(f"Compared: {told}.", soft_wrap=True)
    if notes:
        said = ", ".join(f"{count:,} {note}" for note, count in sorted(notes.items()))
        console.print(f"Items that are no difference: {said}.", soft_wrap=True)
    if unread:
        console.print(f"{counted(unread, 'entry of streams waits', 'entries of streams wait')} to be read.")


def _verdict(total: int, mended: int, repair: bool) -> str:
    if not total:
        return "Nothing differs."
    if not repair:
        return f"{counted(total, 'thing differs', 'things differ')}. `tg-assets verify --repair` mends them."
    if mended < total:
        return f"{mended:,} of {counted(total, 'difference')} were mended; `tg-assets doctor` says what is in the way."
    return f"{counted(total, 'difference was', 'differences were')} mended."
