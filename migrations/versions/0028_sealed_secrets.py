"""What signs messages to receivers is kept encrypted, by the key that sessions are encrypted with.

Nothing of what is there is changed: the key is not in the database. A secret that stands there plain is encrypted when
its receiver is told the next time.
"""

from alembic import op

from migrations.tenancy import lifted

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("ALTER TABLE saved_questions ADD COLUMN webhook_sealed bytea")


def downgrade() -> None:
    # What cannot be signed is told to nobody; its feed goes on.
    with lifted("saved_questions"):
        op.execute("UPDATE saved_questions SET webhook = NULL WHERE webhook_sealed IS NOT NULL")
    op.execute("ALTER TABLE saved_questions DROP COLUMN webhook_sealed")
