"""Processor time, user and system, of whole commands on an installation with the sample; and as multiples of Python's.

Commands are run one after the other, several rounds over all of them; the least of each is kept.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.data import ROOT

COMMAND = str(Path(sys.executable).with_name("tg-assets"))
ROUNDS = 5
DAYS = "2026-01-05..2026-01-06"
FEED = "demo.severnyy-mayak"
# Command and its target in seconds of processor time.
COMMANDS: dict[str, float | None] = {
    "--help": 0.4,
    "status": 0.4,
    f"feeds --tenant {FEED.partition('.')[0]}": 1.0,
    "tenants": 1.0,
    f"coverage {FEED}": 1.0,
    "dead-letters list": 1.0,
    "watch --once": 1.0,
    f"search маяк --tenant {FEED.partition('.')[0]}": 2.0,
    f"backfill {FEED} {DAYS} --no-wait": 2.0,
    "doctor": None,
}


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, times, target); ``times`` is against an interpreter that does nothing."""
    with tempfile.TemporaryDirectory(prefix="tg-bench-") as directory:
        # An installation of its own, with Dagster, where compiled modules are kept as a person's are.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TG_", "DAGSTER", "PYTHON"))}
        environment = {**kept, "TG_DATA_DIR": str(Path(directory) / "data")}
        try:
            for first in ("up", f"import {ROOT / 'samples' / 'export'} --tenant demo", f"backfill {FEED} {DAYS}"):
                _seconds([COMMAND, *first.split()], environment)
            bare = min(_seconds([sys.executable, "-c", "pass"], environment) for _ in range(ROUNDS))
            found = {
                name: min(_seconds([COMMAND, *name.split()], environment) for _ in range(ROUNDS)) for name in COMMANDS
            }
        finally:
            _seconds([COMMAND, "down"], environment)
    rows = [{"what": "python -c pass", "value": f"{bare:.3f}", "unit": "s", "times": "1", "target": ""}]
    return rows + [
        {
            "what": f"tg-assets {name}",
            "value": f"{seconds:.2f}",
            "unit": "s",
            "times": f"{seconds / bare:.0f}",
            "target": f"<= {COMMANDS[name]}" if COMMANDS[name] else "",
        }
        for name, seconds in found.items()
    ]


def _seconds(command: list[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, capture_output=True, env=environment, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{command[1:]} ended with {done.returncode}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
