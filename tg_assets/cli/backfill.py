"""``backfill``: launch what the UI's dialog would, for one feed and a range of dates."""

import re
import time
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from tg_assets import ids
from tg_assets.cli import runtime
from tg_assets.cli.dagster_api import DagsterApi, Progress
from tg_assets.cli.following import followed
from tg_assets.cli.outlook import Outlook
from tg_assets.cli.runtime import console
from tg_assets.cli.stretches import FEW, Amount, amounts, is_read, stretches, told
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError
from tg_assets.remote.price import said

if TYPE_CHECKING:
    from tg_assets.ledger.stage import Report

# Reasons that are told one by one.
CAUSES = 3
# The first run is queued within seconds, unless the daemon is away or very busy.
FIRST_SECONDS = 20.0
LAST_MADE = ("qdrant_points", "neo4j_nodes", "tags", "posts")
"""Stages that have every message, the last ones first: what these have made is done."""


@dataclass(frozen=True, slots=True)
class Launched:
    """A backfill of one stretch of dates, ``FROM..TO``."""

    backfill: str
    dates: str
    amount: Amount


@click.command("backfill")
@click.argument("feed")
@click.argument("dates", metavar="FROM..TO")
@click.option("--asset", "assets", multiple=True, help="Only these assets; all by default.")
@click.option("--stored", is_flag=True, help="Only what is stored: ask Telegram for no messages.")
@click.option("--force", is_flag=True, help="Work on everything, stale or not.")
@click.option("--dry-run", is_flag=True, help="Count rows, tokens and cost; write nothing.")
@click.option("--chat", "chats", multiple=True, help="Only these chats of the feed.")
@click.option("--no-wait", is_flag=True, help="Return when it is launched.")
def backfill_command(
    feed: str,
    dates: str,
    assets: tuple[str, ...],
    stored: bool,
    force: bool,
    dry_run: bool,
    chats: tuple[str, ...],
    no_wait: bool,
) -> None:
    """Materialize FEED from one date to another (both included), e.g. 2024-01-01..2024-03-31.

    A long range is several backfills, a run each: the newest month first, then longer and longer stretches.
    """
    if stored:
        assets = tuple(name for name in assets or asset_names() if name != "telegram_messages")
    if dry_run:
        count_stale(feed, dates, assets, chats, force)
        return
    api = DagsterApi(runtime.settings().require("dagster_url"))
    options = {"force": force, "channels": list(chats)}
    launched = launch(api, feed, dates, assets, {name: value for name, value in options.items() if value})
    for one in launched:
        said = f"{counted(one.amount.partitions, 'partition')} of {feed}{f', {one.dates}' if len(launched) > 1 else ''}"
        console.print(f"Backfill {one.backfill}: {said}; {api.address}/runs/b/{one.backfill}")
    runtime.compare_settings()
    if no_wait:
        return
    outlook = Outlook([one.amount for one in launched], stage_names(assets))
    with followed(outlook, [one.dates for one in launched]) as follower:
        states = api.wait([one.backfill for one in launched], runtime.run_log(), follower)
    require_success(api, feed, launched, states)
    console.print("Done.")


def require_success(api: DagsterApi, feed: str, launched: Sequence[Launched], states: Sequence[Progress]) -> None:
    """Raises TgAssetsError with the causes, and how to go on, when not every backfill of a feed succeeded."""
    failed = [(one, state) for one, state in zip(launched, states, strict=True) if state.status != "COMPLETED_SUCCESS"]
    if not failed:
        return
    oldest, newest = failed[-1][0].dates.partition("..")[0], failed[0][0].dates.partition("..")[2]
    which = f" of {oldest}..{newest}" if len(launched) > 1 else ""
    again = f"launch it again to go on: `tg-assets backfill {feed} {oldest}..{newest}`, with the same options."
    if all(state.status == "CANCELED" for _, state in failed):
        raise TgAssetsError(f"The backfill{which} was canceled. What its runs had done is kept; {again}")
    causes = list(dict.fromkeys(cause for _, state in failed for cause in state.causes))
    told = (
        " ".join(causes[:CAUSES])
        or next((state.error.strip().splitlines()[0] for _, state in failed if state.error), "")
        or "No run says why."
    )
    more = f" … and {len(causes) - CAUSES} more." if len(causes) > CAUSES else ""
    raise TgAssetsError(
        f"The backfill{which} failed. {told}{more} Everything about it: {api.address}/runs. What its runs had done is "
        f"kept; {again}"
    )


def asset_names() -> list[str]:
    """All assets, in the order of their work."""
    from tg_assets.assets import ASSETS

    return [asset.name for asset in ASSETS]


def stage_names(assets: Sequence[str]) -> list[str]:
    """Stages of these assets, or of all, as the ledger has them; in the order of their work."""
    from tg_assets.assets import ASSETS

    return [stage for asset in ASSETS if not assets or asset.name in assets for stage in asset.ledger]


def launch(api: DagsterApi, feed: str, dates: str, assets: tuple[str, ...], options: dict[str, Any]) -> list[Launched]:
    """Launch a feed's backfills, those of the newest dates first. Raises TgAssetsError for what does not exist."""
    known = asset_names()
    unknown = sorted(set(assets) - set(known))
    if unknown:
        raise TgAssetsError(f"There is no asset {unknown[0]!r}. There are: {', '.join(known)}.")
    _check_feed(feed)
    keys = date_keys(dates)
    chosen = [asset for asset in known if not assets or asset in assets]
    config = {"ops": {asset: {"config": options} for asset in chosen}} if options else None
    found: list[Launched] = []
    for part, amount in _parts(feed, keys, options, stage_names(assets), "telegram_messages" in chosen):
        if len(found) == 1:
            _await_run(api, found[0].backfill)
        title = f"{feed} {told(part)}"
        # One run of a feed at a time, those of the newest dates before the others and after what comes in otherwise.
        tags = {"tg/feed": feed, "dagster/priority": str(-len(found))}
        names = [f"{key}|{feed}" for key in part]
        found.append(Launched(api.launch_backfill(chosen, names, title, config, tags), told(part), amount))
    return found


def _parts(
    feed: str, keys: list[str], options: dict[str, Any], stages: Sequence[str], asks: bool
) -> list[tuple[list[str], Amount]]:
    """Stretches, and what each holds; one where there is little and, as nobody ``asks`` for more, there will not be."""
    parts, last = stretches(keys), next((name for name in LAST_MADE if name in stages), None)
    with runtime.postgres().tenant(ids.tenant_id(feed.partition(".")[0])) as session, session.transaction() as found:
        each = amounts(found, feed, options.get("channels", ()), parts, None if options.get("force") else last)
        messages = sum(amount.messages for amount in each)
        if messages <= FEW and not (asks and is_read(found, feed)):
            return [(keys, Amount(len(keys), messages, sum(amount.media for amount in each)))]
    return list(zip(parts, each, strict=True))


def _await_run(api: DagsterApi, backfill: str) -> None:
    """Wait until the daemon has queued the first run, so that no other begins before it; not for long."""
    deadline = time.monotonic() + FIRST_SECONDS
    while time.monotonic() < deadline:
        (state,) = api.progress([backfill])
        if state.runs or state.finished:
            return
        time.sleep(0.5)


def _check_feed(feed: str) -> None:
    from tg_assets.partitions import check_feed
    from tg_assets.registry.tenants import known_feeds

    check_feed(feed)
    feeds = known_feeds(runtime.keys())
    if feed not in feeds:
        raise TgAssetsError(f"There is no feed {feed!r}. There are: {', '.join(feeds) or 'none yet'}.")


def count_stale(feed: str, dates: str, assets: tuple[str, ...], chats: tuple[str, ...], force: bool) -> None:
    """Say what a backfill would do: rows, pictures, tokens and cost, stage after stage. Writes nothing."""
    from tg_assets import assets as listed
    from tg_assets.assets.rehearsal import rehearse
    from tg_assets.ledger.stage import Report
    from tg_assets.partitions import window
    from tg_assets.scope import Scope

    _check_feed(feed)
    keys = date_keys(dates)
    scope = Scope(feed, window(keys[0])[0], window(keys[-1])[1], chats)
    tools = runtime.tools()
    table = Table("stage", "made by", box=None, pad_edge=False, header_style="bold")
    for name in ("items", "stale", "pictures", "tokens", "cost", "seconds"):
        table.add_column(name, justify="right")
    total = Report()
    with console.status("counting"), runtime.postgres().tenant(scope.tenant) as session:
        for _, stage, report in rehearse(session, scope, listed.ASSETS, tools, only=assets, force=force):
            total.add(report)
            table.add_row(stage.name, stage.version, *_counted(report, stage.price is not None))
    console.print(table)
    console.print(
        f"{counted(total.todo, 'item is', 'items are')} stale. Models elsewhere would get about "
        f"{counted(total.tokens, 'token')} and cost {said(total.cost)}."
        if total.tokens
        else f"{counted(total.todo, 'item is', 'items are')} stale; everything is made here, at no price.",
        soft_wrap=True,
    )
    console.print(
        "Each stage was counted as if those before it had run. What an account has yet to fetch from Telegram is not "
        "in it. Nothing was written.",
        soft_wrap=True,
    )


def _counted(report: "Report", elsewhere: bool) -> list[str]:
    """Cells of a stage's row; what does not apply is empty."""
    return [
        f"{report.total:,}",
        f"{report.todo:,}",
        f"{report.units:,}" if report.units else "",
        f"{report.tokens:,}" if elsewhere else "",
        said(report.cost) if elsewhere else "",
        f"{report.estimated_seconds:,.0f}" if report.estimated_seconds else "",
    ]


def date_keys(dates: str) -> list[str]:
    """Date keys of the windows that ``FROM..TO`` touches, both ends included; an end is a date or a whole month."""
    from tg_assets.partitions import date_key, first_key, keys_between

    match = re.fullmatch(r"(\d{4}-\d{2})(-\d{2})?\.\.(\d{4}-\d{2})(-\d{2})?", dates)
    if not match:
        raise TgAssetsError(
            f"{dates!r} is not a range of dates; write it like 2024-01-01..2024-03-31, or 2024-01..2024-03."
        )
    begin, of_begin, end, of_end = match.groups()
    try:
        first = date.fromisoformat(begin + (of_begin or "-01"))
        last = date.fromisoformat(end + (of_end or "-01"))
    except ValueError as error:
        raise TgAssetsError(f"{dates!r} is not a range of dates: {error}.") from None
    if of_end is None:
        last = last.replace(day=monthrange(last.year, last.month)[1])
    if first > last:
        raise TgAssetsError(f"{dates!r} ends before it begins.")
    oldest, newest = first_key(runtime.settings().start_date), date_key(datetime.now(UTC))
    chosen = keys_between(max(date_key(first), oldest), min(date_key(last), newest))
    if not chosen:
        raise TgAssetsError(f"There are no partitions in {dates}: they run from {oldest} to {newest}.")
    return chosen
