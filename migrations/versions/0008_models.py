"""What remote models were asked, by tenant and day: the budget is kept here, among all processes."""

from alembic import op

from migrations.tenancy import isolate

revision = "0008"
down_revision = "0007"

TABLES = ("token_usage",)


def upgrade() -> None:
    # reserved: tokens of calls that are under way, or of a process that was killed meanwhile. The day is UTC's.
    op.execute("""
        CREATE TABLE token_usage (
            tenant_id uuid NOT NULL,
            day date NOT NULL,
            provider text NOT NULL,
            model text NOT NULL,
            calls bigint NOT NULL DEFAULT 0,
            tokens bigint NOT NULL DEFAULT 0,
            reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
            seconds double precision NOT NULL DEFAULT 0,
            PRIMARY KEY (tenant_id, day, provider, model)
        )
    """)
    isolate(*TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
