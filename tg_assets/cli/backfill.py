"""``backfill``: launch what the UI's dialog would, for one feed and a range of dates."""

import re
from datetime import date
from typing import Any

import click

from tg_assets.cli import runtime
from tg_assets.cli.dagster_api import DagsterApi
from tg_assets.cli.runtime import console
from tg_assets.errors import TgAssetsError


@click.command("backfill")
@click.argument("feed")
@click.argument("dates", metavar="FROM..TO")
@click.option("--asset", "assets", multiple=True, help="Only these assets; all by default.")
@click.option("--force", is_flag=True, help="Work on everything, stale or not.")
@click.option("--dry-run", is_flag=True, help="Count rows, tokens and cost; write nothing.")
@click.option("--chat", "chats", multiple=True, help="Only these chats of the feed.")
@click.option("--no-wait", is_flag=True, help="Return when it is launched.")
def backfill_command(
    feed: str,
    dates: str,
    assets: tuple[str, ...],
    force: bool,
    dry_run: bool,
    chats: tuple[str, ...],
    no_wait: bool,
) -> None:
    """Materialize FEED from one date to another (both included), e.g. 2024-01-01..2024-03-31, in one run."""
    api = DagsterApi(runtime.settings().require("dagster_url"))
    options = {"force": force, "dry_run": dry_run, "channels": list(chats)}
    backfill, count = launch(api, feed, dates, assets, {name: value for name, value in options.items() if value})
    console.print(f"Backfill {backfill}: {count:,} partitions of {feed}; {api.address}/runs/b/{backfill}")
    if no_wait:
        return
    with console.status("waiting for the daemon to take it up (it looks every 30 s)") as status:

        def tell(message: str) -> None:
            status.update(message)
            console.print(f"  {message}")

        (state,) = api.wait([backfill], tell)
    if state.status != "COMPLETED_SUCCESS":
        raise TgAssetsError(f"The backfill ended as {state.status}. {state.error or f'See {api.address}/runs.'}")
    console.print("Done.")


def launch(api: DagsterApi, feed: str, dates: str, assets: tuple[str, ...], options: dict[str, Any]) -> tuple[str, int]:
    """Launch a backfill; returns its id and the number of partitions. Raises TgAssetsError for what does not exist."""
    from tg_assets.definitions import ASSETS
    from tg_assets.tenants import known_feeds

    known = [key.to_user_string() for asset in ASSETS for key in asset.keys]
    unknown = sorted(set(assets) - set(known))
    if unknown:
        raise TgAssetsError(f"There is no asset {unknown[0]!r}. There are: {', '.join(known)}.")
    feeds = known_feeds(runtime.instance())
    if feed not in feeds:
        raise TgAssetsError(f"There is no feed {feed!r}. There are: {', '.join(feeds) or 'none yet'}.")
    keys = [f"{key}|{feed}" for key in date_keys(dates)]
    chosen = [asset for asset in known if not assets or asset in assets]
    config = {"ops": {asset: {"config": options} for asset in chosen}} if options else None
    return api.launch_backfill(chosen, keys, f"{feed} {dates}", config), len(keys)


def date_keys(dates: str) -> list[str]:
    """Date keys of the windows that ``FROM..TO`` touches, both ends included."""
    from tg_assets.partitions import date_key
    from tg_assets.partitions import dates as definition

    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", dates)
    if not match:
        raise TgAssetsError(f"{dates!r} is not a range of dates; write it like 2024-01-01..2024-03-31.")
    try:
        first, last = (date.fromisoformat(part) for part in match.groups())
    except ValueError as error:
        raise TgAssetsError(f"{dates!r} is not a range of dates: {error}.") from None
    keys = definition().get_partition_keys()
    chosen = [key for key in keys if date_key(first) <= key <= date_key(last)]
    if first > last or not chosen:
        raise TgAssetsError(f"There are no partitions in {dates}: they run from {keys[0]} to {keys[-1]}.")
    return chosen
