"""``backfill`` of six months with 10,000 messages: when the newest month is there, and how right the time left was.

An installation of its own, with Dagster, as a person has it. The rest time is asked for each second and compared with
the one that it really was: by the clock, and by the installation's processor time, which is the same whoever else is on
the machine.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.commands import COMMAND
from benchmarks.ingest import EXPORT

if TYPE_CHECKING:
    from tg_assets.cli.outlook import Outlook

FEED, DATES = "bench.qa", "2020-01-01..2020-06-30"
RIGHT = 1 / 3


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    with tempfile.TemporaryDirectory(prefix="tg-bench-") as directory:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TG_", "DAGSTER"))}
        environment = {**kept, "TG_DATA_DIR": str(Path(directory) / "data")}
        try:
            for first in (["up"], ["import", str(EXPORT), "--tenant", "bench", "--feed", FEED]):
                subprocess.run([COMMAND, *first], check=True, capture_output=True, env=environment)
            measure = [sys.executable, "-m", "benchmarks.backfill", FEED, DATES]
            said = subprocess.run(measure, check=True, stdout=subprocess.PIPE, env=environment, text=True).stdout
        finally:
            subprocess.run([COMMAND, "down"], check=True, capture_output=True, env=environment)
    return [dict(zip(("what", "value", "unit", "target"), line.split("\t"), strict=True)) for line in said.splitlines()]


def measured(feed: str, dates: str) -> list[tuple[str, str, str, str]]:
    """Backfill a feed of the running installation, whose servers the environment names."""
    from tg_assets.cli import runtime
    from tg_assets.cli.backfill import launch, require_success, stage_names
    from tg_assets.cli.dagster_api import DagsterApi, Progress
    from tg_assets.cli.outlook import Outlook
    from tg_assets.stores.dagster_lines import Line

    clocks: list[tuple[float, float]] = []
    heard: list[tuple[float, Callable[[Outlook, float], object]]] = []
    over: dict[int, float] = {}
    api = DagsterApi(runtime.settings().require("dagster_url"))
    begun = time.time()
    launched = launch(api, feed, dates, (), {})

    class Recording:
        """Keeps what an outlook is told."""

        def said(self, place: int, line: Line) -> None:
            """A run said something."""
            heard.append((line.at, lambda outlook, at: outlook.heard(place, at, line.said)))
            print(f"{line.at - begun:7.1f} {place} {line.said}", file=sys.stderr)

        def seen(self, place: int, state: Progress) -> None:
            """Where a backfill is."""
            if state.began is not None:
                heard.append((state.began, lambda outlook, at: outlook.began(place, at)))
            if state.finished:
                over[place] = time.time() - begun
                heard.append((state.ended or time.time(), lambda outlook, at: outlook.ended(place, at)))

    stop = threading.Event()
    clock = threading.Thread(target=lambda: _record(clocks, stop))
    clock.start()
    try:
        states = api.wait([one.backfill for one in launched], runtime.run_log(), Recording())
    finally:
        stop.set()
        clock.join()
    require_success(api, feed, launched, states)
    found = [
        (f"{one.dates} is done, {one.amount.messages:,} messages", f"{over[place]:.0f}", "s", "<= 120" * (place == 0))
        for place, one in enumerate(launched)
    ]
    heard.sort(key=lambda one: one[0])
    amounts = [one.amount for one in launched]
    for kind, pairs in (("wall", [(wall, wall) for wall, _ in clocks]), ("processor", clocks)):
        found += _judged(Outlook(amounts, stage_names(())), heard, pairs, kind)
    return found


def _judged(
    outlook: "Outlook",
    heard: "list[tuple[float, Callable[[Outlook, float], object]]]",
    clocks: list[tuple[float, float]],
    kind: str,
) -> list[tuple[str, str, str, str]]:
    """What an outlook said at each tenth of a time: the wall's, or the processors' that the installation took."""
    walls = [wall for wall, _ in clocks]

    def moment(wall: float) -> float:
        place = min(max(1, bisect(walls, wall)), len(walls) - 1)
        (first, low), (last, high) = clocks[place - 1], clocks[place]
        return low + (high - low) * min(1.0, max(0.0, (wall - first) / (last - first)))

    pending, told = list(heard), list[tuple[float, float | None]]()
    for wall, now in clocks:
        while pending and pending[0][0] <= wall:
            at, tell = pending.pop(0)
            tell(outlook, moment(at))
        told.append((now, outlook.seconds_left(now)))
    begun, end = moment(heard[0][0]), moment(heard[-1][0])
    rows, rights, asked = [], 0, 0
    for now, left in told:
        if begun + (end - begun) / 10 <= now < end - 5:
            asked += 1
            rights += left is not None and abs(left / (end - now) - 1) <= RIGHT
    for tenth in range(1, 10):
        now, left = min(told, key=lambda one: abs(one[0] - begun - (end - begun) * tenth / 10))
        off = "unknown" if left is None else f"{left:.0f} s, {left / (end - now) - 1:+.0%}"
        rows.append((f"{kind}: left after {tenth}/10, {end - now:.0f} s; told", off, "", f"within {RIGHT:.0%}"))
    return [*rows, (f"{kind}: seconds of which it was right", f"{rights} of {asked}", "", "all")]


def _record(clocks: list[tuple[float, float]], stop: threading.Event) -> None:
    """The time, and the processor time of all that runs in this data directory and has run."""
    while not stop.wait(1):
        spent = 0.0
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TG_DATA_DIR") == os.environ["TG_DATA_DIR"] and process.pid != os.getpid():
                    spent += sum(process.cpu_times()[:4])
        clocks.append((time.time(), max([spent, *(cpu for _, cpu in clocks[-1:])])))


if __name__ == "__main__":
    for row in measured(*sys.argv[1:]):
        print("\t".join(row))
