"""A year of one feed through Dagster a second time: nothing is stale, so what is left is bookkeeping.

The instance is Dagster's own on PostgreSQL, as in a deployment; a run is one process.
"""

import os
import time
from typing import Any

import dagster as dg

from benchmarks.ingest import EXPORT, TENANT
from tg_assets.definitions import default_resources, defined_assets
from tg_assets.importing import import_export
from tg_assets.importing.options import ImportOptions
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database
from tg_assets.stores.objects import ObjectStore

FIRST, LAST = "2020-01-01", "2020-12-31"  # 366 days


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    settings = load_settings()
    (report,) = import_export(
        EXPORT,
        ImportOptions(TENANT),
        settings,
        Database(url=settings.require("postgres_url")),
        ObjectStore(url=settings.require("objects_url")),
        lambda what, done, total: None,
    )
    instance = dg.DagsterInstance.get()
    instance.add_dynamic_partitions("feeds", [report.feed])
    rows = []
    for label, assets in (("posts", ["posts"]), ("all assets", None)):
        first, _ = _materialize(instance, report.feed, assets)
        again, worked = _materialize(instance, report.feed, assets)
        rows += [
            {"what": f"{label}, 366 days, first time", "value": round(first, 1), "unit": "s", "target": ""},
            {"what": f"{label}, 366 days, again", "value": round(again, 1), "unit": "s", "target": "<= 5"},
            {"what": f"{label}, items worked on again", "value": worked, "unit": "", "target": "0"},
        ]
    return rows


def _materialize(instance: dg.DagsterInstance, feed: str, assets: list[str] | None) -> tuple[float, int]:
    """One run over the year; returns its seconds and how many items were worked on."""
    started = time.monotonic()
    result = dg.materialize(
        defined_assets(),
        selection=assets,
        instance=instance,
        resources=default_resources(),
        tags={
            "dagster/asset_partition_range_start": f"{FIRST}|{feed}",
            "dagster/asset_partition_range_end": f"{LAST}|{feed}",
        },
    )
    seconds = time.monotonic() - started
    made: dict[str, int] = {}
    for event in result.get_asset_materialization_events():
        value = event.materialization.metadata.get("made")
        if event.asset_key is not None and value is not None:
            made[event.asset_key.to_user_string()] = int(str(value.value))
    return seconds, sum(made.values())


def main() -> None:
    """Print the table; needs the servers' variables."""
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    for row in run():
        print(f"{row['what']:<44}{row['value']:>10} {row['unit']:<4}{row['target']}")


if __name__ == "__main__":
    main()
