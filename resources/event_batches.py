"""Materializations of a run over many partitions, as Dagster writes them, for half of the processor time.

Events of a batch are one output's: they differ in partition, tags and time alone. Dagster makes the JSON of each anew,
5 KB of it, and compiles a statement with a parameter for each value. What does not belong here: connections
(``dagster_storage``).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._serdes import serialize_value
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import insert

Store = Callable[[Sequence[dg.EventLogEntry]], None]


def written(events: Sequence[dg.EventLogEntry]) -> Iterator[str]:
    """Each event as ``serialize_value`` gives it; all are materializations."""
    first, whole = events[0], json.loads(serialize_value(events[0]))
    for event in events:
        if not _alike(first, event):
            yield serialize_value(event)
            continue
        happened = whole["dagster_event"]
        materialization = _materialization(event)
        made = {
            **happened["event_specific_data"]["materialization"],
            "partition": materialization.partition,
            "tags": materialization.tags,
        }
        told = {**happened, "event_specific_data": {**happened["event_specific_data"], "materialization": made}}
        yield json.dumps({**whole, "dagster_event": told, "timestamp": event.timestamp})


def _materialization(event: dg.EventLogEntry) -> dg.AssetMaterialization:
    return event.get_dagster_event().step_materialization_data.materialization


def _alike(one: dg.EventLogEntry, other: dg.EventLogEntry) -> bool:
    """Whether they differ in partition, tags and time at most."""
    mine, its = one.get_dagster_event(), other.get_dagster_event()
    made, also = _materialization(one), _materialization(other)
    return (
        (one.run_id, one.step_key, one.level, one.user_message, one.error_info)
        == (other.run_id, other.step_key, other.level, other.user_message, other.error_info)
        and (mine.message, mine.pid, mine.step_handle, mine.logging_tags)
        == (its.message, its.pid, its.step_handle, its.logging_tags)
        and (made.asset_key, made.description, made.metadata) == (also.asset_key, also.description, also.metadata)
    )


def at_once(storage: PostgresEventLogStorage, store: Store) -> Store:
    """``store_event_batch`` of a storage; what are no materializations are left to ``store``, which it had."""
    from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as table

    def store_event_batch(events: Sequence[dg.EventLogEntry]) -> None:
        kinds = {event.dagster_event_type for event in events}
        if kinds != {dg.DagsterEventType.ASSET_MATERIALIZATION}:
            store(events)
            return
        rows: list[dict[str, Any]] = [
            {
                "run_id": event.run_id,
                "event": said,
                "dagster_event_type": event.get_dagster_event().event_type_value,
                "timestamp": datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None),
                "step_key": event.get_dagster_event().step_key,
                "asset_key": _materialization(event).asset_key.to_string(),
                "partition": _materialization(event).partition,
            }
            for event, said in zip(events, written(events), strict=True)
        ]
        with storage.run_connection(events[0].run_id) as connection:
            in_order = insert(table).returning(table.c.id, sort_by_parameter_order=True)
            ids = [int(row[0]) for row in connection.execute(in_order, rows)]
        storage.store_asset_event_tags(events, ids)
        storage.store_asset_event(events[-1], ids[-1])

    return store_event_batch
