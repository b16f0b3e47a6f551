"""Traces: the id that an event came with stays with what is made of its message, to the events that tell of it.

The message as it was received has it. What does not belong here: sending events, metrics.
"""

import re
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

# As W3C Trace Context and UUIDs have them; what else a producer takes for one may name a chat or a person.
_ANONYMOUS = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_CAME = "t.format IN ('event', 'persona') AND t.raw ? 'trace_id'"


def traces(connection: Connection, posts: Collection[str]) -> Mapping[str, str]:
    """Traces by post id, of those whose newest version came as an event that had one."""
    if not posts:
        return {}
    rows = connection.execute(
        text(f"""SELECT CAST(t.id AS text) AS id, t.raw->>'trace_id' AS trace FROM telegram_messages t
                 WHERE t.id = ANY(CAST(:posts AS uuid[])) AND {_CAME}"""),  # noqa: S608 - a constant
        {"posts": list(posts)},
    )
    return {row.id: row.trace for row in rows if row.trace}


def example(connection: Connection) -> str | None:
    """The trace of one item of ``chunk``, or of a message in it where items are albums; None where it says who is
    spoken of, or there is none."""
    found = connection.execute(
        text(f"""SELECT t.raw->>'trace_id' FROM (SELECT item_id FROM chunk LIMIT 1) c
                 LEFT JOIN LATERAL (
                     SELECT post_id FROM media_group_items i WHERE i.group_id = c.item_id LIMIT 1) i ON true
                 JOIN telegram_messages t ON t.id = coalesce(i.post_id, c.item_id)
                 WHERE {_CAME}""")  # noqa: S608 - a constant
    ).scalar()
    return found if found and _ANONYMOUS.fullmatch(found) else None
