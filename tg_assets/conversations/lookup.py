"""What search asks of conversations: the lines of units, and the lines around a line, each in one statement.

Both answer with ids of messages of the tenant; whoever shows them looks whether they may be seen. What does not belong
here: ranking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.conversations.windows import SILENCE
from tg_assets.stores.prepared import prepared

REACH = 3
"""Lines before a line and after it that are its neighbours."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's lines, by ids of posts, in order."""

    id: UUID
    kind: str
    posts: tuple[str, ...]


def units(connection: Connection, wanted: Sequence[str]) -> dict[str, Unit]:
    """Units by id, as far as they are there."""
    if not wanted:
        return {}
    rows = connection.execute(
        prepared("""SELECT id, kind, CAST(posts AS text[]) AS posts FROM conversations
                WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL"""),
        {"ids": list(wanted)},
    )
    return {str(row.id): Unit(row.id, row.kind, tuple(row.posts)) for row in rows}


_SIDE = """
    SELECT id, {side} AS side, row_number() OVER w AS place,
           abs(extract(epoch FROM posted_at - coalesce(lag(posted_at) OVER w, h.posted_at))) AS apart
    FROM (SELECT m.id, m.posted_at, m.telegram_message_id FROM messages m
          WHERE m.channel_id = h.channel_id AND m.posted_at {to} h.posted_at
            AND m.posted_at {back} h.posted_at {sign} {reach} * interval '{silence}'
            AND (m.posted_at, m.telegram_message_id) {beyond} (h.posted_at, h.telegram_message_id)
            AND coalesce(m.forum_topic_id, 0) = coalesce(h.forum_topic_id, 0) AND m.deleted_at IS NULL
            AND NOT m.is_service
          ORDER BY m.posted_at {order}, m.telegram_message_id {order} LIMIT {reach}) nearest
    WINDOW w AS (ORDER BY posted_at {order}, telegram_message_id {order})
"""
_BEFORE = _SIDE.format(
    side=-1, to="<=", back=">=", sign="-", beyond="<", order="DESC", reach=REACH, silence=SILENCE
)  # fmt: skip
_AFTER = _SIDE.format(side=1, to=">=", back="<=", sign="+", beyond=">", order="ASC", reach=REACH, silence=SILENCE)
# Each side by a step through the index of a chat's messages; a silence ends it.
_AROUND = f"""
    WITH near AS (
        SELECT h.id AS line, n.id, n.side, n.place,
               max(n.apart) OVER (PARTITION BY h.id, n.side ORDER BY n.place) AS apart
        FROM messages h CROSS JOIN LATERAL (({_BEFORE}) UNION ALL ({_AFTER})) n
        WHERE h.id = ANY(CAST(:ids AS uuid[])) AND h.source <> 'channel' AND h.deleted_at IS NULL
          AND (CAST(:chats AS uuid[]) IS NULL OR h.channel_id = ANY(CAST(:chats AS uuid[])))
    )
    SELECT CAST(line AS text) AS line, CAST(array_agg(id ORDER BY side * place) AS text[]) AS near,
           array_agg(side * place ORDER BY side * place) AS places FROM near
    WHERE apart <= extract(epoch FROM interval '{SILENCE}') GROUP BY line
"""  # noqa: S608 - constants


def around(
    connection: Connection, posts: Sequence[str], chats: Sequence[str] | None = None
) -> Mapping[str, Mapping[str, int]]:
    """Neighbours of each line of a group or a dialogue, or only of lines of some chats, up to a silence on each side.

    Each with its place: 1 is what was said next, -1 what was said before. They are in the order they were said.
    """
    if not posts or chats == []:
        return {}
    values = {"ids": list(posts), "chats": chats}
    return {
        row.line: dict(zip(row.near, row.places, strict=True)) for row in connection.execute(prepared(_AROUND), values)
    }
