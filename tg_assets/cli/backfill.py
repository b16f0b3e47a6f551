"""``backfill``: launch what the UI's dialog would, for one feed and a range of dates."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.dagster_api import DagsterApi, Progress
from tg_assets.cli.runtime import console
from tg_assets.errors import TgAssetsError
from tg_assets.remote.price import said

if TYPE_CHECKING:
    from tg_assets.ledger.stage import Report

# Reasons that are told one by one.
CAUSES = 3


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
    """Materialize FEED from one date to another (both included), e.g. 2024-01-01..2024-03-31, in one run."""
    if stored:
        assets = tuple(name for name in assets or asset_names() if name != "telegram_messages")
    if dry_run:
        count_stale(feed, dates, assets, chats, force)
        return
    api = DagsterApi(runtime.settings().require("dagster_url"))
    options = {"force": force, "channels": list(chats)}
    backfill, count = launch(api, feed, dates, assets, {name: value for name, value in options.items() if value})
    console.print(f"Backfill {backfill}: {count:,} partitions of {feed}; {api.address}/runs/b/{backfill}")
    runtime.compare_settings()
    if no_wait:
        return
    with console.status("waiting for the daemon to take it up") as status:

        def tell(message: str) -> None:
            status.update(message)
            console.print(f"  {message}")

        (state,) = api.wait([backfill], tell)
    require_success(api, [state])
    console.print("Done.")


def require_success(api: DagsterApi, states: Sequence[Progress]) -> None:
    """Raises TgAssetsError with the causes when a backfill did not succeed."""
    failed = [state for state in states if state.status != "COMPLETED_SUCCESS"]
    if not failed:
        return
    if any(state.status == "CANCELED" for state in failed):
        raise TgAssetsError("The backfill was canceled. What its runs had done is kept; launch it again to go on.")
    causes = list(dict.fromkeys(one for state in failed for one in state.causes))
    told = (
        " ".join(causes[:CAUSES])
        or next((state.error.strip().splitlines()[0] for state in failed if state.error), "")
        or "No run says why."
    )
    more = f" … and {len(causes) - CAUSES} more." if len(causes) > CAUSES else ""
    raise TgAssetsError(f"The backfill failed. {told}{more} Everything about it: {api.address}/runs")


def asset_names() -> list[str]:
    """All assets, in the order of their work."""
    from tg_assets.assets import ASSETS

    return [asset.name for asset in ASSETS]


def launch(api: DagsterApi, feed: str, dates: str, assets: tuple[str, ...], options: dict[str, Any]) -> tuple[str, int]:
    """Launch a backfill; returns its id and the number of partitions. Raises TgAssetsError for what does not exist."""
    known = asset_names()
    unknown = sorted(set(assets) - set(known))
    if unknown:
        raise TgAssetsError(f"There is no asset {unknown[0]!r}. There are: {', '.join(known)}.")
    _check_feed(feed)
    keys = [f"{key}|{feed}" for key in date_keys(dates)]
    chosen = [asset for asset in known if not assets or asset in assets]
    config = {"ops": {asset: {"config": options} for asset in chosen}} if options else None
    return api.launch_backfill(chosen, keys, f"{feed} {dates}", config), len(keys)


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
    from tg_assets.assets.tools import Tools
    from tg_assets.definitions import default_resources
    from tg_assets.ledger.stage import Report
    from tg_assets.partitions import window
    from tg_assets.scope import Scope

    _check_feed(feed)
    keys = date_keys(dates)
    scope = Scope(feed, window(keys[0])[0], window(keys[-1])[1], chats)
    stores = {
        "settings": runtime.settings(), "postgres": runtime.postgres(), "objects": runtime.objects(),
        "qdrant": runtime.qdrant(), "neo4j": runtime.neo4j(),
    }  # fmt: skip
    tools = Tools({**default_resources(), **stores}.__getitem__)
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
        f"{total.todo:,} items are stale. Models elsewhere would get about {total.tokens:,} tokens "
        f"and cost {said(total.cost)}."
        if total.tokens
        else f"{total.todo:,} items are stale; everything is made here, at no price.",
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
    """Date keys of the windows that ``FROM..TO`` touches, both ends included."""
    from tg_assets.partitions import date_key, first_key, keys_between

    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", dates)
    if not match:
        raise TgAssetsError(f"{dates!r} is not a range of dates; write it like 2024-01-01..2024-03-31.")
    try:
        first, last = (date.fromisoformat(part) for part in match.groups())
    except ValueError as error:
        raise TgAssetsError(f"{dates!r} is not a range of dates: {error}.") from None
    oldest, newest = first_key(runtime.settings().start_date), date_key(datetime.now(UTC))
    chosen = keys_between(max(date_key(first), oldest), min(date_key(last), newest))
    if first > last or not chosen:
        raise TgAssetsError(f"There are no partitions in {dates}: they run from {oldest} to {newest}.")
    return chosen
