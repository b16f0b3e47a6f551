"""Traces: the id that an event came with stays with what is made of its message, to the events that tell of it.

The message as it was received has it. What does not belong here: sending events, metrics.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from tg_assets.ids import is_nameless


def traces(connection: Connection, posts: Collection[str]) -> Mapping[str, str]:
    """Traces by post id, of those whose newest version came as an event that had one."""
    if not posts:
        return {}
    rows = connection.execute(
        text("""SELECT CAST(id AS text) AS id, raw->>'trace_id' AS trace FROM telegram_messages
                WHERE id = ANY(CAST(:posts AS uuid[])) AND format IN ('event', 'persona')"""),
        {"posts": list(posts)},
    )
    return {row.id: row.trace for row in rows if row.trace}


def example(connection: Connection) -> str | None:
    """The trace of one item of ``chunk``, or of a message in it where items are albums; None where it says who is
    spoken of, or there is none."""
    found = connection.execute(
        # Each half compares with a column alone: behind row security nothing else may use an index.
        text("""WITH first AS (SELECT item_id FROM chunk LIMIT 1), posts AS (
                    SELECT item_id AS id FROM first
                    UNION ALL (SELECT i.post_id FROM first JOIN media_group_items i ON i.group_id = item_id LIMIT 1))
                SELECT t.raw->>'trace_id' FROM posts JOIN telegram_messages t USING (id)
                WHERE t.format IN ('event', 'persona') LIMIT 1""")
    ).scalar()
    return found if is_nameless(found) else None
