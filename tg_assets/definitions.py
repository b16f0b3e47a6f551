"""Everything that Dagster loads, put together in one place for production, the command line and tests."""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from resources.embedder import EmbedderResource
from resources.neo4j import Neo4j
from resources.object_store import ObjectStore
from resources.postgres import Postgres
from resources.qdrant import Qdrant
from resources.redis import Redis
from resources.speech import SpeechResource
from resources.tagger import TaggerResource
from resources.vision import VisionResource
from sensors.checks import evaluate_checks
from sensors.dirty import start_refresh
from sensors.feeds import register_feeds
from sensors.gaps import find_gaps
from sensors.tail import start_tail
from tg_assets.assets import checks
from tg_assets.assets.album_summaries import album_summaries
from tg_assets.assets.feed_statistics import feed_statistics
from tg_assets.assets.media_groups import media_groups
from tg_assets.assets.media_objects import media_objects
from tg_assets.assets.neo4j_nodes import neo4j_nodes
from tg_assets.assets.posts import posts
from tg_assets.assets.qdrant_points import qdrant_points
from tg_assets.assets.tags import tags
from tg_assets.assets.telegram_messages import telegram_messages
from tg_assets.assets.transcripts import transcripts
from tg_assets.assets.vision_summaries import vision_summaries
from tg_assets.runs.jobs import everything
from tg_assets.runs.live_runs import refresh, tail
from tg_assets.runs.schedules import daily_sweep, frequent_fetch, hourly_catch_up, nightly_refresh
from tg_assets.runs.telegram_runs import catch_up, fetch, sideload_job, sweep

ASSETS = [
    telegram_messages,
    posts,
    media_objects,
    media_groups,
    vision_summaries,
    album_summaries,
    transcripts,
    tags,
    qdrant_points,
    neo4j_nodes,
    feed_statistics,
]


def default_resources() -> dict[str, Any]:
    """Resources of a deployment; URLs are read from the environment when a run starts, not now."""
    return {
        "postgres": Postgres(url=dg.EnvVar("TG_POSTGRES_URL")),
        "objects": ObjectStore(url=dg.EnvVar("TG_OBJECTS_URL")),
        "qdrant": Qdrant(
            url=dg.EnvVar("TG_QDRANT_URL"),
            api_key=dg.EnvVar("TG_QDRANT_API_KEY") if "TG_QDRANT_API_KEY" in os.environ else "",
        ),
        "redis": Redis(url=dg.EnvVar("TG_REDIS_URL")),
        "neo4j": Neo4j(url=dg.EnvVar("TG_NEO4J_URL")),
        "vision": VisionResource(),
        "embedder": EmbedderResource(),
        "tagger": TaggerResource(),
        "speech": SpeechResource(),
    }


def build_defs(*, resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The installation's definitions; tests override resources by name."""
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=checks.ALL,
        jobs=[everything, tail, refresh, catch_up, fetch, sweep, sideload_job],
        schedules=[nightly_refresh, hourly_catch_up, frequent_fetch, daily_sweep],
        sensors=[start_tail, start_refresh, register_feeds, find_gaps, evaluate_checks],
        resources={**default_resources(), **(resource_overrides or {})},
        # One process per run: a process per step would pay the imports ten times.
        executor=dg.in_process_executor,
    )
