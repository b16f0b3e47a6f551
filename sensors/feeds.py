"""Sensor ``register_feeds``: every feed of the registry has its partition, whoever registered it.

It starts no runs. An import registers its own feeds; this one finds those whose registration did not reach
Dagster (it was down, or another program wrote the row).
"""

import time

import dagster as dg

from resources.postgres import Postgres
from tg_assets.assets.partitioning import FEEDS
from tg_assets.registry.tenants import known_feeds, stored_feeds, tenant_slugs

BUDGET_SECONDS = 20.0


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def register_feeds(context: dg.SensorEvaluationContext, postgres: Postgres) -> dg.SensorResult:
    """Feeds of the registry that have no partition yet get one."""
    started = time.monotonic()
    known = known_feeds(context.instance)
    slugs = tenant_slugs(known)
    missing: list[str] = []
    looked = 0
    for slug in slugs:
        if time.monotonic() - started > BUDGET_SECONDS:
            break
        missing += sorted(set(stored_feeds(postgres, slug)) - set(known))
        looked += 1
    if not missing:
        return dg.SensorResult(
            skip_reason=f"{len(known)} feeds have partitions; looked at {looked} of {len(slugs)} tenants"
        )
    return dg.SensorResult(dynamic_partitions_requests=[FEEDS.build_add_request(missing)])
