"""The thread that a message is in: from the message that began it, every reply to a reply, in order of time.

A topic of a forum, and comments under a post of a channel, are threads as well: those begin with the copy of the post
in the group of its comments, and asked of the post itself they are found through the copy. What does not belong here:
conversations without replies.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.cursors import IN_TIME, place_of, written
from tg_assets.answers.neighbours import check_count
from tg_assets.answers.references import locate
from tg_assets.answers.relations import SAME_CHAT
from tg_assets.answers.rows import SPEAKS, Message, NotThere, messages_by_id

MOST = 500
DEPTH = 200
"""Replies to replies that are followed up and down."""


@dataclass(frozen=True, slots=True)
class Thread:
    """``messages`` begin with the root, the earliest that is here; ``cursor`` leads on, None at the end."""

    root: UUID
    total: int
    messages: tuple[Message, ...]
    cursor: str | None


_UP = f"""
    WITH RECURSIVE up AS (
        SELECT m.id, m.channel_id, m.telegram_message_id,
               CASE WHEN {SAME_CHAT} THEN coalesce(m.reply_to_message_id, m.thread_id) END AS parent, 0 AS depth
        FROM messages m JOIN channels c ON c.id = m.channel_id WHERE m.id = CAST(:id AS uuid) AND {SEEN}
        UNION ALL
        SELECT m.id, m.channel_id, m.telegram_message_id,
               CASE WHEN {SAME_CHAT} THEN coalesce(m.reply_to_message_id, m.thread_id) END, up.depth + 1
        FROM up JOIN messages m ON m.channel_id = up.channel_id AND m.telegram_message_id = up.parent
        JOIN channels c ON c.id = m.channel_id
        WHERE up.parent < up.telegram_message_id AND up.depth < {DEPTH}
    )
    SELECT id FROM up ORDER BY depth DESC LIMIT 1
"""  # noqa: S608 - constants
_DOWN = f"""
    WITH RECURSIVE root AS MATERIALIZED (
        SELECT m.id, m.channel_id, m.telegram_message_id, c.peer_id, c.owner_id
        FROM messages m JOIN channels c ON c.id = m.channel_id WHERE m.id = CAST(:root AS uuid) AND {SEEN}
    ), beginning AS MATERIALIZED (
        SELECT id, channel_id, telegram_message_id FROM root
        UNION
        SELECT m.id, m.channel_id, m.telegram_message_id
        FROM root JOIN messages m ON m.forward_from_chat_id = root.peer_id
             AND m.forward_from_message_id = root.telegram_message_id AND m.source = 'group'
        JOIN channels c ON c.id = m.channel_id WHERE root.owner_id = 0 AND {SEEN}
    ), reply AS MATERIALIZED (
        SELECT m.id, m.channel_id, m.telegram_message_id, m.reply_to_message_id AS parent, m.thread_id
        FROM (SELECT channel_id, min(telegram_message_id) AS first FROM beginning GROUP BY channel_id) b
        JOIN messages m ON m.channel_id = b.channel_id AND m.telegram_message_id > b.first
        JOIN channels c ON c.id = m.channel_id
        WHERE (m.reply_to_message_id IS NOT NULL OR m.thread_id IS NOT NULL) AND {SAME_CHAT}
    ), thread AS (
        SELECT id, channel_id, telegram_message_id, 0 AS depth FROM beginning
        UNION
        SELECT r.id, r.channel_id, r.telegram_message_id, t.depth + 1
        FROM thread t JOIN reply r ON r.channel_id = t.channel_id AND r.parent = t.telegram_message_id
        WHERE t.depth < {DEPTH} AND r.telegram_message_id > t.telegram_message_id
    ), member AS (
        SELECT id FROM thread
        UNION
        SELECT r.id FROM beginning b JOIN reply r ON r.channel_id = b.channel_id AND r.thread_id = b.telegram_message_id
    ), shown AS (
        SELECT m.id, m.posted_at, m.telegram_message_id FROM member JOIN messages m ON m.id = member.id
        WHERE ({SPEAKS}) OR m.id = CAST(:root AS uuid)
    )
    SELECT id, posted_at, telegram_message_id, total FROM (
        SELECT *, count(*) OVER () AS total FROM shown
    ) counted
    WHERE CAST(:at AS timestamptz) IS NULL
          OR (posted_at, telegram_message_id, id)
             > (CAST(:at AS timestamptz), CAST(:number AS bigint), CAST(:after AS uuid))
    ORDER BY posted_at, telegram_message_id, id LIMIT :limit
"""  # noqa: S608 - constants


def thread(archive: Archive, given: str | UUID, limit: int = 100, cursor: str | None = None) -> Thread:
    """The thread of a message, named as ``references`` reads it. Raises NotThere and CursorRefused."""
    check_count("limit", limit, MOST, 1)
    with archive.reading() as connection:
        one = locate(connection, archive, given)
        root: UUID | None = connection.execute(text(_UP), {"id": str(one), **archive.seen}).scalar()
        if root is None:  # its chat has gone since
            raise NotThere
        question = ("thread", root)
        at, number, after = place_of(archive, question, cursor, IN_TIME) or (None, None, None)
        values = {"root": str(root), "at": at, "number": number, "after": after, "limit": limit + 1, **archive.seen}
        rows = connection.execute(text(_DOWN), values).all()
        found = tuple(messages_by_id(connection, archive, [row.id for row in rows[:limit]]).values())
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]  # also where it has gone since: those after it are asked for
        more = written(archive, question, (last.posted_at.isoformat(), last.telegram_message_id, str(last.id)))
    return Thread(root, rows[0].total if rows else 0, found, more)
