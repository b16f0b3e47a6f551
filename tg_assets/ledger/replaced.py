"""Ids that chats and albums had before: what stores still hold under them goes before anything new is written.

``replaced_ids`` lists them by store. Rows leave it in the transaction of the chunk that removed what they stand for, so
whoever writes at the same time waits for that, and a crash repeats it. What does not belong here: what a store holds
under an id.
"""

from typing import Any, Literal

from sqlalchemy import Connection, text


def take(connection: Connection, store: Literal["qdrant", "neo4j", "objects"], most: int | None = None) -> list[Any]:
    """Rows ``(id, replaced_by)`` of a store, at most ``most`` of them, that nobody else gets any more."""
    return list(
        connection.execute(
            text("""DELETE FROM replaced_ids WHERE store = :store
                      AND id IN (SELECT id FROM replaced_ids WHERE store = :store ORDER BY id LIMIT :most FOR UPDATE)
                    RETURNING id, replaced_by"""),
            {"store": store, "most": most},
        )
    )
