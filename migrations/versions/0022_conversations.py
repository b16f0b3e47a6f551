"""Units of conversations: windows of time and threads of replies, so that a line is found in its context.

A row lists messages by id and has no words. ``anchor`` is the first message of a unit, by which the ledger knows it.
Replies to a message are looked up by its number.
"""

from alembic import op

from migrations.tenancy import isolate, lifted

revision = "0022"
down_revision = "0021"

TABLES = ("conversations",)
REPLIES = {"posts": "idx_posts_replies", "group_messages": "idx_group_messages_replies"}
_ON = "(tenant_id, channel_id, reply_to_message_id) WHERE reply_to_message_id IS NOT NULL"


def upgrade() -> None:
    # Tables in use: each partition's index is built while others write, then they become one. First, for what is built
    # so stays when the rest has to be tried again.
    with op.get_context().autocommit_block():
        for table, name in REPLIES.items():
            op.execute(f"DROP INDEX IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {table} {_ON}")
    op.execute(f"CREATE INDEX idx_messages_replies ON ONLY messages {_ON}")
    for name in REPLIES.values():
        op.execute(f"ALTER INDEX idx_messages_replies ATTACH PARTITION {name}")
    op.execute("""
        CREATE TABLE conversations (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            channel_id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('window', 'thread')),
            anchor uuid NOT NULL,
            posts uuid[] NOT NULL,
            first_message_id bigint NOT NULL,
            last_message_id bigint NOT NULL,
            posted_at timestamptz NOT NULL,
            reaches timestamptz NOT NULL,
            content_hash text NOT NULL,
            deleted_at timestamptz,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, kind, anchor),
            FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id)
        )
    """)
    op.execute("CREATE INDEX idx_conversations_window ON conversations (tenant_id, channel_id, posted_at)")
    isolate(*TABLES)


def downgrade() -> None:
    op.execute("DROP INDEX idx_messages_replies")
    op.execute("DROP TABLE conversations")
    with lifted("derivations"):  # or they would not be made again
        op.execute("""
            DELETE FROM derivations
            WHERE stage IN ('conversations', 'conversations.threads', 'qdrant_points.conversations')
        """)
