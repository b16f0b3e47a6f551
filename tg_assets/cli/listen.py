"""``listen``: accounts' chats as they are heard, into the streams."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.runtime import console
from tg_assets.cli.serving import serve
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from tg_assets.accounts.store import Account
    from tg_assets.updates.listener import Listener
    from tg_assets.updates.status import Status

SHOW_SECONDS = 1.0


@click.command("listen")
@click.option("--tenant", help="Only this tenant; all that Dagster knows by default.")
@click.option("--account", "names", multiple=True, help="Only accounts of this name; all by default.")
def listen_command(tenant: str | None, names: tuple[str, ...]) -> None:
    """Follow what accounts read: new, edited and deleted messages become events in the streams.

    It goes on where it stopped, fetches what it missed, and says when an account is deaf. Ctrl-C stops it.
    """
    from pathlib import Path

    from tg_assets.live.producer import Producer
    from tg_assets.updates.listener import Listener

    settings, url = runtime.settings(), runtime.settings().require("redis_url")

    def producer(path: Path) -> Producer:
        return Producer(url, settings.stream_shards, settings.stream_high_water, "spill", path)

    log = serve("tg_assets.listen")
    chosen = _chosen(tenant, names)
    runtime.compare_settings(log)
    listener = Listener(runtime.postgres(), settings, producer, log)
    asyncio.run(_run(listener, chosen, settings.listen_status_seconds, log))


def _chosen(tenant: str | None, names: tuple[str, ...]) -> list[tuple[str, "Account"]]:
    """Active accounts with their tenants' slugs; raises TgAssetsError when there is none."""
    from tg_assets.accounts import store
    from tg_assets.cli.each_tenant import NOBODY, each, tenants

    found: list[tuple[str, Account]] = []
    for slug, connection in each([one for one in tenants(tenant) if one != NOBODY]):
        known = [one for one in store.accounts(connection) if one.is_active]
        found += [(slug, one) for one in known if not names or one.name in names]
    missing = sorted(set(names) - {account.name for _, account in found})
    if missing:
        raise TgAssetsError(f"No active account is called {', '.join(missing)}. `tg-assets accounts` lists them.")
    if not found:
        raise TgAssetsError("There is no active account. `tg-assets login` logs one in.")
    return found


async def _run(
    listener: "Listener", chosen: "Sequence[tuple[str, Account]]", say_seconds: float, log: Callable[[str], None]
) -> None:
    from tg_assets.live.outages import REDIS, Outages

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    redis = Outages("Events", log)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    watched = console.is_terminal
    with Live(console=console, auto_refresh=False) if watched else nullcontext() as live:
        listening = asyncio.create_task(listener.run(chosen, stop))
        said = time.monotonic()
        while not listening.done():
            await asyncio.wait([listening], timeout=SHOW_SECONDS)
            if listener.publisher.behind:
                redis.began(REDIS, " wait on disk: Redis does not take them")
            else:
                redis.over(REDIS)
            if live is not None:
                live.update(_table(listener), refresh=True)
            elif time.monotonic() - said >= say_seconds:
                said = time.monotonic()
                _say(listener, log)
        await listening
    log("Stopped; what was heard is kept." if stop.is_set() else "Stopped.")


def _say(listener: "Listener", log: Callable[[str], None]) -> None:
    """A line for each account that listens; what keeps another from it was told when it began."""
    now = time.monotonic()
    for one in (status for status in listener.statuses if status.state != "waiting" and not status.is_over):
        heard = one.silent_seconds()
        log(
            f"{one.name}: {one.state}, {counted(one.chats, 'chat')}, {one.per_minute(now):.0f} updates a minute, "
            f"last heard {'not yet' if heard is None else f'{heard:.0f} s ago'}, deaf to {one.deaf}, "
            f"{one.caught_up:,} caught up, {counted(one.waits, 'wait')}"
        )


def _table(listener: "Listener") -> Table:
    """What a person watches."""
    published = listener.publisher
    state = "; Redis does not take events, they wait on disk" if published.behind else ""
    table = Table(
        box=None, pad_edge=False, caption=f"{counted(published.sent, 'event')} sent{state}", caption_justify="left"
    )
    for column in ("tenant", "account", "state"):
        table.add_column(column)
    for column in ("chats", "updates/min", "last heard", "deaf", "caught up", "waits"):
        table.add_column(column, justify="right", no_wrap=True)
    now = time.monotonic()
    for one in listener.statuses:
        table.add_row(one.tenant, one.account, _state(one), *_numbers(one, now))
    return table


def _state(one: "Status") -> Text:
    style = "red" if one.is_over else "green" if one.state == "listening" else "yellow"
    return Text(one.state, style)


def _numbers(one: "Status", now: float) -> list[Text]:
    heard = one.silent_seconds()
    return [
        Text(f"{one.chats:,}"),
        Text(f"{one.per_minute(now):.0f}"),
        Text("-" if heard is None else f"{heard:.0f} s"),
        Text(str(one.deaf), "red" if one.deaf else ""),
        Text(f"{one.caught_up:,}"),
        Text(str(one.waits)),
    ]
