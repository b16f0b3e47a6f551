"""``backfill`` of six months with 10,000 messages: when the newest month is there, and how right the time left was.

An installation of its own, with Dagster, as a person has it. The rest time is asked once a second, and compared with
the one that it really was at each tenth of the whole time.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.commands import COMMAND
from benchmarks.ingest import EXPORT

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
    from tg_assets.cli.following import Lines
    from tg_assets.cli.outlook import Outlook
    from tg_assets.stores.dagster_lines import Line

    predicted: list[tuple[float, float | None]] = []
    over: dict[int, float] = {}
    begun = time.time()
    api = DagsterApi(runtime.settings().require("dagster_url"))
    launched = launch(api, feed, dates, (), {})
    outlook = Outlook([one.amount for one in launched], stage_names(()))

    class Recording(Lines):
        """Tells the outlook, and asks it."""

        def said(self, place: int, line: Line) -> None:
            """A run said something."""
            outlook.heard(place, line.at, line.said)
            print(f"{line.at - begun:7.1f} {place} {line.said}", file=sys.stderr)

        def seen(self, place: int, state: Progress) -> None:
            """Where a backfill is."""
            if state.began is not None:
                outlook.began(place, state.began)
            if state.finished:
                over.setdefault(place, time.time() - begun)
                outlook.ended(place, state.ended or time.time())
            predicted.append((time.time(), outlook.seconds_left(time.time())))

    states = api.wait([one.backfill for one in launched], runtime.run_log(), Recording())
    end = time.time()
    require_success(api, feed, launched, states)
    rows = [
        (f"{one.dates} is done, {one.amount.messages:,} messages", f"{over[place]:.0f}", "s", "<= 120" * (place == 0))
        for place, one in enumerate(launched)
    ]
    for tenth in range(1, 10):
        at, left = min(predicted, key=lambda one: abs(one[0] - begun - (end - begun) * tenth / 10))
        real = end - at
        off = "unknown" if left is None else f"{left:.0f} s, {left / real - 1:+.0%}"
        rows.append((f"left after {tenth}/10: {real:.0f} s; told", off, "", f"within {RIGHT:.0%}"))
    rights = [left is not None and abs(left / (end - at) - 1) <= RIGHT for at, left in predicted
              if (end - begun) * 0.1 <= at - begun and end - at > 5]  # fmt: skip
    rows.append(("times that it was right", f"{sum(rights)} of {len(rights)}", "", "all"))
    return rows


if __name__ == "__main__":
    for row in measured(*sys.argv[1:]):
        print("\t".join(row))
