"""Dagster's storage in PostgreSQL with connections that are kept.

dagster-postgres opens a connection for each query: 12 ms of processor time on both sides together, 9,000 times in the
five minutes of a demo. One pool per process serves its three storages instead. And it reads the schema again for each
question about runs and each state of a sensor, a third of what an idle installation did: what is there, stays there.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, pg_url_from_config
from psycopg2.errors import InFailedSqlTransaction
from sqlalchemy import Engine
from sqlalchemy.exc import InternalError

from resources.event_batches import at_once

KEPT, MORE = 2, 30  # connections kept open, and opened besides when threads need them at once
RECYCLE_SECONDS = 1800
# What Dagster asks of its schema each time, although its own migrations only ever add.
QUESTIONS = (
    "has_run_stats_index_cols", "has_bulk_actions_selector_cols", "has_backfill_id_column",
    "has_bulk_action_job_name_column", "has_backfill_tags_table", "has_instigators_table", "_has_instigators_table",
    "_has_asset_daemon_asset_evaluations_table", "has_secondary_index_table", "has_asset_key_index_cols",
)  # fmt: skip
# What this process has seen to be there, by address.
_PRESENT: dict[str, set[str]] = defaultdict(set)


def _remembered(name: str, ask: Callable[..., bool], present: set[str]) -> Callable[..., bool]:
    """A question that is not asked again once the answer was yes."""

    def answer(*connection: Any) -> bool:
        if name not in present and ask(*connection):
            present.add(name)
        return name in present

    return answer


@lru_cache(maxsize=4)
def _engine(url: str) -> Engine:
    return create_pg_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=KEPT,
        max_overflow=MORE,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
    )


def _made_by_either(make: Callable[[str], bool]) -> Callable[[str], bool]:
    """A pool's limit, which two runs may give it at once when it is first used: the second insert fails, and Dagster
    goes on in a transaction that PostgreSQL has given up. The first one's is there then."""

    def initialize(concurrency_key: str) -> bool:
        try:
            return make(concurrency_key)
        except InternalError as error:
            if not isinstance(error.orig, InFailedSqlTransaction):
                raise
            return True

    return initialize


class PooledPostgresStorage(DagsterPostgresStorage):
    """``DagsterPostgresStorage`` with a pool. A connection that died with its server is replaced before use."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        present = _PRESENT[postgres_url]
        super().__init__(postgres_url, should_autocreate_tables and "tables" not in present, inst_data)
        if should_autocreate_tables:
            present.add("tables")
        engine = _engine(postgres_url)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine  # dagster-postgres has no setting for it
            for name in QUESTIONS:
                if hasattr(type(storage), name):
                    setattr(storage, name, _remembered(name, getattr(storage, name), present))
        limits, name = self._event_log_storage, "initialize_concurrency_limit_to_default"
        setattr(limits, name, _made_by_either(getattr(limits, name)))
        name = "store_event_batch"
        setattr(limits, name, at_once(limits, getattr(limits, name)))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """From ``dagster.yaml``; the same keys as ``storage.postgres``."""
        return cls(pg_url_from_config(config_value), config_value.get("should_autocreate_tables", True), inst_data)
