"""Arrivals that are of use to nobody any more are found by indexes: what waits is not read for them each round."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    # In use: built while others write. A build that was broken off left an index that cannot be used.
    with op.get_context().autocommit_block():
        for name in ("first_xid", "indexed_at"):
            op.execute(f"DROP INDEX IF EXISTS idx_newly_indexed_{name}")
            op.execute(f"CREATE INDEX CONCURRENTLY idx_newly_indexed_{name} ON newly_indexed (tenant_id, {name})")


def downgrade() -> None:
    op.execute("DROP INDEX idx_newly_indexed_first_xid")
    op.execute("DROP INDEX idx_newly_indexed_indexed_at")
