"""SQL of an import: stage a whole export in the temporary table ``incoming`` before anything lands.

Everything runs in the caller's one transaction, so an import lands whole or not at all. How rows land is the
same for every way in (``tg_assets.landing.rows``).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.landing.incoming import create_incoming
from tg_assets.stores.database import temp_rows


def create_staging(connection: Connection) -> None:
    """The temporary table that a whole export is read into before anything lands."""
    connection.execute(text("DROP TABLE IF EXISTS incoming"))
    create_incoming(connection)


def index_staging(connection: Connection) -> None:
    """Tell the planner what is in the staging table, once it is full."""
    connection.execute(text("CREATE INDEX ON incoming (ordinal)"))
    connection.execute(text("ANALYZE incoming"))


def set_moment(connection: Connection, day: datetime | None) -> None:
    """Say when the staged export was made: not before its newest message or edit, nor before ``day``.

    What claims to be of the future says nothing.
    """
    connection.execute(
        text("""UPDATE incoming SET version_at = moment.at FROM (
                    SELECT max(at) AS at FROM (
                        SELECT posted_at AS at FROM incoming UNION ALL SELECT edited_at FROM incoming
                        UNION ALL SELECT CAST(:day AS timestamptz)) shown
                    WHERE at <= now()) moment"""),
        {"day": day},
    )


def drop_duplicates(connection: Connection, chat: int) -> int:
    """Keep one row per message of a chat: the latest edit, then the last in the file. Returns how many went."""
    return connection.execute(
        text("""
            DELETE FROM incoming i USING (
                SELECT ordinal, row_number() OVER (
                    PARTITION BY message_id ORDER BY edited_at DESC NULLS LAST, ordinal DESC) AS place
                FROM incoming WHERE chat = :chat
            ) ranked
            WHERE i.ordinal = ranked.ordinal AND ranked.place > 1
        """),
        {"chat": chat},
    ).rowcount


def set_ids(connection: Connection, chat: int, channel: UUID) -> None:
    """Give ids to staged rows whose chat was not known, or taken for another one, while they were read."""
    connection.execute(
        text("""UPDATE incoming SET channel_id = :channel, id = NULL
                WHERE chat = :chat AND channel_id IS DISTINCT FROM :channel"""),
        {"chat": chat, "channel": channel},
    )
    missing = connection.execute(
        text("SELECT DISTINCT message_id FROM incoming WHERE chat = :chat AND id IS NULL"), {"chat": chat}
    ).scalars()
    numbers = list(missing)
    connection.execute(
        text("""
            UPDATE incoming i SET id = new.id
            FROM unnest(CAST(:numbers AS bigint[]), CAST(:ids AS uuid[])) AS new (message_id, id)
            WHERE i.chat = :chat AND i.message_id = new.message_id
        """),
        {"chat": chat, "numbers": numbers, "ids": [str(ids.post_id(channel, number)) for number in numbers]},
    )


def media_batches(connection: Connection, chat: int, size: int) -> Iterator[list[tuple[int, list[dict[str, object]]]]]:
    """Staged messages with media as (ordinal, media list), in batches, in order of the file; not deleted ones."""
    last = -1
    while True:
        rows = connection.execute(
            text("""SELECT ordinal, media FROM incoming i WHERE chat = :chat AND media <> '[]' AND ordinal > :last
                      AND NOT EXISTS (SELECT FROM message_facts f WHERE f.id = i.id AND f.kind = 'deleted')
                    ORDER BY ordinal LIMIT :size"""),
            {"chat": chat, "last": last, "size": size},
        ).all()
        if not rows:
            return
        yield [(row[0], row[1]) for row in rows]
        last = rows[-1][0]


def set_media(connection: Connection, media: Sequence[tuple[int, str]]) -> None:
    """Replace staged media lists by what became of them, given as (ordinal, JSON)."""
    connection.execute(
        text("""
            UPDATE incoming i SET media = new.media
            FROM unnest(CAST(:ordinals AS bigint[]), CAST(:media AS jsonb[])) AS new (ordinal, media)
            WHERE i.ordinal = new.ordinal
        """),
        {"ordinals": [row[0] for row in media], "media": [row[1] for row in media]},
    )


def count_albums(connection: Connection, chat: int) -> int:
    """How many albums have a message in what came in."""
    return int(
        connection.execute(
            text("""SELECT count(DISTINCT t.grouped_id) FROM telegram_messages t JOIN incoming i ON i.id = t.id
                    WHERE i.chat = :chat"""),
            {"chat": chat},
        ).scalar_one()
    )


def keep_rejected(connection: Connection, channel: UUID, rows: Sequence[tuple[UUID, str, str, str, str]]) -> None:
    """Keep what could not land as dead letters, given as (id, source, entry, reason, payload JSON).

    What is deleted comes back in no form.
    """
    connection.execute(text("DROP TABLE IF EXISTS rejected"))
    columns = {"id": "uuid", "source": "text", "entry": "text", "reason": "text", "payload": "jsonb"}
    temp_rows(connection, "rejected", columns, rows)
    connection.execute(
        text("""INSERT INTO dead_letters (tenant_id, id, source, entry, reason, payload, channel_id)
                SELECT current_tenant(), id, source, entry, reason, payload, :channel FROM rejected r
                WHERE NOT EXISTS (
                    SELECT FROM telegram_messages t WHERE t.channel_id = :channel AND t.deleted_at IS NOT NULL
                      AND t.telegram_message_id::text = r.payload->>'id')
                ON CONFLICT (tenant_id, id) DO NOTHING"""),
        {"channel": channel},
    )
