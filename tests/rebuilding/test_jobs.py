"""Rebuilding and comparing as Dagster's jobs, and the checks of the two stores."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from resources.embedder import EmbedderResource
from resources.qdrant import Qdrant
from tests.rebuilding.support import House, close
from tests.support import pipeline
from tg_assets import ids
from tg_assets.assets import checks
from tg_assets.assets.order import rules
from tg_assets.definitions import build_defs
from tg_assets.registry.tenants import register

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def resources(house: House) -> dict[str, Any]:
    usual = house.index
    return {
        "qdrant": Qdrant(url=usual.url, api_key=usual.api_key, alias=house.alias),
        "embedder": EmbedderResource(provider="hash"),
        "vision": pipeline.SharedVision(),
    }


def run(house: House, job: str, config: Mapping[str, Any] | None = None) -> dg.ExecuteInProcessResult:
    with pipeline.new_instance() as instance:
        register(instance, [scope.feed for scope in house.scopes(house.tenants[0])])
        found = build_defs(resource_overrides=resources(house)).resolve_job_def(job)
        (op,) = [node.name for node in found.nodes]
        given = {**QUIET, "ops": {op: {"config": dict(config or {})}}}
        return found.execute_in_process(instance=instance, run_config=given, raise_on_error=False)


def told(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = [event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_OUTPUT]
    metadata = event.step_output_data.metadata
    return {name: value.value for name, value in metadata.items()}


def judged(house: House) -> dict[str, bool]:
    """What the checks of the stores say."""
    ours = [rule for rule in rules(_assets()) if rule.store]
    with pipeline.new_instance() as instance:
        register(instance, [scope.feed for scope in house.scopes(house.tenants[0])])
        result = dg.materialize(
            [checks.definition(rule) for rule in ours],
            selection=dg.AssetSelection.all_asset_checks(),
            instance=instance,
            resources={**pipeline.default_resources(), **resources(house)},
            run_config=QUIET,
        )
    return {one.asset_key.to_user_string(): one.passed for one in result.get_asset_check_evaluations()}


def _assets() -> Any:
    from tg_assets.assets import ASSETS

    return ASSETS


def test_jobs_and_checks(house: House) -> None:
    (tenant,) = house.tenants
    points, graph, old = house.points(tenant), house.graph(tenant), house.collections()[0]
    assert judged(house) == {"qdrant_points": True, "neo4j_nodes": True}
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        index._delete({"has_id": [min(points)]})
    house.cypher(tenant, "CREATE (:Post {tenant_id: $tenant, post_id: 'no post', placeholder: false})")
    assert judged(house) == {"qdrant_points": False, "neo4j_nodes": False}
    failed = run(house, "verify", {"tenant": tenant})
    assert not failed.success
    assert run(house, "verify", {"tenant": tenant, "repair": True}).success
    assert judged(house) == {"qdrant_points": True, "neo4j_nodes": True}
    clean = run(house, "verify", {"full": True})
    assert clean.success
    assert told(clean) == {"differences": 0, "left": 0}
    assert run(house, "rebuild_neo4j").success
    rebuilt = run(house, "rebuild_qdrant")
    assert rebuilt.success
    assert told(rebuilt) == {"collection": house.collections()[0], "tenants": 1}
    assert house.collections()[0] != old
    assert run(house, "rebuild_qdrant", {"tenant": tenant}).success
    assert close(house.points(tenant), points)
    assert house.graph(tenant) == graph
