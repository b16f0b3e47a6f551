"""Arrivals: posts and albums that got their first point while somebody was to be told of new ones.

They are noted in the transaction that says that the points are there, so none is missed, and only where a question is
saved. Indexed once more, an arrival of the last days is looked at once more: a picture is described after its words
were indexed. What was in the index before is none, whichever version it is made again by.

Which is before which is told by numbers of transactions, and those are a cluster's own: of a database that a dump was
restored into they may be smaller than what the dump has. So numbers and snapshots that are kept here have everything
added that was reached in clusters before (``go_on``), and stay comparable. What does not belong here: whom arrivals
matter to (``tg_assets.saved``).
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.ledger.cluster import HERE

_LOCK = "hashtextextended(current_tenant()::text || '/arrivals', 0)"
# What failed or waited and never got a point arrives when it gets one; ``chunk`` is the engine's.
_NOTE = """
    INSERT INTO newly_indexed AS n (tenant_id, item_id, first_xid, last_xid)
    SELECT current_tenant(), c.item_id, own.xid, own.xid
    FROM chunk c CROSS JOIN (
        SELECT CAST(CAST(CAST(CAST(pg_current_xact_id() AS text) AS bigint) + max(xids_before) AS text) AS xid8) AS xid
        FROM saved_questions HAVING count(*) > 0
    ) own
    WHERE c.item_id = ANY(CAST(:ids AS uuid[]))
      AND (EXISTS (SELECT FROM newly_indexed o WHERE o.item_id = c.item_id)
           OR (c.reason NOT IN ('version', 'forced')
               AND NOT EXISTS (SELECT FROM counted_points p WHERE p.point_id = c.item_id)))
    ON CONFLICT (tenant_id, item_id) DO UPDATE SET last_xid = excluded.last_xid
"""
_IS_ELSEWHERE = f"SELECT EXISTS (SELECT FROM saved_questions WHERE cluster <> {HERE})"  # noqa: S608 - a constant
_GO_ON = f"""
    UPDATE saved_questions SET cluster = {HERE}, xids_before = (
        SELECT max(CAST(CAST(reached AS text) AS bigint)) FROM (
            SELECT first_xid AS reached FROM newly_indexed UNION ALL SELECT last_xid FROM newly_indexed
            UNION ALL SELECT pg_snapshot_xmax(begun) FROM saved_questions
            UNION ALL SELECT pg_snapshot_xmax(looked) FROM saved_questions
        ) kept)
    WHERE cluster <> {HERE}
"""  # noqa: S608
_NOW = """
    SELECT CAST(pg_current_snapshot() AS text) AS snapshot, coalesce(max(xids_before), 0) AS before
    FROM saved_questions
"""


def note(connection: Connection, indexed: Collection[UUID]) -> None:
    """Note those of a chunk's items whose points were just written; before their words are counted."""
    go_on(connection)
    connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"))
    connection.execute(text(_NOTE), {"ids": [str(one) for one in indexed]})


def hold(connection: Connection) -> None:
    """Wait for whoever is noting, and let nobody note until the transaction is over.

    A question that is saved meanwhile misses nothing: what was indexed before is seen in a snapshot, and whoever
    indexes afterwards sees the question.
    """
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def go_on(connection: Connection) -> None:
    """Where the tenant's questions are of another cluster, go on with this one's numbers behind what was reached there.

    Nothing is lost: what was not looked at there is looked at here, and whatever arrives here comes after it.
    """
    if connection.execute(text(_IS_ELSEWHERE)).scalar_one():
        hold(connection)
        connection.execute(text(_GO_ON))


def now(connection: Connection) -> str:
    """What is over at this moment, as a snapshot that kept numbers are compared with; after ``go_on``."""
    row = connection.execute(text(_NOW)).one()
    first, last, going_on = row.snapshot.split(":")
    still = ",".join(str(int(one) + row.before) for one in going_on.split(",") if one)
    return f"{int(first) + row.before}:{int(last) + row.before}:{still}"
