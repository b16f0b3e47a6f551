"""``watch``: one screen with what is going on, for people; metrics are for machines."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tg_assets.cli import runtime
from tg_assets.cli.active_runs import Run, RunsApi
from tg_assets.cli.door_state import doors
from tg_assets.cli.listing import json_option, show_json
from tg_assets.cli.overview import Away, Part, Tenants, TenantState, streams
from tg_assets.cli.runtime import console
from tg_assets.counted import counted
from tg_assets.live.state import StreamState

T = TypeVar("T")
ROWS = 8
# An entry or a mark that waits longer than this is worth a look.
LATE_SECONDS = 60.0
WAITING = "Waiting: dirty partitions, outgoing events, dead letters of 24 h"
TITLE = "bold cyan"
_STATUS = {"STARTED": "green", "QUEUED": "yellow", "CANCELING": "red"}


@dataclass(slots=True)
class Screen:
    """What is looked at."""

    streams: Part[list[StreamState]]
    runs: Part[list[Run]]
    tenants: Part[list[TenantState]]
    holes: Part[tuple[int, int]]
    doors: Part[str]

    def parts(self) -> Sequence[Part[Any]]:
        return self.streams, self.runs, self.tenants, self.holes, self.doors

    def items(self) -> Iterator[dict[str, Any]]:
        """The same for programs: each part with what was seen, or why it is away."""
        names = ("streams", "runs", "tenants", "holes", "doors")
        for name, part in zip(names, self.parts(), strict=True):
            seen: Any = part.seen
            away = None
            if isinstance(seen, Away):
                seen, away = None, seen.reason
            elif name == "holes":
                seen = dict(zip(("holes", "chats"), seen, strict=True))
            elif name != "doors":
                seen = [asdict(one) for one in seen]
            yield {"part": name, "away": away, "seen": seen}

    def frame(self) -> RenderableType:
        """The screen now."""
        now = datetime.now(UTC)
        head = Text.assemble(("tg-assets", "bold"), (f"  {now:%Y-%m-%d %H:%M:%S} UTC", "dim"))
        return Group(
            head,
            *_section("Streams", self.streams.seen, _streams),
            *_section("Runs", self.runs.seen, lambda found: _runs(found, now)),
            *_section(WAITING, self.tenants.seen, lambda found: _tenants(found, now)),
            *_section("Message ids missing on the live path", self.holes.seen, _holes),
            *_section("Doors", self.doors.seen, Text),
        )


@click.command("watch")
@click.option("--tenant", help="Only this tenant; all that Dagster knows by default.")
@click.option(
    "--once",
    is_flag=True,
    help="Print one screen and end, with 1 when a part of it is away; as when the output is not a terminal.",
)
@json_option
def watch_command(tenant: str | None, once: bool, as_json: bool) -> None:
    """Follow streams, runs, dirty partitions, outgoing events, dead letters, gaps and doors on one screen."""
    settings, tenants = runtime.settings(), Tenants(tenant)
    screen = Screen(
        Part(streams, 1.0),
        Part(lambda: RunsApi(settings.require("dagster_url")).active(), 2.0),
        Part(tenants.states, 1.0),
        Part(tenants.holes, 15.0),
        Part(doors, 15.0),
    )
    if once or as_json or not console.is_terminal:
        for part in screen.parts():
            part.refresh()
        if as_json:
            show_json("watch", screen.items())
        else:
            console.print(screen.frame())
        sys.exit(int(any(isinstance(part.seen, Away) for part in screen.parts())))
    for part in screen.parts():
        part.follow()
    with suppress(KeyboardInterrupt), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(screen.frame(), refresh=True)
            time.sleep(0.5)


def _section(title: str, seen: "T | Away", show: Callable[["T"], RenderableType]) -> tuple[RenderableType, ...]:
    if isinstance(seen, Away):
        return Text(), Text.assemble(
            (title, TITLE), "  ", (seen.word, "bold red" if seen.reason else "dim"), (f"  {seen.reason}", "dim")
        )
    return Text(), Text(title, TITLE), show(seen)


def _table(*columns: str) -> Table:
    """A table whose first column is a name and whose others are numbers; the same columns in every section."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", min_width=14 if place else 26, no_wrap=True)
    return table


def _streams(found: Sequence[StreamState]) -> Table:
    table = _table("stream", "length", "unread", "pending", "oldest")
    for one in found:
        oldest = _age(one.oldest_seconds, one.oldest_seconds > LATE_SECONDS) if one.waiting else Text("-", "dim")
        numbers = (_number(one.length), _number(one.unread, "yellow"), _number(one.pending, "yellow"))
        table.add_row(one.stream.removeprefix("stream:"), *numbers, oldest)
    return table


def _runs(found: Sequence[Run], now: datetime) -> RenderableType:
    if not found:
        return Text("none", "dim")
    table = _table("job", "status", "age", "run")
    for one in found[:ROWS]:
        status = Text(one.status.lower(), _STATUS.get(one.status, ""))
        table.add_row(
            Text(f"{one.job} {one.what}".strip()), status, _age(now.timestamp() - one.since), Text(one.id[:8], "dim")
        )
    return Group(table, *_more(len(found)))


def _tenants(found: Sequence[TenantState], now: datetime) -> RenderableType:
    table = _table("tenant", "dirty", "oldest", "outgoing", "dead letters")
    busiest = sorted(found, key=lambda one: (-one.dirty - one.outgoing, -one.letters, one.name))
    for one in busiest[:ROWS]:
        waits = (now - one.oldest).total_seconds() if one.oldest else 0.0
        oldest = _age(waits, waits > LATE_SECONDS) if one.oldest else Text("-", "dim")
        dirty, outgoing = _number(one.dirty, "yellow"), _number(one.outgoing, "yellow")
        table.add_row(Text(one.name), dirty, oldest, outgoing, _number(one.letters, "red"))
    return Group(table, *_more(len(found)))


def _holes(found: tuple[int, int]) -> Text:
    holes, chats = found
    return (
        Text("none", "dim")
        if not holes
        else Text(f"{holes:,} in {counted(chats, 'chat')}; `tg-assets coverage FEED` lists them", "yellow")
    )


def _more(count: int) -> list[Text]:
    return [Text(f"… and {count - ROWS:,} more", "dim")] if count > ROWS else []


def _number(number: int, style: str = "") -> Text:
    return Text(f"{number:,}", style if number else "dim")


def _age(seconds: float, late: bool = False) -> Text:
    """An age in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return Text(f"{seconds / length:.0f} {unit}", "red" if late else "")
    return Text(f"{max(0.0, seconds):.0f} s", "red" if late else "")
