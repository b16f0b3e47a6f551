"""Exports have a time, so that what they say is ordered by when they were made and not by when they were imported.

A stored message's time is that of the newest message that landed with it: its export was not made before. What a later
export showed of a message that a better source brought, and the album that Telegram itself named, are kept apart.
"""

from alembic import op

from migrations.tenancy import lifted

revision = "0011"
down_revision = "0010"

TABLES = ("telegram_messages", "telegram_message_versions", "message_facts")


def upgrade() -> None:
    op.execute("ALTER TABLE telegram_messages ADD told_grouped_id bigint, ADD later_look jsonb")
    op.execute("ALTER TABLE telegram_message_versions ADD format text NOT NULL DEFAULT 'desktop'")
    with lifted(*TABLES):
        op.execute("""
            UPDATE telegram_messages t SET version_at = shown.at FROM (
                SELECT tenant_id, channel_id, received_at, max(greatest(posted_at, edited_at)) AS at
                FROM telegram_messages WHERE format = 'desktop' GROUP BY 1, 2, 3
            ) shown
            WHERE t.format = 'desktop' AND t.tenant_id = shown.tenant_id AND t.channel_id = shown.channel_id
              AND t.received_at = shown.received_at
        """)
        op.execute("UPDATE telegram_messages SET told_grouped_id = grouped_id WHERE format <> 'desktop'")
        op.execute("""
            UPDATE telegram_messages t SET told_grouped_id = (f.data->>'grouped_id')::bigint FROM message_facts f
            WHERE f.tenant_id = t.tenant_id AND f.id = t.id AND f.kind = 'album' AND t.format = 'desktop'
        """)
        # Until now only events gave versions a time.
        op.execute("UPDATE telegram_message_versions SET format = 'event' WHERE version_at IS NOT NULL")
        op.execute("""
            UPDATE telegram_message_versions v SET version_at = greatest(v.edited_at, t.posted_at)
            FROM telegram_messages t
            WHERE t.tenant_id = v.tenant_id AND t.id = v.id AND v.version_at IS NULL
        """)
    op.execute("ALTER TABLE telegram_message_versions ALTER format DROP DEFAULT")


def downgrade() -> None:
    with lifted(*TABLES):
        op.execute("UPDATE telegram_messages SET version_at = NULL WHERE format = 'desktop'")
        op.execute("UPDATE telegram_message_versions SET version_at = NULL WHERE format = 'desktop'")
    op.execute("ALTER TABLE telegram_message_versions DROP format")
    op.execute("ALTER TABLE telegram_messages DROP told_grouped_id, DROP later_look")
