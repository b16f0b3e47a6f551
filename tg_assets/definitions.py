"""Everything that Dagster loads, put together in one place for production, the command line and tests."""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from resources.embedder import EmbedderResource
from resources.neo4j import Neo4j
from resources.object_store import Objects
from resources.postgres import Postgres
from resources.qdrant import Qdrant
from resources.redis import Redis
from resources.settings import settings
from resources.speech import SpeechResource
from resources.tagger import TaggerResource
from resources.vision import VisionResource
from sensors.alerts import report_alerts, report_failed_runs
from sensors.checks import evaluate_checks
from sensors.dirty import start_refresh
from sensors.feeds import register_feeds
from sensors.gaps import find_gaps
from sensors.saved import start_telling
from sensors.tail import start_tail
from tg_assets import assets
from tg_assets.assets import checks
from tg_assets.assets.materialize import define
from tg_assets.assets.order import rules
from tg_assets.assets.partitioning import date_by_feed
from tg_assets.runs.jobs import everything
from tg_assets.runs.live_runs import refresh, tail
from tg_assets.runs.maintenance import maintenance, tidy
from tg_assets.runs.saved_runs import tell
from tg_assets.runs.schedules import (
    daily_sweep,
    frequent_fetch,
    hourly_catch_up,
    hourly_tidying,
    nightly_maintenance,
    nightly_refresh,
)
from tg_assets.runs.store_runs import rebuild_neo4j, rebuild_qdrant, verify
from tg_assets.runs.telegram_runs import catch_up, fetch, sideload_job, sweep

SENSORS = [
    start_tail, start_refresh, register_feeds, find_gaps, evaluate_checks, report_failed_runs, report_alerts,
    start_telling,
]  # fmt: skip
SCHEDULES = [
    nightly_refresh, hourly_catch_up, frequent_fetch, daily_sweep, nightly_maintenance, hourly_tidying,
]  # fmt: skip


def default_resources() -> dict[str, Any]:
    """Resources of a deployment; URLs are read from the environment when a run starts, not now."""
    return {
        "settings": settings,
        "postgres": Postgres(url=dg.EnvVar("TG_POSTGRES_URL")),
        "objects": Objects(url=dg.EnvVar("TG_OBJECTS_URL")),
        "qdrant": Qdrant(
            url=dg.EnvVar("TG_QDRANT_URL"),
            api_key=dg.EnvVar("TG_QDRANT_API_KEY") if "TG_QDRANT_API_KEY" in os.environ else "",
        ),
        "redis": Redis(url=dg.EnvVar("TG_REDIS_URL")),
        "neo4j": Neo4j(url=dg.EnvVar("TG_NEO4J_URL")),
        "vision": VisionResource(),
        "embedder": EmbedderResource(provider=dg.EnvVar("TG_EMBEDDER") if "TG_EMBEDDER" in os.environ else "use"),
        "tagger": TaggerResource(),
        "speech": SpeechResource(),
    }


def defined_assets() -> list[dg.AssetsDefinition]:
    """The assets of the list, over the deployment's partitions."""
    return [define(asset, assets.ASSETS, date_by_feed()) for asset in assets.ASSETS]


def build_defs(*, resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The installation's definitions; tests override resources by name."""
    return dg.Definitions(
        assets=defined_assets(),
        asset_checks=[checks.definition(rule) for rule in rules(assets.ASSETS)],
        jobs=[
            everything,
            tail,
            refresh,
            tell,
            catch_up,
            fetch,
            sweep,
            sideload_job,
            maintenance,
            tidy,
            rebuild_qdrant,
            rebuild_neo4j,
            verify,
        ],
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={**default_resources(), **(resource_overrides or {})},
        # One process per run: a process per step would pay the imports ten times.
        executor=dg.in_process_executor,
    )
