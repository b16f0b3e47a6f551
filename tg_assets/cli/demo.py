"""``demo``: the whole line on the bundled sample, on embedded servers, ending with things to look at."""

from typing import Any

import click
from rich.table import Table

from tg_assets.backends.dagster_services import PROJECT
from tg_assets.cli import runtime
from tg_assets.cli.backfill import launch
from tg_assets.cli.dagster_api import DagsterApi
from tg_assets.cli.imports import run_import
from tg_assets.cli.runtime import console
from tg_assets.cli.search import find, show_hits
from tg_assets.cli.services import start
from tg_assets.errors import TgAssetsError

TENANT = "demo"
QUESTIONS = ("ремонт генератора", "solar panel efficiency", "ошибка подключения к датчику")


@click.command("demo")
def demo_command() -> None:
    """Start everything, import the sample export, materialize it, and answer some questions."""
    console.rule("1  Starting real servers and Dagster")
    start()
    console.rule("2  Importing the sample: a channel, a group and direct messages")
    reports = run_import(PROJECT / "samples" / "export", TENANT, None, None, "UTC")
    console.rule("3  Materializing all ten assets, one run per feed")
    api = DagsterApi(runtime.settings().require("dagster_url"))
    spans = {report.feed: (report.first, report.last) for report in reports if report.first and report.last}
    backfills = []
    for feed, (first, last) in spans.items():
        backfill, count = launch(api, feed, f"{first:%Y-%m-%d}..{last:%Y-%m-%d}", (), {})
        console.print(f"  launched {feed}: {count} partitions of 10 assets")
        backfills.append(backfill)
    with console.status("Dagster's daemon takes a backfill up within 30 s"):
        states = api.wait(backfills, lambda message: console.print(f"  {message}"), seconds=900)
    if any(state.status != "COMPLETED_SUCCESS" for state in states):
        raise TgAssetsError(f"A run failed; its log is at {api.address}/runs.")
    console.print(_assets_table(api))
    console.rule("4  Asking")
    for question in QUESTIONS:
        console.print(f"\nsearch “{question}”")
        show_hits(find(question, TENANT, None, 2))
    console.print("\nWho is forwarded most?")
    console.print(_forwards())
    console.print(f"\nLook around: {api.address}/asset-groups  (stop everything with `make down`)")


def _assets_table(api: DagsterApi) -> Table:
    """Per asset: partitions with data, items, what was made."""
    from tg_assets.definitions import ASSETS

    names = [key.to_user_string() for asset in ASSETS for key in asset.keys]
    counts = api.partition_counts(names)
    latest = api.latest_metadata(names)
    table = Table("asset", "partitions materialized", "failed", "last run", title="Assets", title_justify="left")
    for name in names:
        made = latest.get(name, {})
        told = ", ".join(f"{key.removeprefix('count/')} {value:,}" for key, value in _numbers(made).items())
        table.add_row(name, f"{counts[name]['numMaterialized']:,}", f"{counts[name]['numFailed']:,}", told)
    return table


def _numbers(metadata: dict[str, Any]) -> dict[str, int]:
    """The counts of a materialization that say what it made."""
    chosen = {key: value for key, value in metadata.items() if key.startswith("count/") and value}
    return dict(list(chosen.items())[:6]) or {key: metadata[key] for key in ("messages",) if key in metadata}


def _forwards() -> Table:
    from tg_assets import ids
    from tg_assets.graph.queries import MOST_FORWARDED

    table = Table("source", "type", "forwards")
    with runtime.neo4j().tenant(ids.tenant_id(TENANT)) as graph:
        for row in graph.read(MOST_FORWARDED, limit=5):
            table.add_row(row["source"] or "", row["type"], str(row["forwards"]))
    return table
