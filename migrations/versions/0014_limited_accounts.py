"""An account may be limited to a list of chats; without a list it reads what it is told to."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("ALTER TABLE accounts ADD only_chats text[]")


def downgrade() -> None:
    op.execute("ALTER TABLE accounts DROP only_chats")
