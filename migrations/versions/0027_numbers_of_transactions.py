"""What was indexed since a question was asked is found by an index, in whichever cluster the database is.

Numbers of transactions are a cluster's own. A dump that is restored elsewhere brings them along, so each question says
of which cluster its snapshots are, and what is added to numbers there so that they go on growing; and each event that
waits says where it was written.
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    # In use: built while others write, and first, for what is built so stays when the rest has to be tried again.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX IF EXISTS idx_newly_indexed_last")
        op.execute("CREATE INDEX CONCURRENTLY idx_newly_indexed_last ON newly_indexed (tenant_id, last_xid)")
    op.execute("""
        ALTER TABLE saved_questions
            ADD COLUMN cluster bigint NOT NULL DEFAULT 0,
            ADD COLUMN xids_before bigint NOT NULL DEFAULT 0
    """)
    # Of what is there nobody knows the cluster: it may have come with a dump. 0 is none, so it is taken for another's.
    op.execute("ALTER TABLE saved_questions ALTER cluster SET DEFAULT (pg_control_system()).system_identifier")
    op.execute("ALTER TABLE outbox ADD COLUMN cluster bigint NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX idx_outbox_next ON outbox (tenant_id, cluster, xid, seq)")
    op.execute("DROP INDEX idx_outbox_order")


def downgrade() -> None:
    op.execute("DROP INDEX idx_newly_indexed_last")
    op.execute("ALTER TABLE saved_questions DROP COLUMN cluster, DROP COLUMN xids_before")
    op.execute("CREATE INDEX idx_outbox_order ON outbox (tenant_id, xid, seq)")
    op.execute("ALTER TABLE outbox DROP COLUMN cluster")
