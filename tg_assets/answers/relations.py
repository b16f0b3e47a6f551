"""Who replied to messages and who forwarded them, and the threads that replies make.

What a message itself names (what it replies to, what it was forwarded from) it carries as a computed id
(``rows.Message``); here is the way back. A statement for any number of messages. What does not belong here:
neighbours in time.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.rows import SPEAKS

MOST = 50
"""Of each kind and message; the earliest."""

# A reply is in the chat that it answers in, unless it names another.
SAME_CHAT = "(m.reply_to_chat_id IS NULL OR m.reply_to_chat_id IN (c.tg_channel_id, c.peer_id))"
# What may be one is read once for all of the messages; only then it is told whose it is.
_RELATED = f"""
    WITH wanted AS MATERIALIZED (
        SELECT m.id, m.channel_id, m.telegram_message_id, c.peer_id, c.owner_id
        FROM messages m JOIN channels c ON c.id = m.channel_id WHERE m.id = ANY(CAST(:ids AS uuid[])) AND {SEEN}
    ), reply AS MATERIALIZED (
        SELECT m.id, m.channel_id, m.telegram_message_id, m.reply_to_message_id, m.posted_at
        FROM messages m JOIN channels c ON c.id = m.channel_id
        WHERE m.channel_id = ANY(ARRAY(SELECT channel_id FROM wanted))
          AND m.reply_to_message_id = ANY(ARRAY(SELECT telegram_message_id FROM wanted)) AND {SAME_CHAT} AND {SPEAKS}
    ), forward AS MATERIALIZED (
        SELECT m.id, c.owner_id, m.forward_from_chat_id, m.forward_from_message_id, m.posted_at
        FROM messages m JOIN channels c ON c.id = m.channel_id
        WHERE :forwards AND m.forward_from_message_id = ANY(ARRAY(SELECT telegram_message_id FROM wanted))
          AND m.forward_from_chat_id = ANY(ARRAY(SELECT peer_id FROM wanted)) AND {SEEN} AND {SPEAKS}
    ), found AS (
        SELECT w.id AS of_message, 'reply' AS how, r.id, r.posted_at FROM wanted w JOIN reply r
            ON r.channel_id = w.channel_id AND r.reply_to_message_id = w.telegram_message_id
               AND r.telegram_message_id > w.telegram_message_id
        UNION ALL
        SELECT w.id, 'forward', f.id, f.posted_at FROM wanted w JOIN forward f
            ON f.forward_from_chat_id = w.peer_id AND f.forward_from_message_id = w.telegram_message_id
               AND (w.owner_id = 0 OR f.owner_id = w.owner_id)
    )
    SELECT of_message, how, id FROM (
        SELECT *, row_number() OVER (PARTITION BY of_message, how ORDER BY posted_at, id) AS place FROM found
    ) numbered WHERE place <= :most ORDER BY of_message, how DESC, place
"""  # noqa: S608 - constants


def related(
    connection: Connection, archive: Archive, wanted: Collection[UUID], most: int = MOST, *, forwards: bool = True
) -> list[tuple[UUID, str, UUID]]:
    """``(message, how, other)`` for messages that the archive shows: the other is a ``reply`` or ``forward`` of it.

    Forwards are looked for in all chats, which takes as long as there are messages; without them, only in the chats
    of the messages.
    """
    if not wanted:
        return []
    values = {"ids": [str(one) for one in wanted], "most": most, "forwards": forwards, **archive.seen}
    return [tuple(row) for row in connection.execute(text(_RELATED), values).tuples()]
