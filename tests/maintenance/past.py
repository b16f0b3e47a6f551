"""A past for Dagster: real runs of a small asset, copied set-wise to other times, partitions and run ids."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import dagster as dg
from sqlalchemy import Connection, text

FEEDS = dg.DynamicPartitionsDefinition(name="feeds")
THING = dg.AssetKey("thing")
FINE = dg.AssetCheckKey(THING, "fine")
# Partition and run that are replaced in copies.
ZERO, RUNLESS = "partition-zero", "runless-template"
TABLES = ("runs", "run_tags", "event_logs", "asset_check_executions")
MOMENTS = {
    "runs": ("create_timestamp", "update_timestamp"),
    "event_logs": ("timestamp",),
    "asset_check_executions": ("create_timestamp", "evaluation_event_timestamp"),
}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Way(dg.Config):
    """How a run goes."""

    fail: bool


@dg.asset(partitions_def=FEEDS, check_specs=[dg.AssetCheckSpec("fine", asset="thing")])
def thing(context: dg.AssetExecutionContext, config: Way) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Made and observed, or failed."""
    context.log.info("at work")
    if config.fail:
        raise ValueError("as asked")
    context.log_event(dg.AssetObservation(THING, partition=context.partition_key))
    return dg.MaterializeResult(
        data_version=dg.DataVersion("1"), check_results=[dg.AssetCheckResult(check_name="fine", passed=True)]
    )


def run(instance: dg.DagsterInstance, partition: str, *, fail: bool = False) -> str:
    """Materialize a partition now; the run's id."""
    config = {**QUIET, "ops": {"thing": {"config": {"fail": fail}}}}
    result = dg.materialize(
        [thing], instance=instance, partition_key=partition, run_config=config, raise_on_error=not fail
    )
    assert result.success != fail
    return result.run_id


class Past:
    """Runs of other days. ``made`` and ``failed`` are templates, ``runless`` is an evaluation that no run made."""

    def __init__(self, connection: Connection, instance: dg.DagsterInstance) -> None:
        self._connection, self.instance = connection, instance
        instance.add_dynamic_partitions("feeds", [ZERO])
        self.made, self.failed = run(instance, ZERO), run(instance, ZERO, fail=True)
        self.runless = RUNLESS
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(asset_key=THING, check_name="fine", passed=False))
        with connection.begin():
            connection.execute(text("CREATE SCHEMA template"))
            for table in (*TABLES, "asset_event_tags"):
                connection.execute(text(f"CREATE TABLE template.{table} AS TABLE {table}"))
            for table in ("event_logs", "asset_check_executions"):
                named = {"runless": RUNLESS}
                connection.execute(text(f"UPDATE template.{table} SET run_id = :runless WHERE run_id = ''"), named)
            connection.execute(text("TRUNCATE runs, run_tags, event_logs, asset_check_executions, asset_event_tags"))
        instance.delete_dynamic_partition("feeds", ZERO)

    def add(self, template: str, copies: Iterable[tuple[str, datetime]], status: str | None = None) -> list[str]:
        """Copy a template to partitions and moments (UTC), oldest first; the ids of the new runs."""
        wanted = list(copies)
        runs = ["" if template == RUNLESS else str(uuid4()) for _ in wanted]
        values = {
            "template": template, "runs": runs, "partitions": [partition for partition, _ in wanted],
            "moments": [moment.replace(tzinfo=None) for _, moment in wanted], "zero": ZERO,
        }  # fmt: skip
        with self._connection.begin():
            for table in TABLES:
                moments = "".join(f", '{column}', c.moment" for column in MOMENTS.get(table, ()))
                if table == "runs":
                    moments += ", 'end_time', extract(epoch FROM c.moment), 'start_time', extract(epoch FROM c.moment)"
                self._connection.execute(
                    text(f"""
                        INSERT INTO {table}
                        SELECT made.* FROM template.{table} t
                        CROSS JOIN unnest(CAST(:runs AS text[]), CAST(:partitions AS text[]),
                                          CAST(:moments AS timestamp[])) WITH ORDINALITY c (run, feed, moment, place),
                        LATERAL jsonb_populate_record(NULL::{table},
                            replace(replace(to_jsonb(t)::text, :template, c.run), :zero, c.feed)::jsonb
                            || jsonb_build_object('id', nextval(pg_get_serial_sequence('{table}', 'id')){moments})) made
                        WHERE t.run_id = :template ORDER BY c.place, t.id
                    """),
                    values,
                )
            # Executions name the event that they are of, and materializations have tags.
            self._connection.execute(
                text("""
                    UPDATE asset_check_executions c SET evaluation_event_storage_id = e.id
                    FROM event_logs e
                    WHERE c.run_id = ANY(:runs) AND c.evaluation_event_timestamp = ANY(:moments)
                      AND e.run_id = c.run_id
                      AND e.dagster_event_type = CASE c.execution_status
                          WHEN 'PLANNED' THEN 'ASSET_CHECK_EVALUATION_PLANNED' ELSE 'ASSET_CHECK_EVALUATION' END
                      AND e.timestamp = c.evaluation_event_timestamp
                """),
                values,
            )
            self._connection.execute(
                text("""
                    INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp)
                    SELECT id, asset_key, 'dagster/data_version', '1', timestamp FROM event_logs e
                    WHERE run_id = ANY(:runs) AND dagster_event_type = 'ASSET_MATERIALIZATION'
                      AND NOT EXISTS (SELECT FROM asset_event_tags t WHERE t.event_id = e.id)
                """),
                values,
            )
            if status:
                change = text("UPDATE runs SET status = :status, end_time = NULL WHERE run_id = ANY(:runs)")
                self._connection.execute(change, {"status": status, **values})
        return runs

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Rows of a statement on Dagster's database."""
        with self._connection.begin():
            return list(self._connection.execute(text(sql), values).all())

    def sizes(self) -> dict[str, int]:
        """Rows by table."""
        tables = (*TABLES, "asset_event_tags")
        (found,) = self.rows("SELECT " + ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in tables))
        return dict(found._mapping)

    def events(self, runs: Sequence[str]) -> list[Any]:
        """All there is of some runs, row by row."""
        return [
            row
            for table in TABLES
            for row in self.rows(f"SELECT * FROM {table} WHERE run_id = ANY(:runs) ORDER BY id", runs=list(runs))
        ]

    def facts(self, partitions: Sequence[str]) -> dict[str, Any]:
        """What Dagster says of the asset, its partitions and its check, worked out anew from the event log."""
        storage = self.instance.event_log_storage
        (record,) = self.instance.get_asset_records([THING])
        storage.wipe_asset_cached_status(THING)
        latest = self.instance.get_latest_materialization_event(THING)
        kinds = (
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            dg.DagsterEventType.ASSET_OBSERVATION,
            dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        )
        makers = {
            partition: self.instance.get_run_by_id(records[0].run_id)
            for partition in partitions
            if (
                records := self.instance.fetch_materializations(
                    dg.AssetRecordsFilter(THING, asset_partitions=[partition]), limit=1
                ).records
            )
        }
        return {
            "partitions": self.instance.get_dynamic_partitions("feeds"),
            "materialized": storage.get_materialized_partitions(THING),
            "status": self.instance.get_status_by_partition(THING, list(partitions), FEEDS),
            "newest": {kind: storage.get_latest_storage_id_by_partition(THING, kind) for kind in kinds},
            "tags": storage.get_latest_tags_by_partition(
                THING, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
            ),
            "planned": storage.get_latest_planned_materialization_info(THING),
            "latest": latest and (latest.run_id, latest.timestamp),
            "check": storage.get_asset_check_summary_records([FINE])[FINE],
            "makers": makers,
            "last run": self.instance.get_run_by_id(record.asset_entry.last_run_id or ""),
        }
