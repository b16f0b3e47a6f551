"""Albums of chats that an export brought: Desktop exports leave out ``grouped_id``, so it is rebuilt after landing.

The rule runs over the chat's stored media messages, not over what has just come: two overlapping exports that cut an
album in half give the whole album, and events that came before or after an export belong to the same albums. What does
not belong here: the rule itself (``rebuild``), what is made of albums (``media_groups``).
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.stores.database import temp_rows
from tg_assets.telegram.rebuild import MAX_ITEMS, MediaItem, rebuild

# An event may leave out its album and its author; history always tells of an album. A deleted message keeps its place.
_ITEMS = text("""
    SELECT telegram_message_id, posted_at, media->0->>'kind' AS kind, told_grouped_id,
           CASE WHEN format = 'desktop' THEN coalesce(raw->>'from_id', raw->>'from') END AS author,
           coalesce(raw->'text', raw->'message', '""') NOT IN ('""', '[]') AS has_caption,
           format = 'desktop' AS exported,
           format = 'telethon' AND told_grouped_id IS NULL AND deleted_at IS NULL AS alone
    FROM telegram_messages
    WHERE channel_id = :channel AND media->0->>'role' = 'primary'
      AND NOT (raw->>'type' IS NOT DISTINCT FROM 'service' OR raw->'is_service' IS NOT DISTINCT FROM 'true'
               OR raw->>'_' IS NOT DISTINCT FROM 'MessageService')
    ORDER BY telegram_message_id
""")


def _media_items(connection: Connection, channel: UUID) -> Iterator[MediaItem]:
    rows = connection.execute(_ITEMS, {"channel": channel}, execution_options={"yield_per": 2000})
    for row in rows:
        yield MediaItem(
            row.telegram_message_id, row.posted_at, row.author, row.has_caption, row.kind, row.told_grouped_id,
            row.alone, row.exported,
        )  # fmt: skip


def regroup(connection: Connection, channel: UUID) -> None:
    """Set ``grouped_id`` of a chat's messages.

    Messages that are now in another album are added to the temporary table ``landed``.
    """
    grouped = rebuild(_media_items(connection, channel))
    rows = [(ids.post_id(channel, message_id), grouped_id) for message_id, grouped_id in grouped]
    connection.execute(text("DROP TABLE IF EXISTS regrouped, moved"))
    temp_rows(connection, "regrouped", {"id": "uuid PRIMARY KEY", "grouped_id": "bigint"}, rows)
    connection.execute(text("ANALYZE regrouped"))
    # Step by step and counted: what is joined has just landed, so the planner would take the whole chat for one row.
    connection.execute(
        text("""
            CREATE TEMP TABLE moved ON COMMIT DROP AS
            SELECT m.id, m.channel_id, m.posted_at, m.grouped_id AS was,
                   coalesce(m.told_grouped_id, r.grouped_id) AS grouped_id
            FROM telegram_messages m LEFT JOIN regrouped r USING (id)
            WHERE m.channel_id = :channel AND m.grouped_id IS DISTINCT FROM coalesce(m.told_grouped_id, r.grouped_id)
        """),
        {"channel": channel},
    )
    connection.execute(text("ANALYZE moved"))
    connection.execute(
        text("UPDATE telegram_messages t SET grouped_id = moved.grouped_id FROM moved WHERE t.id = moved.id")
    )
    connection.execute(
        text("""INSERT INTO landed SELECT id, channel_id, posted_at, was FROM moved
                WHERE NOT EXISTS (SELECT FROM landed l WHERE l.id = moved.id)""")
    )


def regroup_touched(connection: Connection) -> None:
    """Regroup the chats in which messages of ``landed`` replaced an exported one, or are near one with media.

    What is left of albums that messages of ``landed`` were in is added to it: it may lie in another partition.
    """
    touched = connection.execute(
        text("""
            SELECT DISTINCT l.channel_id FROM landed l
            JOIN telegram_messages m ON m.id = l.id LEFT JOIN verdict v ON v.id = l.id
            WHERE (m.media <> '[]' OR m.grouped_id IS NOT NULL) AND (v.stored_format = 'desktop'
              OR (m.format = 'deleted' AND m.grouped_id IS DISTINCT FROM m.told_grouped_id) OR EXISTS (
                SELECT FROM telegram_messages n
                WHERE n.channel_id = l.channel_id AND n.format = 'desktop' AND n.media <> '[]'
                  AND n.telegram_message_id BETWEEN m.telegram_message_id - :near AND m.telegram_message_id + :near))
        """),
        {"near": 2 * MAX_ITEMS},
    ).scalars()
    for channel in touched.all():
        regroup(connection, channel)
    add_left(connection)


def add_left(connection: Connection) -> None:
    """Add to ``landed`` the messages of albums that others of it have left."""
    albums = connection.execute(
        text("""SELECT DISTINCT l.channel_id, l.was FROM landed l JOIN telegram_messages t USING (id)
                WHERE l.was <> coalesce(t.grouped_id, 0)""")
    ).all()
    if albums:
        connection.execute(
            text("""
                INSERT INTO landed
                SELECT m.id, m.channel_id, m.posted_at, m.grouped_id
                FROM unnest(CAST(:chats AS uuid[]), CAST(:albums AS bigint[])) AS album (channel_id, was)
                JOIN messages m ON m.channel_id = album.channel_id AND m.grouped_id = album.was
                WHERE NOT EXISTS (SELECT FROM landed l WHERE l.id = m.id)
            """),
            {"chats": [str(row.channel_id) for row in albums], "albums": [row.was for row in albums]},
        )
