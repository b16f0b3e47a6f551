"""Dagster's storage on a real PostgreSQL: one pool, and connections that die with their server are replaced."""

import json
import warnings
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import yaml
from dagster._serdes import serialize_value
from sqlalchemy import create_engine, text

from resources.event_batches import written
from tg_assets.backends.dagster_services import PROJECT


@pytest.fixture
def instance(servers: dict[str, str], tmp_path: Path) -> dg.DagsterInstance:
    """An instance with the storage of the project's ``dagster.yaml``."""
    storage = yaml.safe_load((PROJECT / "dagster.yaml").read_text("utf-8"))["storage"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"storage": storage}), "utf-8")
    return dg.DagsterInstance.from_config(str(tmp_path))


def sessions(url: str) -> int:
    """How many connections the database has had."""
    with create_engine(url).connect() as connection:
        found = text("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return int(connection.execute(found).scalar_one())


def test_queries_share_connections(instance: dg.DagsterInstance, servers: dict[str, str]) -> None:
    instance.get_runs_count()
    before = sessions(servers["TG_DAGSTER_POSTGRES_URL"])
    for _ in range(20):
        instance.get_runs_count()
        instance.get_dynamic_partitions("feeds")
        instance.all_instigator_state()
    assert sessions(servers["TG_DAGSTER_POSTGRES_URL"]) - before <= 3  # sixty with one for each


def test_a_dead_connection_is_replaced(instance: dg.DagsterInstance, servers: dict[str, str]) -> None:
    instance.add_dynamic_partitions("feeds", ["storage.test"])
    kill = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
              WHERE usename = user AND pid <> pg_backend_pid()"""
    with create_engine(servers["TG_DAGSTER_POSTGRES_URL"]).connect() as connection:
        ended = connection.execute(text(kill)).scalar_one()
    assert ended >= 1
    assert "storage.test" in instance.get_dynamic_partitions("feeds")


def test_a_range_is_stored_as_dagster_would(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of many partitions are written at once: each is what Dagster makes of it and is found by its partition."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "4")
    days = dg.DailyPartitionsDefinition("2026-01-01")
    name = f"ranged_{uuid4().hex}"
    about = {"made": 3, "table": dg.MetadataValue.table([dg.TableRecord({"stage": "a", "items": 1.5})])}

    def ranged() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=about)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        whole = dg.BackfillPolicy.single_run()
        asset = dg.asset(name=name, partitions_def=days, backfill_policy=whole)(ranged)

    first, last = "2026-01-05", "2026-01-10"
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    run = dg.materialize([asset], instance=instance, tags=tags)
    key = dg.AssetKey(name)
    assert instance.get_materialized_partitions(key) == set(days.get_partition_keys()[4:10])
    for event in instance.fetch_materializations(key, limit=10).records:
        made = event.asset_materialization
        assert made is not None
        assert made.metadata["made"].value == 3
        assert event.run_id == run.run_id
        (alone,) = instance.fetch_materializations(
            dg.AssetRecordsFilter(key, asset_partitions=[str(event.partition_key)]), limit=10
        ).records
        assert alone.storage_id == event.storage_id
    stored = [one.event_log_entry for one in instance.fetch_materializations(key, limit=10, ascending=True).records]
    assert [json.loads(said) for said in written(stored)] == [json.loads(serialize_value(one)) for one in stored]
