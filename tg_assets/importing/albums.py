"""Albums of an imported chat: Desktop exports leave out ``grouped_id``, so it is rebuilt after landing.

The rule runs over the chat's landed media messages, not over the file: two overlapping exports that cut an
album in half give the whole album.
"""

from collections.abc import Iterator
from datetime import tzinfo
from uuid import UUID

from sqlalchemy import Connection, text

from resources.postgres import temp_rows
from tg_assets import ids
from tg_assets.albums.rebuild import MediaItem, rebuild
from tg_assets.telegram.message import MessageHead, read_head


def _media_items(connection: Connection, channel: UUID, tz: tzinfo) -> Iterator[MediaItem]:
    rows = connection.execute(
        text("""SELECT raw FROM telegram_messages
                WHERE channel_id = :channel AND format = 'desktop' AND media <> '[]'
                ORDER BY telegram_message_id"""),
        {"channel": channel},
        execution_options={"yield_per": 2000},
    )
    for (raw,) in rows:
        head = read_head(raw, tz)
        if isinstance(head, MessageHead) and not head.is_service:
            yield MediaItem(head.message_id, head.posted_at, head.author, head.has_caption, head.media_kind or "photo")


def rebuild_albums(connection: Connection, channel: UUID, tz: tzinfo) -> int:
    """Set ``grouped_id`` of a chat's imported messages; returns how many albums there are."""
    grouped = list(rebuild(_media_items(connection, channel, tz)))
    rows = [(ids.post_id(channel, message_id), grouped_id) for message_id, grouped_id in grouped]
    connection.execute(text("DROP TABLE IF EXISTS regrouped"))
    temp_rows(connection, "regrouped", {"id": "uuid", "grouped_id": "bigint"}, rows)
    connection.execute(text("ANALYZE regrouped"))
    connection.execute(
        text("""UPDATE telegram_messages t SET grouped_id = r.grouped_id FROM regrouped r
                WHERE t.id = r.id AND t.grouped_id IS DISTINCT FROM r.grouped_id""")
    )
    connection.execute(
        text("""UPDATE telegram_messages t SET grouped_id = NULL
                WHERE channel_id = :channel AND format = 'desktop' AND grouped_id IS NOT NULL
                  AND id NOT IN (SELECT id FROM regrouped)"""),
        {"channel": channel},
    )
    return len({grouped_id for _, grouped_id in grouped})
