"""Deleted messages keep no words, and what was made of a content is known by that content.

What is stored of messages that were deleted before is blanked. Their partitions are marked dirty, so that running
servers take what was made of them out of albums, index and graph.
"""

from alembic import op
from sqlalchemy import text

from migrations.tenancy import isolate, lifted
from tg_assets.partitions import window_sql
from tg_assets.settings import load_settings

revision = "0013"
down_revision = "0012"

TABLES = (
    "telegram_messages", "telegram_message_versions", "message_facts", "post_enrichment", "derivations", "pictures",
    "media_objects", "messages", "channels", "dirty",
)  # fmt: skip


def upgrade() -> None:
    op.execute("""
        CREATE TABLE derived_objects (
            tenant_id uuid NOT NULL,
            sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            key text NOT NULL,
            PRIMARY KEY (tenant_id, sha256, key)
        )
    """)
    op.execute("ALTER TABLE telegram_messages DROP CONSTRAINT telegram_messages_format_check")
    op.execute("""
        ALTER TABLE telegram_messages ADD CONSTRAINT telegram_messages_format_check
        CHECK (format IN ('desktop', 'telethon', 'event', 'persona', 'deleted'))
    """)
    with lifted(*TABLES):
        op.execute("""
            INSERT INTO derived_objects SELECT tenant_id, sha256,
                concat('vision/', tenant_id, '/', sha256, '_', provider, '_', replace(model, '/', '-'), '_v1.json')
            FROM pictures
        """)
        op.execute("""
            INSERT INTO derived_objects SELECT DISTINCT tenant_id, data->>'sha256',
                concat('speech/', tenant_id, '/', data->>'sha256', '_', provider, '_',
                       replace(data->>'model', '/', '-'), '_v1.json')
            FROM post_enrichment WHERE kind = 'speech' AND data ? 'model' AND data ? 'sha256'
        """)
        for statement in (
            "DELETE FROM telegram_message_versions v USING telegram_messages t {0} AND v.id = t.id",
            """DELETE FROM message_facts v USING telegram_messages t {0} AND v.id = t.id
               AND v.kind IN ('media', 'vision')""",
            "DELETE FROM post_enrichment v USING telegram_messages t {0} AND v.post_id = t.id",
            """DELETE FROM derivations v USING telegram_messages t {0} AND v.item_id = t.id
               AND v.stage IN ('vision_summaries', 'transcripts')""",
        ):
            op.execute(statement.format("WHERE v.tenant_id = t.tenant_id AND t.deleted_at IS NOT NULL"))
        op.execute("""
            UPDATE messages SET content = '', content_hash = NULL, entities = '[]', urls = '[]', media_urls = '[]',
                reactions = '[]', service = NULL, poll = NULL, post_author = NULL, author_name = NULL,
                sender_username = NULL, forward_from_name = NULL
            WHERE deleted_at IS NOT NULL
        """)
        op.execute("""
            UPDATE telegram_messages SET raw = '{}', raw_hash = '', format = 'deleted', edited_at = NULL,
                version_at = NULL, later_look = NULL,
                media = CASE WHEN media->0->>'role' = 'primary' AND NOT (
                                      raw->>'type' IS NOT DISTINCT FROM 'service'
                                      OR raw->'is_service' IS NOT DISTINCT FROM 'true'
                                      OR raw->>'_' IS NOT DISTINCT FROM 'MessageService')
                        THEN jsonb_build_array(jsonb_build_object('position', 0, 'kind', media->0->'kind',
                                                                  'role', 'primary', 'missing_reason', 'deleted'))
                        ELSE '[]' END
            WHERE deleted_at IS NOT NULL
        """)
        op.get_bind().execute(
            text(f"""INSERT INTO dirty (tenant_id, feed, date)
                     SELECT DISTINCT c.tenant_id, c.feed, {window_sql("t.posted_at")}
                     FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
                     WHERE t.deleted_at IS NOT NULL AND t.posted_at >= :start"""),  # noqa: S608
            {"start": load_settings().start_date},
        )
        # Recordings whose messages went earlier left their transcripts behind: the next sweep finds them.
        op.execute("""
            INSERT INTO media_objects (tenant_id, id, sha256, mime, size_bytes, s3_bucket, s3_key, dropped_at)
            SELECT DISTINCT ON (tenant_id, sha256) tenant_id, gen_random_uuid(), sha256, '', 0, '', key, now()
            FROM derived_objects d ORDER BY tenant_id, sha256
            ON CONFLICT (tenant_id, sha256) DO NOTHING
        """)
    isolate("derived_objects")


def downgrade() -> None:
    with lifted(*TABLES):
        op.execute("DELETE FROM telegram_messages WHERE format = 'deleted'")
    op.execute("ALTER TABLE telegram_messages DROP CONSTRAINT telegram_messages_format_check")
    op.execute("""
        ALTER TABLE telegram_messages ADD CONSTRAINT telegram_messages_format_check
        CHECK (format IN ('desktop', 'telethon', 'event', 'persona'))
    """)
    op.execute("DROP TABLE derived_objects")
