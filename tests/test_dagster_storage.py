"""Dagster's storage in PostgreSQL as two runs use it at once."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

from resources.dagster_storage import QUESTIONS, PooledPostgresStorage
from tests.support.data import ROOT


@pytest.fixture
def instance(servers: dict[str, str], tmp_path: Path) -> Iterator[DagsterInstance]:
    """An installation's instance, by ``dagster.yaml``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path))
        (tmp_path / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
        with DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as made:
            yield made


def test_a_pool_that_two_runs_use_first_at_once_has_its_limit(instance: DagsterInstance) -> None:
    """Dagster's own stumbles over the second insert, and the run fails that made everything."""
    storage, key = instance.event_log_storage, f"pool-{uuid4()}"
    failed: list[BaseException] = []

    def use() -> None:
        try:
            assert storage.initialize_concurrency_limit_to_default(key)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert storage.get_concurrency_info(key).slot_count == 2


def test_the_schema_is_asked_about_once(instance: DagsterInstance, servers: dict[str, str]) -> None:
    """And not at all by the next instance of a process."""
    again = PooledPostgresStorage(servers["TG_DAGSTER_POSTGRES_URL"])
    for one in (again.run_storage, again.schedule_storage, again.event_log_storage):
        for name in (name for name in QUESTIONS if hasattr(type(one), name) and not name.startswith("_")):
            assert getattr(one, name)()
    engine = again.run_storage._engine
    again.run_storage._engine = None
    try:
        assert again.run_storage.has_run_stats_index_cols()
    finally:
        again.run_storage._engine = engine
