"""Asset ``media_groups``: albums as one unit, with kind, caption, cover and items in Telegram's order.

An album belongs to every window in which it has a message, and is always assembled from all of its messages,
so one that spans midnight or two imports comes out whole from either side. It waits for messages that an event named
as its own and that have not come; and, while live, a moment for those that nobody named.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tg_assets.albums.assemble import Album, AlbumItem, assemble
from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.checks import Rule
from tg_assets.events.albums import AlbumParsedEventV1
from tg_assets.ledger import outbox
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.metrics.tally import Tally
from tg_assets.stores.database import temp_rows

# Albums with a message in the window, hashed over all their messages; and albums whose messages left them.
INPUTS = """
    WITH touched AS (
        SELECT DISTINCT album_id FROM messages
        WHERE album_id IS NOT NULL AND channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
    )
    SELECT m.album_id AS item_id, min(m.posted_at) AS at, 0 AS tokens,
           md5(string_agg(concat_ws('/', m.id, m.content_hash, m.deleted_at, p.kind, p.sha256, p.missing_reason),
                          ',' ORDER BY m.telegram_message_id)) AS input_hash
    FROM messages m JOIN touched USING (album_id)
    LEFT JOIN post_media_map p ON p.post_id = m.id AND p.role = 'primary'
    GROUP BY m.album_id
    UNION ALL
    SELECT g.id, g.posted_at, 0, 'left'
    FROM media_groups g
    WHERE g.channel_id = ANY(:channels) AND g.posted_at >= :since AND g.posted_at < :until
      AND NOT EXISTS (SELECT FROM messages m WHERE m.album_id = g.id)
"""

IN_WINDOW = """
    g.id IN (SELECT id FROM media_groups
             WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until
             UNION ALL
             SELECT album_id FROM messages WHERE album_id IS NOT NULL
               AND channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until)
"""
"""Whether an album ``g`` belongs to a window: it has a message there, or had its first one there."""


# Albums of the chunk that are not whole yet, as far as anybody can tell. A message that was named a day ago, is
# known to be deleted or not to exist, is not waited for. What came in a time to come did so before the clock was set
# back; another transaction may have begun a little later than this one.
_NOT_WHOLE = """
    WITH album AS (
        SELECT DISTINCT c.item_id AS id, m.channel_id, m.grouped_id
        FROM chunk c JOIN messages m ON m.album_id = c.item_id
    ), missing AS (
        SELECT a.id, count(*) AS messages
        FROM album a JOIN message_facts f ON f.kind = 'album' AND f.channel_id = a.channel_id
                                         AND (f.data->>'grouped_id')::bigint = a.grouped_id
        WHERE f.version_at BETWEEN now() - interval '1 day' AND now() + interval '1 day'
          AND NOT EXISTS (SELECT FROM telegram_messages t WHERE t.id = f.id)
          AND NOT EXISTS (SELECT FROM message_facts d WHERE d.id = f.id AND d.kind = 'deleted')
          AND NOT EXISTS (SELECT FROM coverage v WHERE v.channel_id = a.channel_id
                                                   AND v.absent @> f.telegram_message_id)
        GROUP BY a.id
    ), fresh AS (
        SELECT a.id FROM album a JOIN messages m ON m.album_id = a.id JOIN telegram_messages t ON t.id = m.id
        GROUP BY a.id
        HAVING max(t.received_at) BETWEEN now() - make_interval(secs => :quiet)
                                      AND now() + make_interval(secs => :quiet)
    )
    SELECT id, messages || ' of its messages have not come' AS why FROM missing
    UNION ALL
    SELECT id, 'more of its messages may come' FROM fresh WHERE id NOT IN (SELECT id FROM missing)
"""


def _work(chunk: Chunk, quiet: float) -> Outcome:
    connection = chunk.connection
    waiting = {row.id: row.why for row in connection.execute(text(_NOT_WHOLE), {"quiet": quiet})}
    messages = connection.execute(
        text("""
            SELECT m.album_id, m.id AS post_id, m.channel_id, c.tg_channel_id, c.source, c.owner_id,
                   m.grouped_id, m.telegram_message_id, m.content,
                   m.posted_at, m.deleted_at, coalesce(p.kind, 'document') AS kind, p.sha256, o.id AS media_id
            FROM chunk JOIN messages m ON m.album_id = chunk.item_id JOIN channels c ON c.id = m.channel_id
            LEFT JOIN post_media_map p ON p.post_id = m.id AND p.role = 'primary'
            LEFT JOIN media_objects o ON o.sha256 = p.sha256
            ORDER BY m.album_id, m.telegram_message_id, p.position
        """)
    ).all()
    albums: dict[UUID, dict[int, Any]] = defaultdict(dict)
    for message in messages:
        if message.album_id not in waiting:
            albums[message.album_id].setdefault(message.telegram_message_id, message)
    outcome = Outcome(waiting=waiting)
    outcome.counts["albums"] = len(albums)
    outcome.counts["items"] = sum(len(items) for items in albums.values())
    _save(chunk, albums, waiting)
    outcome.counts["dissolved"] = connection.execute(
        text("""UPDATE media_groups g SET deleted_at = now(), items_count = 0, caption_text = NULL, meta = '{}',
                       updated_at = now() FROM chunk
                WHERE g.id = chunk.item_id AND g.deleted_at IS NULL
                  AND NOT EXISTS (SELECT FROM messages m WHERE m.album_id = g.id AND m.deleted_at IS NULL)""")
    ).rowcount
    return outcome


GROUP = {
    "id": "uuid", "channel_id": "uuid", "grouped_id": "bigint", "album_kind": "text", "items_count": "int",
    "content_hash": "text", "caption_text": "text", "cover_media_id": "uuid", "posted_at": "timestamptz",
}  # fmt: skip
ITEM = {
    "group_id": "uuid", "post_id": "uuid", "position": "int", "media_type": "text", "media_kind": "text",
    "media_sha256": "text", "media_object_id": "uuid", "deleted_at": "timestamptz",
}  # fmt: skip


def _save(chunk: Chunk, albums: dict[UUID, dict[int, Any]], waiting: Collection[UUID]) -> None:
    connection = chunk.connection
    events: list[AlbumParsedEventV1] = []
    groups: list[tuple[object, ...]] = []
    items: list[tuple[object, ...]] = []
    for album_id, messages in albums.items():
        album = assemble(
            [
                AlbumItem(number, row.kind, row.sha256, row.content, row.posted_at, row.deleted_at is not None)
                for number, row in messages.items()
            ]
        )
        first = next(iter(messages.values()))
        cover = messages[album.cover.message_id].media_id if album.cover else None
        groups.append(
            (album_id, first.channel_id, first.grouped_id, album.album_kind, album.items_count, album.content_hash,
             album.caption_text, cover, album.posted_at)
        )  # fmt: skip
        events.append(_event(chunk.scope.tenant, album_id, first, album))
        for placed in album.items:
            row = messages[placed.item.message_id]
            items.append(
                (
                    album_id,
                    row.post_id,
                    placed.position,
                    row.kind,
                    row.kind,
                    row.sha256,
                    row.media_id,
                    row.deleted_at,
                )
            )
    temp_rows(connection, "new_groups", GROUP, groups)
    temp_rows(connection, "new_items", ITEM, items)
    connection.execute(
        text("""DELETE FROM media_group_items i USING chunk c
                WHERE i.group_id = c.item_id AND c.item_id <> ALL(CAST(:waiting AS uuid[]))"""),
        {"waiting": list(waiting)},
    )
    connection.execute(
        text(f"""
            INSERT INTO media_groups (tenant_id, {", ".join(GROUP)})
            SELECT current_tenant(), {", ".join(GROUP)} FROM new_groups
            ON CONFLICT (tenant_id, id) DO UPDATE SET
                album_kind = excluded.album_kind, items_count = excluded.items_count, deleted_at = NULL,
                content_hash = excluded.content_hash, caption_text = excluded.caption_text,
                cover_media_id = excluded.cover_media_id, posted_at = excluded.posted_at, updated_at = now()
        """)  # noqa: S608 - constant column names
    )
    connection.execute(
        text(f"""INSERT INTO media_group_items (tenant_id, {", ".join(ITEM)})
                 SELECT current_tenant(), {", ".join(ITEM)} FROM new_items""")  # noqa: S608
    )
    outbox.send(connection, events)


def _event(tenant: UUID, album_id: UUID, message: Any, album: Album) -> AlbumParsedEventV1:
    """What is told of an album; its key names the content, so an album that changed is told of again."""
    return AlbumParsedEventV1(
        idempotency_key=f"{tenant}:{message.channel_id}:{message.grouped_id}:{album.content_hash}",
        tenant_id=str(tenant),
        channel_id=str(message.channel_id),
        tg_channel_id=message.tg_channel_id,
        source=message.source,
        owner_id=message.owner_id or None,
        album_id=str(album_id),
        grouped_id=message.grouped_id,
        album_kind=album.album_kind,
        items_count=album.items_count,
        caption_text=album.caption_text,
        posted_at=album.posted_at,
        telegram_message_ids=[placed.item.message_id for placed in album.live],
        content_hash=album.content_hash,
    )


def stage(quiet: float = 0.0) -> Stage:
    """The stage; an album is left alone until none of its messages came for ``quiet`` seconds."""
    return Stage("media_groups", "1", INPUTS, lambda chunk: _work(chunk, quiet), chunk_size=1000, counted=_counted)


def _counted(tally: Tally, settled: Mapping[str, int], _seconds: float) -> None:
    for status, count in settled.items():
        tally.count("albums_parsed", count, status=status)


ASSET = Asset(
    name="media_groups",
    description="Albums with their items in order; the count is counted, the caption and the cover are derived.",
    group="telegram",
    kinds=frozenset({"python", "postgres"}),
    deps=("posts", "media_objects"),
    stages=lambda tools: (stage(tools.settings.album_quiet_seconds if tools.is_live else 0.0),),
    ledger=("media_groups",),
    live=Live(whole=True),
    checks=(
        Rule(
            "media_groups",
            "album_counts_are_true",
            "items_count of each album is the number of its live items.",
            """SELECT count(*) FROM media_groups g WHERE g.items_count <> (
                   SELECT count(*) FROM media_group_items i WHERE i.group_id = g.id AND i.deleted_at IS NULL)""",
            "albums with a wrong count",
        ),
    ),
)
