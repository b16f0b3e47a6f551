"""A database of Dagster's own for each test, and an instance on it, as ``dagster.yaml`` has it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import dagster as dg
import pytest
import yaml
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from tests.maintenance.past import Past
from tg_assets.backends.dagster_services import PROJECT
from tg_assets.stores.dagster_database import dagster_database


@pytest.fixture
def dagster_url(superuser_url: str, servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database that Dagster's role owns; what this test calls Dagster's."""
    name = f"dagster_{uuid4().hex[:8]}"
    engine = create_engine(superuser_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} OWNER tg_dagster"))
    url = urlunsplit(urlsplit(servers["TG_DAGSTER_POSTGRES_URL"])._replace(path=f"/{name}"))
    monkeypatch.setenv("TG_DAGSTER_POSTGRES_URL", url)
    yield url
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def instance(dagster_url: str, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the storage of the project's ``dagster.yaml``."""
    storage = yaml.safe_load((PROJECT / "dagster.yaml").read_text("utf-8"))["storage"]
    chosen = {"storage": storage, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(chosen), "utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


@pytest.fixture
def connection(dagster_url: str, instance: dg.DagsterInstance) -> Iterator[Connection]:
    """Dagster's database, with its tables."""
    with dagster_database(dagster_url) as found:
        yield found


@pytest.fixture
def past(connection: Connection, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Past:
    """A past to fill; the event log is empty. Runs say of each partition that they plan it, so it may have failed."""
    monkeypatch.delenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS")
    return Past(connection, instance)
