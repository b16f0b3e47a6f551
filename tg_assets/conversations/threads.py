"""Threads: a message, what answers it, and what answers those, as far as replies tell.

A thread begins at a message that answers none of its chat, or none that is here, and has all that answer it, directly
or over others, in at most ``STEPS`` steps; of those the first ``MOST`` by number. Messages further away from its
beginning are in windows alone. It is a unit when it is longer than ``APART``: what is said at once, one window has.

That a message of a topic is filed under the message that began the topic answers nothing, nor does what refers to a
later message or to another chat; what answers a service message is no thread. A deleted message answers none, and lends
no words. Messages that answer one that is not here belong together as if it were. A thread is known by the first of its
messages that is here, and touches every partition in which it has one: a message that comes late, is edited or deleted
there makes it anew.
"""

from tg_assets.conversations.members import COLUMNS, ENRICHED, LEAST, MADE_OF, SPEAKS

STEPS = 8
MOST = 24
APART = "30 minutes"


def _answers(m: str) -> str:
    """Whether a message answers another one of its chat."""
    return f"""{m}.reply_to_message_id IS NOT NULL AND {m}.reply_to_chat_id IS NULL
        AND {m}.reply_to_message_id < {m}.telegram_message_id
        AND {m}.reply_to_message_id IS DISTINCT FROM {m}.forum_topic_id"""


_SCOPE = """
    SELECT m.channel_id, m.telegram_message_id AS number FROM messages m
    WHERE m.channel_id = ANY(:channels) AND m.source <> 'channel' AND m.posted_at >= :since
      AND m.posted_at < :until
"""
# One that begins with an answer to a message that was not here yet may be of any later time.
STORED = f"""
    SELECT u.* FROM conversations u
    WHERE u.kind = 'thread' AND u.deleted_at IS NULL AND u.channel_id = ANY(:channels)
      AND u.posted_at < :until AND u.reaches >= :since
    UNION
    SELECT u.* FROM ({_SCOPE}) come
    JOIN messages a ON a.channel_id = come.channel_id AND a.reply_to_message_id = come.number
    JOIN conversations u ON u.kind = 'thread' AND u.anchor = a.id AND u.deleted_at IS NULL
"""  # noqa: S608 - constants
"""Stored threads that may be others now because of messages in ``[:since, :until)``."""

# Up from every message that may have changed a thread, then down again from where its threads begin. A message's number
# is less than those of what answers it, so the first MOST of a thread are whole branches: of each message only so many
# answers need to be followed.
_OF_TOUCHED = f"""
    ), up AS (
        SELECT channel_id, number, 0 AS step FROM touched
        UNION
        SELECT up.channel_id, m.reply_to_message_id, up.step + 1
        FROM up JOIN messages m ON m.channel_id = up.channel_id AND m.telegram_message_id = up.number
        WHERE up.step < {STEPS} AND {_answers("m")}
    ), roots AS (
        SELECT DISTINCT up.channel_id, up.number FROM up
        LEFT JOIN messages m ON m.channel_id = up.channel_id AND m.telegram_message_id = up.number
        WHERE m.id IS NULL OR NOT ({_answers("m")}) AND NOT m.is_service
    ), down AS (
        SELECT channel_id, number AS root, number, 0 AS step FROM roots
        UNION ALL
        SELECT down.channel_id, down.root, answer.number, down.step + 1
        FROM down CROSS JOIN LATERAL (
            SELECT a.telegram_message_id AS number FROM messages a
            WHERE a.channel_id = down.channel_id AND a.reply_to_message_id = down.number AND {_answers("a")}
            ORDER BY a.telegram_message_id LIMIT {MOST}) answer
        WHERE down.step < {STEPS}
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY channel_id, root ORDER BY number) AS n,
               count(*) OVER (PARTITION BY channel_id, root) AS size FROM down
    ), said AS (
        SELECT p.channel_id, p.root, m.id, m.telegram_message_id, m.posted_at, {SPEAKS} AS speaks, {MADE_OF} AS made_of
        FROM placed p JOIN messages m ON m.channel_id = p.channel_id AND m.telegram_message_id = p.number {ENRICHED}
        WHERE p.n <= {MOST} AND p.size > 1
    )
    SELECT {COLUMNS} FROM (
        SELECT channel_id, (array_agg(id ORDER BY telegram_message_id))[1] AS anchor,
               (array_agg(posted_at ORDER BY telegram_message_id))[1] AS posted_at, max(posted_at) AS reaches,
               min(telegram_message_id) FILTER (WHERE speaks) AS first_message_id,
               max(telegram_message_id) FILTER (WHERE speaks) AS last_message_id,
               array_agg(id ORDER BY telegram_message_id) FILTER (WHERE speaks) AS posts,
               md5(string_agg(made_of, ',' ORDER BY telegram_message_id) FILTER (WHERE speaks)) AS content_hash
        FROM said GROUP BY channel_id, root
        HAVING count(*) FILTER (WHERE speaks) >= {LEAST} AND max(posted_at) - min(posted_at) > interval '{APART}'
    ) threads
"""  # noqa: S608 - constants

UNITS = f"""
    WITH RECURSIVE touched AS (
        {_SCOPE}
        UNION
        SELECT m.channel_id, m.telegram_message_id
        FROM ({STORED}) u CROSS JOIN LATERAL unnest(u.anchor || u.posts) AS p (id) JOIN messages m ON m.id = p.id
{_OF_TOUCHED}
"""  # noqa: S608 - constants
"""Threads that have a message in ``[:since, :until)`` or had one, of the chats ``:channels``."""

OF_CHUNK = f"""
    WITH RECURSIVE touched AS (
        SELECT m.channel_id, m.telegram_message_id AS number FROM chunk JOIN messages m ON m.id = chunk.item_id
{_OF_TOUCHED}
"""  # noqa: S608 - constants
"""Threads of the messages of ``chunk``."""
