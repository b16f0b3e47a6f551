"""SQL of an import: stage messages in a temporary table, then land them in ``telegram_messages``.

Landing is set-based and idempotent on (chat, message id): the later edit wins, among equal edits the later
import, and what is replaced is kept in ``telegram_message_versions``. Stored media survive a newer export that
left them out. Everything runs in the caller's one transaction, so an import lands whole or not at all.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from resources.postgres import copy_rows, temp_rows
from tg_assets import ids

COLUMNS = ("ordinal", "chat", "message_id", "id", "posted_at", "edited_at", "raw", "raw_hash", "media")


def create_staging(connection: Connection) -> None:
    """The temporary table that a whole export is read into before anything lands."""
    connection.execute(text("DROP TABLE IF EXISTS incoming"))
    connection.execute(
        text("""
            CREATE TEMP TABLE incoming (
                ordinal bigint, chat int, message_id bigint, id uuid, posted_at timestamptz, edited_at timestamptz,
                raw jsonb, raw_hash text, media jsonb
            )
        """)
    )


def stage_rows(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """COPY a batch of parsed messages into the staging table."""
    copy_rows(connection, "incoming", COLUMNS, rows)


def index_staging(connection: Connection) -> None:
    """Tell the planner what is in the staging table, once it is full."""
    connection.execute(text("CREATE INDEX ON incoming (ordinal)"))
    connection.execute(text("ANALYZE incoming"))


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
    """Give ids to staged rows whose chat was not known while they were read."""
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
    """Staged messages with media as (ordinal, media list), in batches, in order of the file."""
    last = -1
    while True:
        rows = connection.execute(
            text("""SELECT ordinal, media FROM incoming WHERE chat = :chat AND media <> '[]' AND ordinal > :last
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


# An incoming row wins when it is a later edit, or the same edit with other content or more stored media.
_STORED = "jsonb_array_length(jsonb_path_query_array({0}.media, '$[*] ? (exists(@.sha256))'))"
_MEDIA = f"CASE WHEN {_STORED.format('i')} < {_STORED.format('t')} THEN t.media ELSE i.media END"


def land(connection: Connection, chat: int, channel: UUID) -> dict[str, int]:
    """Land a chat's staged rows; returns counts new, changed, unchanged."""
    values = {"chat": chat, "channel": channel}
    connection.execute(text("DROP TABLE IF EXISTS verdict"))
    connection.execute(
        text(f"""
            CREATE TEMP TABLE verdict ON COMMIT DROP AS
            SELECT i.ordinal, {_MEDIA} AS media,
                   CASE WHEN t.id IS NULL THEN 'new'
                        WHEN t.edited_at IS NOT NULL AND (i.edited_at IS NULL OR i.edited_at < t.edited_at)
                             THEN 'unchanged'
                        WHEN t.raw_hash <> i.raw_hash OR t.media <> {_MEDIA} THEN 'changed'
                        ELSE 'unchanged' END AS verdict
            FROM incoming i LEFT JOIN telegram_messages t ON t.id = i.id
            WHERE i.chat = :chat
        """),  # noqa: S608 - constant fragments, values are bound
        values,
    )
    connection.execute(
        text("""
            INSERT INTO telegram_message_versions (tenant_id, id, raw_hash, edited_at, raw)
            SELECT t.tenant_id, t.id, t.raw_hash, t.edited_at, t.raw
            FROM verdict v JOIN incoming i USING (ordinal) JOIN telegram_messages t ON t.id = i.id
            WHERE v.verdict = 'changed' AND t.raw_hash <> i.raw_hash
            ON CONFLICT (tenant_id, id, raw_hash) DO NOTHING
        """)
    )
    connection.execute(
        text("""
            INSERT INTO telegram_messages AS t (tenant_id, id, channel_id, telegram_message_id, posted_at,
                                                edited_at, format, raw, raw_hash, media)
            SELECT current_tenant(), i.id, :channel, i.message_id, i.posted_at, i.edited_at,
                   'desktop', i.raw, i.raw_hash, v.media
            FROM verdict v JOIN incoming i USING (ordinal) WHERE v.verdict <> 'unchanged'
            ON CONFLICT (tenant_id, id) DO UPDATE SET
                posted_at = excluded.posted_at, edited_at = excluded.edited_at, raw = excluded.raw,
                raw_hash = excluded.raw_hash, media = excluded.media, received_at = now()
        """),
        values,
    )
    rows = connection.execute(text("SELECT verdict, count(*) FROM verdict GROUP BY verdict"))
    return {verdict: count for verdict, count in rows.tuples()}  # noqa: C416 - rows are not plain tuples to mypy


def keep_rejected(connection: Connection, rows: Sequence[tuple[UUID, str, str, str, str]]) -> None:
    """Keep what could not land as dead letters, given as (id, source, entry, reason, payload JSON)."""
    connection.execute(text("DROP TABLE IF EXISTS rejected"))
    columns = {"id": "uuid", "source": "text", "entry": "text", "reason": "text", "payload": "jsonb"}
    temp_rows(connection, "rejected", columns, rows)
    connection.execute(
        text("""INSERT INTO dead_letters (tenant_id, id, source, entry, reason, payload)
                SELECT current_tenant(), id, source, entry, reason, payload FROM rejected
                ON CONFLICT (tenant_id, id) DO NOTHING""")
    )
