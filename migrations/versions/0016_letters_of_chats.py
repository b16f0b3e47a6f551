"""A dead letter of an import tells which chat it is of: a feed may hold several, with the same message ids.

Letters of messages that were deleted go, as they do since deletions take them along.
"""

import hashlib
from uuid import uuid5

import orjson
from alembic import op
from sqlalchemy import text

from migrations.tenancy import lifted

revision = "0016"
down_revision = "0015"

SHIFT = 1_000_000_000_000
"""Between the bare id of a channel and its marked one."""


def upgrade() -> None:
    op.execute("ALTER TABLE dead_letters ADD channel_id uuid")
    with lifted("dead_letters", "channels", "telegram_messages"):
        _find_chats()
        op.execute("""
            DELETE FROM dead_letters l USING telegram_messages t
            WHERE l.tenant_id = t.tenant_id AND l.channel_id = t.channel_id AND t.deleted_at IS NOT NULL
              AND l.payload->>'id' = t.telegram_message_id::text
        """)
        op.execute(f"""
            DELETE FROM dead_letters l USING channels c JOIN telegram_messages t
                ON t.tenant_id = c.tenant_id AND t.channel_id = c.id AND t.deleted_at IS NOT NULL
            WHERE l.tenant_id = c.tenant_id AND l.source LIKE 'stream:%' AND jsonb_typeof(l.payload) = 'object'
              AND coalesce(l.payload->>'tg_channel_id', l.payload->>'peer_id')
                  IN (c.tg_channel_id::text, (-c.tg_channel_id)::text, (-c.tg_channel_id - {SHIFT})::text)
              AND coalesce(l.payload->>'telegram_message_id', l.payload->>'tg_message_id')
                  = t.telegram_message_id::text
              AND CASE WHEN c.owner_id = 0 THEN c.source = 'channel' OR coalesce(l.payload->>'owner_id', '0') = '0'
                       ELSE c.owner_id::text IN (l.payload->>'owner_id', l.payload->>'user_id')
                            AND (c.source = 'dm')
                                = coalesce('dm' IN (l.payload->>'source', l.payload->>'dialog_type'), false) END
        """)  # noqa: S608 - a constant


def _find_chats() -> None:
    """The one chat of a feed; of a feed of several the one of which the letter's id is made."""
    connection = op.get_bind()
    op.execute("CREATE TEMP TABLE letters_of (tenant_id uuid, id uuid, channel_id uuid) ON COMMIT DROP")
    rows = connection.execute(
        text("""SELECT d.tenant_id, d.id, d.payload, c.id AS channel,
                       count(*) OVER (PARTITION BY d.tenant_id, d.id) = 1 AS only
                FROM dead_letters d JOIN channels c ON c.tenant_id = d.tenant_id AND d.source = 'import ' || c.feed"""),
        execution_options={"yield_per": 1000},
    )
    for batch in rows.partitions(1000):
        found = [
            {"tenant": row.tenant_id, "id": row.id, "channel": row.channel}
            for row in batch
            if row.only or uuid5(row.channel, f"rejected:{_digest(row.payload)}") == row.id
        ]
        if found:
            connection.execute(text("INSERT INTO letters_of VALUES (:tenant, :id, :channel)"), found)
    op.execute("""UPDATE dead_letters d SET channel_id = l.channel_id FROM letters_of l
                  WHERE d.tenant_id = l.tenant_id AND d.id = l.id""")


def _digest(payload: object) -> str:
    return hashlib.blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def downgrade() -> None:
    op.execute("ALTER TABLE dead_letters DROP channel_id")
