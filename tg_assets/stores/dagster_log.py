"""Dagster's event log and runs, which have no retention of their own: what is old and needed by nothing is removed.

Needed are, whatever their age: events and runs of what is not over; of each asset and partition the newest event of
its kind (it was materialized, observed, planned), which say what is there, what failed and who made it; of each check
the newest execution of its kind; and the runs of these events. Removing a run by Dagster's interface takes most of
a second and takes the newest materializations with it, so this is SQL on its tables.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

# Rows that are looked at, and runs that are removed, in one transaction.
ROWS, RUNS = 10_000, 100
OVER = ("SUCCESS", "FAILURE", "CANCELED")

_PAGES = {
    "asset_check_executions": """
        SELECT max(id) AS until, min(create_timestamp) AS oldest
        FROM (SELECT id, create_timestamp FROM asset_check_executions WHERE id > :after ORDER BY id LIMIT :rows) page
    """,
    "event_logs": """
        SELECT max(id) AS until, min(timestamp) AS oldest
        FROM (SELECT id, timestamp FROM event_logs WHERE id > :after ORDER BY id LIMIT :rows) page
    """,
    "runs": """
        SELECT max(id) AS until, min(create_timestamp) AS oldest
        FROM (SELECT id, create_timestamp FROM runs WHERE id > :after ORDER BY id LIMIT :rows) page
    """,
}

# Executions of a check that a later one of the same status has replaced.
_EXECUTIONS = """
    WITH gone AS (
        DELETE FROM asset_check_executions c
        WHERE c.id > :after AND c.id <= :until
          AND coalesce(c.evaluation_event_timestamp, c.create_timestamp) < :before AT TIME ZONE 'UTC'
          AND NOT EXISTS (SELECT FROM runs r WHERE r.run_id = c.run_id AND r.status <> ALL(:over))
          AND c.id NOT IN (SELECT max(id) FROM asset_check_executions
                           GROUP BY asset_key, check_name, execution_status, partition)
        RETURNING 1)
    SELECT count(*) FROM gone
"""

# Of events ``old``: what nothing needs. Written as two questions for the sake of Dagster's indexes.
_UNNEEDED = """
    (old.asset_key IS NULL
     OR EXISTS (SELECT FROM event_logs newer
                WHERE newer.asset_key = old.asset_key AND newer.dagster_event_type = old.dagster_event_type
                  AND newer.partition = old.partition AND newer.id > old.id)
     OR old.partition IS NULL
        AND EXISTS (SELECT FROM event_logs newer
                    WHERE newer.asset_key = old.asset_key AND newer.dagster_event_type = old.dagster_event_type
                      AND newer.partition IS NULL AND newer.id > old.id))
    AND NOT EXISTS (SELECT FROM asset_check_executions c WHERE c.evaluation_event_storage_id = old.id)
"""

# How a run began, ended and failed is kept as long as the run is.
_EVENTS = f"""
    WITH old AS MATERIALIZED (
        SELECT e.id, e.asset_key, e.partition, e.dagster_event_type
        FROM event_logs e LEFT JOIN runs r ON r.run_id = e.run_id
        WHERE e.id > :after AND e.id <= :until AND e.timestamp < :before AT TIME ZONE 'UTC'
          AND (r.run_id IS NULL
               OR r.status = ANY(:over)
                  AND coalesce(e.dagster_event_type, '') NOT LIKE 'PIPELINE\\_%'
                  AND coalesce(e.dagster_event_type, '') <> 'STEP_FAILURE')
    ), gone AS (
        DELETE FROM event_logs e USING old WHERE e.id = old.id AND {_UNNEEDED} RETURNING e.id
    ), tags AS (
        DELETE FROM asset_event_tags t USING gone WHERE t.event_id = gone.id
    )
    SELECT count(*) FROM gone
"""  # noqa: S608 - made of constants

_OLD_RUNS = """
    SELECT r.run_id FROM runs r
    WHERE r.id > :after AND r.id <= :until AND r.status = ANY(:over)
      AND coalesce(to_timestamp(r.end_time), r.update_timestamp) < :before
      AND NOT EXISTS (SELECT FROM bulk_actions b
                      WHERE b.key = r.backfill_id AND b.status IN ('REQUESTED', 'CANCELING', 'FAILING'))
"""
_EVENTS_OF_RUNS = f"""
    WITH gone AS (
        DELETE FROM event_logs old WHERE old.run_id = ANY(:runs) AND {_UNNEEDED} RETURNING old.id
    ), tags AS (
        DELETE FROM asset_event_tags t USING gone WHERE t.event_id = gone.id
    )
    SELECT count(*) FROM gone
"""  # noqa: S608
_RUNS = """
    DELETE FROM runs r
    WHERE r.run_id = ANY(:runs) AND NOT EXISTS (SELECT FROM event_logs e WHERE e.run_id = r.run_id)
    RETURNING r.run_id
"""


@dataclass(frozen=True, slots=True)
class Before:
    """Moments, in UTC: from before ``events`` it is not kept how runs went, from before ``runs`` not that they were."""

    events: datetime
    runs: datetime


def purge(connection: Connection, before: Before, forget: Callable[[Sequence[str]], object]) -> Iterator[Counter[str]]:
    """Remove, batch by batch, each in a transaction of its own; yields what a batch removed, once that is committed.

    Whoever stops in between loses nothing: all that is still there is looked at again. ``forget`` is told of runs
    before they are gone for good, so that what belongs to them elsewhere goes first.
    """
    over = list(OVER)
    for table, sql, name in (
        ("asset_check_executions", _EXECUTIONS, "evaluations"),
        ("event_logs", _EVENTS, "events"),
    ):
        for after, until in _pages(connection, table, before.events, ROWS):
            values = {"after": after, "until": until, "before": before.events, "over": over}
            with connection.begin():
                removed = connection.execute(text(sql), values).scalar_one()
            yield Counter({name: removed})
    for after, until in _pages(connection, "runs", before.runs, RUNS):
        values = {"after": after, "until": until, "before": before.runs, "over": over}
        with connection.begin():
            runs = {"runs": list(connection.execute(text(_OLD_RUNS), values).scalars())}
            events = connection.execute(text(_EVENTS_OF_RUNS), runs).scalar_one()
            gone = list(connection.execute(text(_RUNS), runs).scalars())
            forget(gone)
        yield Counter(events=events, runs=len(gone))


def _pages(connection: Connection, table: str, before: datetime, rows: int) -> Iterator[tuple[int, int]]:
    """Stretches of ids, of so many rows each, until a whole one is younger; ids and times grow together, almost."""
    after = 0
    while True:
        with connection.begin():
            until, oldest = connection.execute(text(_PAGES[table]), {"after": after, "rows": rows}).one()
        if until is None or oldest is None or oldest >= before.replace(tzinfo=None):
            return
        yield after, until
        after = until
