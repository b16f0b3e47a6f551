"""Dagster's storage on a real PostgreSQL: one pool, and connections that die with their server are replaced."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from sqlalchemy import create_engine, text

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
