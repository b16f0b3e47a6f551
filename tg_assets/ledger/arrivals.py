"""Arrivals: posts and albums that got their first point while somebody was to be told of new ones.

They are noted in the transaction that says that the points are there, so none is missed, and only where a question is
saved. Indexed once more, an arrival of the last days is looked at once more: a picture is described after its words
were indexed. What was in the index before is none, whichever version it is made again by. What does not belong here:
whom they matter to (``tg_assets.saved``).
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, text

_LOCK = "hashtextextended(current_tenant()::text || '/arrivals', 0)"
# What failed or waited and never got a point arrives when it gets one; ``chunk`` is the engine's.
_NOTE = """
    INSERT INTO newly_indexed AS n (tenant_id, item_id)
    SELECT current_tenant(), c.item_id FROM chunk c
    WHERE c.item_id = ANY(CAST(:ids AS uuid[])) AND EXISTS (SELECT FROM saved_questions)
      AND (EXISTS (SELECT FROM newly_indexed o WHERE o.item_id = c.item_id)
           OR (c.reason NOT IN ('version', 'forced')
               AND NOT EXISTS (SELECT FROM counted_points p WHERE p.point_id = c.item_id)))
    ON CONFLICT (tenant_id, item_id) DO UPDATE SET last_xid = excluded.last_xid
"""


def note(connection: Connection, indexed: Collection[UUID]) -> None:
    """Note those of a chunk's items whose points were just written; before their words are counted."""
    connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"))
    connection.execute(text(_NOTE), {"ids": [str(one) for one in indexed]})


def hold(connection: Connection) -> None:
    """Wait for whoever is noting, and let nobody note until the transaction is over.

    A question that is saved meanwhile misses nothing: what was indexed before is seen in a snapshot, and whoever
    indexes afterwards sees the question.
    """
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
