"""A dead letter keeps its entry byte for byte, and a derived thing how often making it failed."""

from alembic import op

from migrations.tenancy import lifted

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # Names and values of the entry's fields in turn; a JSON column would change what comes back from it.
    op.execute("ALTER TABLE dead_letters ADD fields bytea[]")
    with lifted("dead_letters", "indexing_status", "messages"):
        _fill()
    op.execute("ALTER TABLE derivations ADD retries integer NOT NULL DEFAULT 0")


def _fill() -> None:
    op.execute("""
        UPDATE dead_letters SET fields = ARRAY[
            'data'::bytea,
            convert_to(CASE jsonb_typeof(payload) WHEN 'string' THEN payload #>> '{}' ELSE payload::text END, 'UTF8')]
        WHERE source LIKE 'stream:%'
    """)
    # Service messages have no vectors, and nothing will ever come for them.
    op.execute("""
        UPDATE indexing_status i SET embedding_status = 'skipped' FROM messages m
        WHERE m.tenant_id = i.tenant_id AND m.id = i.post_id AND m.is_service AND i.embedding_status = 'pending'
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE derivations DROP retries")
    op.execute("ALTER TABLE dead_letters DROP fields")
