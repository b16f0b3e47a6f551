"""Which pictures have been described and what they look like, work that waits, and when a mark is due."""

from alembic import op

from migrations.tenancy import isolate

revision = "0009"
down_revision = "0008"

TABLES = ("pictures",)


def upgrade() -> None:
    # The index of the results in the object store: what was described need not be again, nor what looks the same.
    op.execute("""
        CREATE TABLE pictures (
            tenant_id uuid NOT NULL,
            sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            provider text NOT NULL,
            model text NOT NULL,
            vision_version text NOT NULL,
            looks bit(256),
            thumbnail bytea CHECK (length(thumbnail) = 1024),
            described_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, sha256, provider, model)
        )
    """)
    isolate(*TABLES)
    # What waits for something outside (a provider that is down, the rest of an album) is neither made nor settled.
    op.execute("ALTER TABLE derivations DROP CONSTRAINT derivations_status_check")
    op.execute("""ALTER TABLE derivations ADD CONSTRAINT derivations_status_check
                  CHECK (status IN ('ok', 'error', 'skipped', 'waiting'))""")
    op.execute("CREATE INDEX idx_derivations_waiting ON derivations (tenant_id, stage) WHERE status = 'waiting'")
    op.execute("""CREATE INDEX idx_message_facts_album ON message_facts
                  (tenant_id, channel_id, ((data->>'grouped_id')::bigint)) WHERE kind = 'album'""")
    op.execute("ALTER TABLE dirty ADD COLUMN due_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    op.execute("ALTER TABLE dirty DROP COLUMN due_at")
    op.execute("DROP INDEX idx_message_facts_album")
    op.execute("DROP INDEX idx_derivations_waiting")
    op.execute("UPDATE derivations SET status = 'error' WHERE status = 'waiting'")
    op.execute("ALTER TABLE derivations DROP CONSTRAINT derivations_status_check")
    op.execute("""ALTER TABLE derivations ADD CONSTRAINT derivations_status_check
                  CHECK (status IN ('ok', 'error', 'skipped'))""")
    op.execute("DROP TABLE pictures")
