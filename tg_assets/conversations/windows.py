"""Windows: stretches of a chat's talk, in a forum of one topic's.

Messages of a chat (of a topic) and of one day in UTC are ordered by time and number. A window begins

* after a silence of more than ``SILENCE``, and with the day;
* else at a message whose number has the least hash among the ``NEAR`` messages before it and after it, unless fewer
  than ``NEAR`` of the talk are before it or follow it. Such messages come as by chance, every ``2 · NEAR + 1`` messages
  on average and never nearer than ``NEAR + 1``.

So a late message changes at most the windows around it, an edit and a deletion the one that they are in: a deleted
message keeps its place and lends no words. Of a window that is longer than ``MOST`` messages, which chance hardly ever
makes, the rest is in none. A window is known by its first message; it ends with its day, so a partition has it whole.
Service messages are no talk. Boundaries by content are those of content-defined chunking (LBFS, 2001).
"""

from tg_assets.conversations.members import COLUMNS, ENRICHED, LEAST, MADE_OF, SPEAKS

SILENCE = "30 minutes"
NEAR = 4
MOST = 64

_TALK = "PARTITION BY channel_id, topic, day, silences ORDER BY posted_at, telegram_message_id"
_PLACE = "ORDER BY posted_at, telegram_message_id"

# Hashes compare by bytes, whatever the database's language.
UNITS = f"""
    WITH said AS (
        SELECT m.id, m.channel_id, m.telegram_message_id, m.posted_at, coalesce(m.forum_topic_id, 0) AS topic,
               (m.posted_at AT TIME ZONE 'UTC')::date AS day, {SPEAKS} AS speaks, {MADE_OF} AS made_of,
               md5(m.telegram_message_id::text) COLLATE "C" AS chance
        FROM messages m {ENRICHED}
        WHERE m.channel_id = ANY(:channels) AND m.source <> 'channel' AND NOT m.is_service
          AND m.posted_at >= date_trunc('day', CAST(:since AS timestamptz), 'UTC')
          AND m.posted_at < date_trunc('day', CAST(:until AS timestamptz) - interval '1 microsecond', 'UTC')
                            + interval '1 day'
    ), apart AS (
        SELECT *, posted_at - lag(posted_at) OVER (PARTITION BY channel_id, topic, day {_PLACE})
                  > interval '{SILENCE}' AS is_late FROM said
    ), talks AS (
        SELECT *, count(*) FILTER (WHERE is_late) OVER (PARTITION BY channel_id, topic, day {_PLACE}) AS silences
        FROM apart
    ), places AS (
        SELECT *, row_number() OVER talk AS place,
               count(*) OVER (PARTITION BY channel_id, topic, day, silences) AS size,
               min(chance) OVER (talk ROWS BETWEEN {NEAR} PRECEDING AND {NEAR} FOLLOWING) AS least
        FROM talks WINDOW talk AS ({_TALK})
    ), parts AS (
        SELECT *, count(*) FILTER (WHERE chance = least AND place > {NEAR} AND size - place >= {NEAR})
                  OVER ({_TALK}) AS part FROM places
    ), numbered AS (
        SELECT *, row_number() OVER (PARTITION BY channel_id, topic, day, silences, part {_PLACE}) AS n FROM parts
    ), units AS (
        SELECT channel_id, (array_agg(id {_PLACE}))[1] AS anchor,
               min(posted_at) AS posted_at, max(posted_at) AS reaches,
               (array_agg(telegram_message_id {_PLACE}) FILTER (WHERE speaks))[1] AS first_message_id,
               (array_agg(telegram_message_id ORDER BY posted_at DESC, telegram_message_id DESC)
                FILTER (WHERE speaks))[1] AS last_message_id,
               array_agg(id {_PLACE}) FILTER (WHERE speaks) AS posts,
               md5(string_agg(made_of, ',' {_PLACE}) FILTER (WHERE speaks)) AS content_hash
        FROM numbered WHERE n <= {MOST} GROUP BY channel_id, topic, day, silences, part
        HAVING count(*) FILTER (WHERE speaks) >= {LEAST}
    )
    SELECT {COLUMNS} FROM units WHERE posted_at >= :since AND posted_at < :until
"""  # noqa: S608 - constants
"""Windows that begin in ``[:since, :until)``, of the chats ``:channels``."""

OF_CHUNK = UNITS
"""Those of ``chunk``, whose items are in their scope: with a stretch around them."""

STORED = """
    SELECT u.* FROM conversations u
    WHERE u.kind = 'window' AND u.deleted_at IS NULL AND u.channel_id = ANY(:channels)
      AND u.posted_at >= :since AND u.posted_at < :until
"""
"""Stored windows that begin there."""
