"""Facts about messages: what is said of a message apart from the message itself, and may come before it.

That it was deleted, which album it is in, which of its media are stored, what an outside worker saw in its
picture. They are kept by message id (computed, so the message need not be there) and brought into
``telegram_messages`` whenever either side arrives, so the end state does not depend on their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.landing.turns import take_turns
from tg_assets.ledger.deletion import bury
from tg_assets.stores.database import temp_rows

FactKind = Literal["deleted", "album", "media", "vision"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement. ``version_at`` is when it became true (a deletion) or was looked at; ``data`` is JSON text.

    album: ``{"grouped_id": …}``; media: ``{"files": […]}`` in the form of ``telegram_messages.media``;
    vision: ``{"sha256": …, "result": …}``; deleted: ``{}``.
    """

    id: UUID
    kind: FactKind
    channel_id: UUID | None
    telegram_message_id: int | None
    version_at: datetime
    data: str


_COLUMNS = {
    "id": "uuid", "kind": "text", "channel_id": "uuid", "telegram_message_id": "bigint", "version_at": "timestamptz",
    "data": "jsonb",
}  # fmt: skip


def keep_facts(connection: Connection, facts: Sequence[Fact]) -> None:
    """Keep facts and account for deleted ids. The first deletion counts; of other kinds, the last look.

    Leaves the temporary table ``said`` with them, for ``apply_facts``.
    """
    connection.execute(text("DROP TABLE IF EXISTS said"))
    rows = [(f.id, f.kind, f.channel_id, f.telegram_message_id, f.version_at, f.data) for f in facts]
    temp_rows(connection, "said", _COLUMNS, rows)
    if not facts:
        return
    take_turns(connection, "SELECT channel_id FROM said")
    connection.execute(
        text(f"""
            INSERT INTO message_facts AS f (tenant_id, {", ".join(_COLUMNS)})
            SELECT DISTINCT ON (id, kind) current_tenant(), {", ".join(_COLUMNS)} FROM said
            ORDER BY id, kind, CASE kind WHEN 'deleted' THEN version_at END, version_at DESC, data DESC
            ON CONFLICT (tenant_id, id, kind) DO UPDATE SET
                version_at = excluded.version_at, data = excluded.data,
                channel_id = coalesce(excluded.channel_id, f.channel_id),
                telegram_message_id = coalesce(excluded.telegram_message_id, f.telegram_message_id)
            WHERE CASE f.kind WHEN 'deleted' THEN excluded.version_at < f.version_at
                  ELSE (excluded.version_at, excluded.data) > (f.version_at, f.data) END
        """)  # noqa: S608 - constant column names
    )
    connection.execute(
        text("""
            INSERT INTO coverage AS c (tenant_id, channel_id, deleted)
            SELECT current_tenant(), channel_id, range_agg(int8range(telegram_message_id, telegram_message_id, '[]'))
            FROM said WHERE kind = 'deleted' AND telegram_message_id > 0 GROUP BY channel_id
            ON CONFLICT (tenant_id, channel_id) DO UPDATE SET
                deleted = c.deleted + excluded.deleted, stored = c.stored - excluded.deleted,
                service = c.service - excluded.deleted, absent = c.absent - excluded.deleted, updated_at = now()
        """)
    )


# Files by place in the message: a file settles the medium at its place that is not stored yet, or adds one. Told of
# another of Telegram's files than the medium was, it takes its place: somebody edited the message.
_MEDIA = """
    CASE WHEN f.files IS NULL THEN t.media
         WHEN t.format = 'deleted' THEN
             CASE WHEN t.media <> '[]' OR f.files->0->>'role' IS DISTINCT FROM 'primary' THEN t.media
                  ELSE jsonb_build_array(jsonb_build_object(
                      'position', 0, 'kind', f.files->0->'kind', 'role', 'primary', 'missing_reason', 'deleted')) END
         ELSE (
        SELECT jsonb_agg(CASE WHEN m.item IS NULL OR s.file->'file_id' <> m.item->'file_id' THEN s.file
                              WHEN m.item ? 'sha256' OR s.file IS NULL THEN m.item
                              ELSE m.item - 'missing_reason' || (s.file - 'kind' - 'role') END ORDER BY place)
        FROM jsonb_array_elements(t.media) WITH ORDINALITY AS m (item, place)
        FULL JOIN jsonb_array_elements(f.files) WITH ORDINALITY AS s (file, place) USING (place)
    ) END
"""


def apply_facts(connection: Connection) -> None:
    """Bring facts into the messages of ``landed`` and ``said``; changed messages are added to ``landed``.

    Of those that are deleted only their tombstones stay.
    """
    connection.execute(
        text(f"""
            WITH f AS (
                SELECT id, min(version_at) FILTER (WHERE kind = 'deleted') AS deleted_at,
                       min((data->>'grouped_id')::bigint) FILTER (WHERE kind = 'album') AS grouped_id,
                       (array_agg(data->'files') FILTER (WHERE kind = 'media'))[1] AS files
                FROM message_facts WHERE id IN (SELECT id FROM landed UNION SELECT id FROM said) GROUP BY id
            ), told AS (
                SELECT t.id, t.grouped_id AS was, coalesce(f.deleted_at, t.deleted_at) AS deleted_at,
                       coalesce(t.told_grouped_id, f.grouped_id) AS told_grouped_id,
                       coalesce(t.told_grouped_id, f.grouped_id, t.grouped_id) AS grouped_id, {_MEDIA} AS media
                FROM f JOIN telegram_messages t USING (id)
            ), changed AS (
                UPDATE telegram_messages t SET
                    deleted_at = told.deleted_at, grouped_id = told.grouped_id,
                    told_grouped_id = told.told_grouped_id, media = told.media
                FROM told WHERE t.id = told.id
                  AND (t.deleted_at, t.grouped_id, t.told_grouped_id, t.media)
                      IS DISTINCT FROM (told.deleted_at, told.grouped_id, told.told_grouped_id, told.media)
                RETURNING t.id, t.channel_id, t.posted_at, told.was
            )
            INSERT INTO landed SELECT * FROM changed
            WHERE NOT EXISTS (SELECT FROM landed l WHERE l.id = changed.id)
        """)  # noqa: S608 - constant fragments
    )
    # An outside worker's result changes no message, but makes its picture stale.
    connection.execute(
        text("""INSERT INTO landed SELECT DISTINCT t.id, t.channel_id, t.posted_at, t.grouped_id
                FROM said s JOIN telegram_messages t ON t.id = s.id
                WHERE s.kind = 'vision' AND NOT EXISTS (SELECT FROM landed l WHERE l.id = s.id)""")
    )
    bury(connection)
