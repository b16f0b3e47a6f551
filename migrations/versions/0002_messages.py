"""Raw messages as received, and the parsed messages: posts and group_messages under one parent.

``messages`` is list-partitioned by ``kept_in``, so both relations have the same columns, one upsert serves
both, and a reader that does not care which asks the parent. No foreign key points at messages: rows are
never deleted (a deletion is a tombstone), and their ids are computed, so a reference can precede its target.
"""

from alembic import op

from migrations.tenancy import isolate

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE telegram_messages (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            channel_id uuid NOT NULL,
            telegram_message_id bigint NOT NULL,
            posted_at timestamptz NOT NULL,
            edited_at timestamptz,
            format text NOT NULL CHECK (format IN ('desktop', 'telethon', 'event')),
            raw jsonb NOT NULL,
            raw_hash text NOT NULL,
            media jsonb NOT NULL DEFAULT '[]',
            grouped_id bigint,
            deleted_at timestamptz,
            received_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, channel_id, telegram_message_id),
            FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id)
        )
    """)
    op.execute("CREATE INDEX idx_telegram_messages_window ON telegram_messages (tenant_id, channel_id, posted_at)")
    op.execute("""
        CREATE TABLE telegram_message_versions (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            raw_hash text NOT NULL,
            edited_at timestamptz,
            raw jsonb NOT NULL,
            superseded_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id, raw_hash)
        )
    """)
    op.execute("""
        CREATE TABLE messages (
            id uuid NOT NULL,
            tenant_id uuid NOT NULL,
            channel_id uuid NOT NULL,
            telegram_message_id bigint NOT NULL,
            kept_in text NOT NULL,
            source varchar(20) NOT NULL,
            content text NOT NULL DEFAULT '',
            content_hash text,
            entities jsonb NOT NULL DEFAULT '[]',
            urls jsonb NOT NULL DEFAULT '[]',
            posted_at timestamptz NOT NULL,
            edited_at timestamptz,
            deleted_at timestamptz,
            is_edited boolean NOT NULL DEFAULT false,
            is_pinned boolean NOT NULL DEFAULT false,
            has_media boolean NOT NULL DEFAULT false,
            media_urls jsonb NOT NULL DEFAULT '[]',
            grouped_id bigint,
            album_id uuid,
            telegram_post_url text,
            views_count integer NOT NULL DEFAULT 0 CHECK (views_count >= 0),
            forwards_count integer NOT NULL DEFAULT 0 CHECK (forwards_count >= 0),
            reactions_count integer NOT NULL DEFAULT 0 CHECK (reactions_count >= 0),
            replies_count integer NOT NULL DEFAULT 0 CHECK (replies_count >= 0),
            reactions jsonb NOT NULL DEFAULT '[]',
            engagement_score real GENERATED ALWAYS AS (
                log(1 + views_count::double precision) + 2 * log(1 + reactions_count::double precision)
                + 3 * log(1 + forwards_count::double precision) + log(1 + replies_count::double precision)
            ) STORED,
            post_author text,
            author_peer_id jsonb,
            author_name text,
            author_type text,
            sender_tg_id bigint,
            sender_username text,
            reply_to_message_id bigint,
            reply_to_chat_id bigint,
            thread_id bigint,
            forum_topic_id bigint,
            forward_from_peer_id jsonb,
            forward_from_chat_id bigint,
            forward_from_message_id bigint,
            forward_date timestamptz,
            forward_from_name text,
            is_service boolean NOT NULL DEFAULT false,
            action_type text,
            service jsonb,
            poll jsonb,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, id, kept_in),
            UNIQUE (tenant_id, channel_id, telegram_message_id, kept_in)
        ) PARTITION BY LIST (kept_in)
    """)
    op.execute("CREATE TABLE posts PARTITION OF messages FOR VALUES IN ('posts')")
    op.execute("CREATE TABLE group_messages PARTITION OF messages FOR VALUES IN ('group_messages')")
    for table, source, sources in (
        ("posts", "channel", "'channel', 'group', 'dm', 'persona'"),
        ("group_messages", "group", "'group', 'dm', 'persona'"),
    ):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN kept_in SET DEFAULT '{table}'")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN source SET DEFAULT '{source}'")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT chk_{table}_source CHECK (source IN ({sources}))")
        op.execute(f"CREATE INDEX idx_{table}_source ON {table} (source)")
        op.execute(f"CREATE INDEX idx_{table}_has_media_true ON {table} (tenant_id, channel_id) WHERE has_media")
        op.execute(
            f"CREATE INDEX idx_{table}_with_grouped_id ON {table} (tenant_id, channel_id, grouped_id) "
            "WHERE grouped_id IS NOT NULL"
        )
    op.execute("CREATE INDEX idx_messages_window ON messages (tenant_id, channel_id, posted_at)")
    op.execute("CREATE INDEX idx_messages_album ON messages (tenant_id, album_id) WHERE album_id IS NOT NULL")
    isolate("telegram_messages", "telegram_message_versions", "messages", "posts", "group_messages")


def downgrade() -> None:
    for table in ("messages", "telegram_message_versions", "telegram_messages"):
        op.execute(f"DROP TABLE {table}")
