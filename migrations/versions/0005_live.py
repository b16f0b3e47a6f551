"""What live traffic needs: facts about messages, dirty partitions, coverage by message id, an outbox."""

from alembic import op

from migrations.tenancy import isolate

revision = "0005"
down_revision = "0004"

TABLES = ("message_facts", "dirty", "outbox", "coverage")


def upgrade() -> None:
    # When the source looked at this version of the message; an export does not say.
    op.execute("ALTER TABLE telegram_messages ADD version_at timestamptz")
    op.execute("ALTER TABLE telegram_message_versions ADD version_at timestamptz")
    op.execute("ALTER TABLE telegram_messages DROP CONSTRAINT telegram_messages_format_check")
    op.execute("""
        ALTER TABLE telegram_messages ADD CONSTRAINT telegram_messages_format_check
        CHECK (format IN ('desktop', 'telethon', 'event', 'persona'))
    """)
    # What is said about a message apart from the message itself, and may come before it.
    op.execute("""
        CREATE TABLE message_facts (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('deleted', 'album', 'media', 'vision')),
            channel_id uuid,
            telegram_message_id bigint,
            version_at timestamptz NOT NULL,
            data jsonb NOT NULL,
            PRIMARY KEY (tenant_id, id, kind)
        )
    """)
    # Appended to, so that writers of one partition never wait for each other; a worker deletes what it has seen.
    op.execute("""
        CREATE TABLE dirty (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            feed text NOT NULL,
            date date NOT NULL,
            marked_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, seq)
        )
    """)
    # Rows leave once they are on their stream. In order of commit: of transactions that are all over.
    op.execute("""
        CREATE TABLE outbox (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            stream text NOT NULL,
            idempotency_key text NOT NULL,
            data text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, seq)
        )
    """)
    op.execute("CREATE INDEX idx_outbox_order ON outbox (tenant_id, xid, seq)")
    # Message ids of a chat by what is known of them; what is in none of them up to the newest is unknown.
    op.execute("""
        CREATE TABLE coverage (
            tenant_id uuid NOT NULL,
            channel_id uuid NOT NULL,
            stored int8multirange NOT NULL DEFAULT '{}',
            service int8multirange NOT NULL DEFAULT '{}',
            deleted int8multirange NOT NULL DEFAULT '{}',
            absent int8multirange NOT NULL DEFAULT '{}',
            live_from bigint,
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, channel_id)
        )
    """)
    # No message shows it any more: its bytes go, then the row.
    op.execute("ALTER TABLE media_objects ADD dropped_at timestamptz")
    op.execute("CREATE INDEX idx_media_objects_dropped ON media_objects (tenant_id) WHERE dropped_at IS NOT NULL")
    op.execute("ALTER TABLE dead_letters ADD deliveries integer NOT NULL DEFAULT 1, ADD replayed_at timestamptz")
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("ALTER TABLE media_objects DROP dropped_at")
    op.execute("ALTER TABLE dead_letters DROP deliveries, DROP replayed_at")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DELETE FROM telegram_messages WHERE format = 'persona'")
    op.execute("ALTER TABLE telegram_messages DROP CONSTRAINT telegram_messages_format_check")
    op.execute("""
        ALTER TABLE telegram_messages ADD CONSTRAINT telegram_messages_format_check
        CHECK (format IN ('desktop', 'telethon', 'event'))
    """)
    op.execute("ALTER TABLE telegram_message_versions DROP version_at")
    op.execute("ALTER TABLE telegram_messages DROP version_at")
