"""``produce``: send events from a file, or replay an export as live traffic."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.table import Table

from tg_assets.cli import runtime
from tg_assets.cli.each_tenant import NOBODY
from tg_assets.cli.runtime import console
from tg_assets.counted import counted
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from tg_assets.events.envelope import Envelope
    from tg_assets.events.replay import Replay

# Unusable lines that are told one by one.
TOLD = 10


@click.command("produce")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--tenant", help="Whose data it is: default for an export, what they say for events.")
@click.option("--rate", type=click.FloatRange(min=0), default=0, help="Events per second; 0: as fast as possible.")
@click.option("--skip-bad", is_flag=True, help="Events: send what is usable, whatever else is in the file.")
@click.option("--since", help="Export: not before this ISO date, UTC.")
@click.option("--until", help="Export: before this ISO date, UTC.")
@click.option("--chat", "chats", multiple=True, help="Export: only chats with this title.")
@click.option("--owner", type=int, help="Export: Telegram id of the account, for private chats that do not say it.")
@click.option("--timezone", "zone", default="UTC", show_default=True, help="Export: zone of dates in old exports.")
def produce_command(
    path: Path,
    tenant: str | None,
    rate: float,
    skip_bad: bool,
    since: str | None,
    until: str | None,
    chats: tuple[str, ...],
    owner: int | None,
    zone: str,
) -> None:
    """Send events to the streams; wait while their readers do not keep up.

    PATH is a file of events, a line {"stream": "stream:posts:parsed", "data": {...}} each, or a Telegram Desktop
    export, which is sent message by message as if it happened now. Events of a tenant that is not registered are sent,
    too: who reads them makes dead letters of them, which can be replayed once it is; that is told at the end.
    """
    from tg_assets.events.lines import is_event_file

    runtime.settings().require("redis_url")
    if is_event_file(path):
        if not skip_bad:
            _check(path, tenant)
        send(_of_file(path, tenant), None, rate)
        return
    with replay(path, tenant or "default", owner, since, until, chats, zone) as found:
        total = found.survey()
        send(found.events(), None if since or until else total, rate)
        for reason, count in sorted(found.rejected.items()):
            console.print(f"Not sent: {count:,} × {reason}")


def send(events: Iterable["Envelope | None"], total: int | None, rate: float) -> int:
    """Send with a progress bar, then show the table of streams; returns how many were sent."""
    from tg_assets.live.pacing import Sending
    from tg_assets.live.producer import Producer

    settings, tenants = runtime.settings(), Counter[str]()
    with runtime.progress_bar() as bar:
        task = bar.add_task("sending", total=total)

        def waiting(what: str, unread: int) -> None:
            bar.update(task, description=f"waiting: {unread:,} unhandled in {what}" if unread else f"waiting: {what}")

        def progress(count: int) -> None:
            bar.update(task, description="sending", advance=count)

        url = settings.require("redis_url")
        with Producer(url, settings.stream_shards, settings.stream_high_water, waiting=waiting) as producer:
            sending = Sending(producer, settings.stream_shards, rate)
            sending.run(_told(events, tenants), progress)
    table = Table("stream", "events", "first", "last", title="What was sent", title_justify="left")
    for name, sent in sorted(sending.streams.items()):
        table.add_row(name, f"{sent.count:,}", sent.first, sent.last)
    console.print(table if sending.streams else "Nothing was sent.")
    _tell_strangers(tenants)
    return sum(sent.count for sent in sending.streams.values())


def _told(events: Iterable["Envelope | None"], tenants: Counter[str]) -> Iterator["Envelope | None"]:
    """The events, counted by whose they say they are."""
    for event in events:
        if event is not None:
            tenants[event.tenant_id] += 1
        yield event


def _tell_strangers(tenants: Counter[str]) -> None:
    """Say of whose events nothing comes yet, where there is a database that knows it: a producer needs none."""
    from tg_assets.registry.tenants import is_known

    if runtime.settings().postgres_url is None:
        return
    for name, count in sorted(tenants.items()):
        try:
            if is_known(runtime.postgres(), name):
                continue
        except TgAssetsError as error:
            console.print(f"Whether they are of tenants that are registered cannot be told: {error}")
            return
        console.print(
            f"There is no tenant {name}: {counted(count, 'event')} of it become dead letters. `tg-assets tenants add "
            f"{name}` makes it known, `tg-assets dead-letters replay --tenant '{NOBODY}' --all` sends them again then."
        )


def _check(path: Path, tenant: str | None) -> None:
    """Read a file of events to its end; raises TgAssetsError when a line is not usable."""
    lines = bad = 0
    for event in _of_file(path, tenant, is_told=False):
        lines += 1
        bad += event is None
    if bad:
        raise TgAssetsError(
            f"{bad:,} of {lines:,} lines of {path.name} are not usable, so nothing was sent. Correct them, or send "
            "the others with --skip-bad."
        )


def _of_file(path: Path, tenant: str | None, *, is_told: bool = True) -> Iterator["Envelope | None"]:
    """Events of a file; None for a line that is not usable, which is told, and none for a chat that is never read."""
    from tg_assets.events.envelope import BadEvent
    from tg_assets.events.lines import read_lines
    from tg_assets.events.replay import NEVER_READ

    bad = never_read = 0
    off_limits = runtime.settings().off_limits
    for number, found in read_lines(path, {"tenant_id": tenant} if tenant else None):
        if isinstance(found, BadEvent):
            bad += 1
            _tell(number, str(found), bad)
            yield None
        elif off_limits.has_event(found.event):
            never_read += 1
        else:
            yield found.event
    if never_read and is_told:
        console.print(f"Not sent: {never_read:,} × {NEVER_READ}")


def _tell(number: int, problem: str, bad: int) -> None:
    if bad <= TOLD:
        console.print(f"line {number}: {problem}")
    elif bad == TOLD + 1:
        console.print("and more")


@contextmanager
def replay(
    path: Path,
    tenant: str,
    owner: int | None = None,
    since: str | None = None,
    until: str | None = None,
    chats: tuple[str, ...] = (),
    zone: str = "UTC",
) -> Iterator["Replay"]:
    """The replay of an export, whose media are stored on the way."""
    from tg_assets import ids
    from tg_assets.events.replay import Replay
    from tg_assets.importing.media import settle
    from tg_assets.scope import parse_time
    from tg_assets.telegram.archive import open_archive

    try:
        tz = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise TgAssetsError(f"{zone!r} is not a time zone; write it like Europe/Moscow.") from None
    objects, tenant_id = runtime.objects(), ids.tenant_id(tenant)
    with open_archive(path) as archive:
        yield Replay(
            archive,
            tenant,
            lambda name, item: settle(archive, name, item, tenant_id, objects),
            owner_id=owner,
            tz=tz,
            since=parse_time(since, "--since"),
            until=parse_time(until, "--until"),
            titles=frozenset(chats),
            off_limits=runtime.settings().off_limits,
        )
