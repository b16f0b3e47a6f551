"""A client that never got its new tokens may bring the refresh token before once more, for a few seconds.

Only where nothing of the new ones was used: then somebody has them, and another has a copy of the one before.
"""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    # Of grants that are there nobody knows whether they were used: taken as if.
    op.execute("""
        ALTER TABLE oauth_grants
            ADD COLUMN before_hash bytea,
            ADD COLUMN renewed_at timestamptz,
            ADD COLUMN is_used boolean NOT NULL DEFAULT true
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE oauth_grants DROP COLUMN before_hash, DROP COLUMN renewed_at, DROP COLUMN is_used")
