"""Materializing in a process of its own, in which a partition is a month.

Over years of days Dagster spends minutes on noting 1,816 partitions per asset, which is not what a test of many
messages is about. Run as ``python -m tests.support.materializer FEED FIRST,LAST,ASSET,…``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

from tests.support import pipeline
from tests.support.data import ROOT
from tg_assets.collector import look_seldom
from tg_assets.partitions import date_key


def materialize_by_month(feed: str, *parts: tuple[str, str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """The numbers that each asset reported. A part is a run over the months that hold the first and the last day, of
    some assets; parts are made one after the other by one process, and no asset is in two."""
    told = [",".join((first, last, *selection)) for first, last, selection in parts]
    command = [sys.executable, "-m", "tests.support.materializer", feed, *told]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "TG_GRAIN": "month"}, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(feed: str, *parts: str) -> None:
    """Materialize each part as one run and print what the assets reported."""
    look_seldom()  # as the process of a run does
    reported = {}
    for first, last, *selection in (part.split(",") for part in parts):
        start, end = (date_key(date.fromisoformat(day)) for day in (first, last))
        result = pipeline.materialize(feed, start, end, selection)
        reported |= {name: pipeline.metadata(result, name) for name in selection}
    print(
        json.dumps(
            {
                name: {key: value for key, value in values.items() if isinstance(value, int | float)}
                for name, values in reported.items()
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
