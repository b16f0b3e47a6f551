"""Which assets have nothing left to do for a dirty partition, so that the age of the oldest work is known for each."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER TABLE dirty ADD COLUMN settled text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE dirty DROP COLUMN settled")
