"""Sensor ``evaluate_checks``: asset checks for what no run with checks materialized.

Dagster shows a check as evaluated only for the newest materialization of its asset. Live runs report materializations
without checks, and of two runs at once the one that ends last may not be the one whose check counts; so what a check
said would be shown as "Not evaluated". Here checks are evaluated again once nothing new has come for a moment, or now
and then while it does.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg

from resources.neo4j import Neo4j
from resources.postgres import Postgres
from resources.qdrant import Qdrant
from tg_assets import assets
from tg_assets.assets.checks import Rule, evaluate
from tg_assets.assets.order import rules as rules_of
from tg_assets.errors import ServerDown, ServerRefuses
from tg_assets.registry.tenants import known_feeds, tenant_slugs

BUDGET_SECONDS = 12.0
# An asset that was materialized within this time is about to be again.
QUIET_SECONDS = 10.0
# While it never is quiet, a check is evaluated so often: each evaluation is a row that Dagster keeps.
LATEST_SECONDS = 300.0


def due(materialized: Mapping[str, tuple[int, float]], seen: Mapping[str, Any], now: float) -> list[str]:
    """Assets whose newest materialization (its id and its time) no evaluation knows and that are quiet, or were not
    evaluated for long; those that wait longest first. ``seen`` maps assets to that id and the time of evaluation."""
    found = []
    for asset, (newest, moment) in materialized.items():
        known, evaluated = seen.get(asset, (0, 0.0))
        if newest != known and (now - moment >= QUIET_SECONDS or now - evaluated >= LATEST_SECONDS):
            found.append((evaluated, asset))
    return [asset for _, asset in sorted(found)]


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def evaluate_checks(
    context: dg.SensorEvaluationContext, postgres: Postgres, qdrant: Qdrant, neo4j: Neo4j
) -> dg.SensorResult:
    """Evaluate the checks of assets that were materialized since they were evaluated."""
    deadline, now = time.monotonic() + BUDGET_SECONDS, time.time()
    rules: dict[str, list[Rule]] = {}
    for rule in rules_of(assets.ASSETS):
        rules.setdefault(rule.asset, []).append(rule)
    records = context.instance.get_asset_records([dg.AssetKey(asset) for asset in rules])
    newest = {
        record.asset_entry.asset_key.to_user_string(): (last.storage_id, last.timestamp)
        for record in records
        if (last := record.asset_entry.last_materialization_record) is not None
    }
    seen: dict[str, Any] = json.loads(context.cursor or "{}")
    slugs = tenant_slugs(known_feeds(context.instance))
    stores = {"qdrant": qdrant, "neo4j": neo4j}
    events = []
    for asset in due(newest, seen, now):
        if time.monotonic() > deadline:
            break
        for rule in rules[asset]:
            try:
                result = evaluate(rule, postgres, slugs, stores.get(rule.store))
            except (ServerDown, ServerRefuses):  # what it last said stays, and health says that the server is away
                continue
            events.append(
                dg.AssetCheckEvaluation(
                    asset_key=dg.AssetKey(asset), check_name=rule.name, passed=result.passed, severity=result.severity,
                    description=result.description, metadata=result.metadata,
                )
            )  # fmt: skip
        seen[asset] = (newest[asset][0], now)
    return dg.SensorResult(
        asset_events=events,
        skip_reason=None if events else "every check knows the newest materialization of its asset",
        cursor=json.dumps(seen),
    )
