"""Half a year of Dagster's event log, purged: rows a second, and how long it takes compared with writing them.

The instance is Dagster's own on PostgreSQL; its runs are real ones of a small asset, copied to other days.
"""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from tests.maintenance.past import Past
from tg_assets.settings import load_settings
from tg_assets.stores.dagster_database import dagster_database
from tg_assets.stores.dagster_log import Before, purge

DAYS, RUNS_A_DAY, PARTITIONS = 180, 60, 300


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    now = datetime.now(UTC)
    with (
        dg.DagsterInstance.get() as instance,
        dagster_database(load_settings().require("dagster_postgres_url")) as connection,
    ):
        past = Past(connection, instance)
        started = time.monotonic()
        for day in range(DAYS, 0, -1):
            feeds = [f"a.{(day * RUNS_A_DAY + one) % PARTITIONS}" for one in range(RUNS_A_DAY)]
            past.add(past.made, [(feed, now - timedelta(days=day)) for feed in feeds])
        writing, had = time.monotonic() - started, past.sizes()["event_logs"]
        before = Before(now - timedelta(days=30), now - timedelta(days=90))
        took = []
        removed: Counter[str] = Counter()
        for _ in range(2):
            started = time.monotonic()
            removed += sum(purge(connection, before, len), Counter())
            took.append(time.monotonic() - started)
    events = removed["events"]
    return [
        {"what": "rows of the event log", "value": had, "unit": "", "target": ""},
        {"what": "removed by the first purge", "value": events, "unit": "", "target": ""},
        {"what": "rows removed a second", "value": round(events / took[0]), "unit": "/s", "target": ""},
        {"what": "time a row, of writing it", "value": round(took[0] / events * had / writing, 2), "unit": "x",
         "target": "< 1"},
        {"what": "a second purge, of the first", "value": round(took[1] / took[0], 2), "unit": "x", "target": "< 0.5"},
    ]  # fmt: skip
