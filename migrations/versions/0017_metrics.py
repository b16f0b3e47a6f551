"""Metrics: amounts as they are counted, in the transaction of the work, and the totals that they are folded into.

They are the installation's and say nothing of a tenant, so they are in a schema of their own, without tenants.
"""

from alembic import op

from migrations.tenancy import APP_ROLE

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("CREATE SCHEMA metrics")
    op.execute("""
        CREATE TABLE metrics.amounts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sample text NOT NULL,
            labels jsonb NOT NULL,
            amount double precision NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE metrics.totals (
            sample text NOT NULL,
            labels jsonb NOT NULL,
            amount double precision NOT NULL,
            PRIMARY KEY (sample, labels)
        )
    """)
    op.execute("""
        CREATE FUNCTION metrics.fold(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER
        SET search_path = metrics, pg_temp AS $$
            WITH gone AS (
                DELETE FROM metrics.amounts WHERE id IN (
                    SELECT id FROM metrics.amounts ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED)
                RETURNING sample, labels, amount
            ), added AS (
                INSERT INTO metrics.totals AS t (sample, labels, amount)
                SELECT sample, labels, sum(amount) FROM gone GROUP BY sample, labels ORDER BY sample, labels
                ON CONFLICT (sample, labels) DO UPDATE SET amount = t.amount + excluded.amount
            )
            SELECT count(*) FROM gone
        $$
    """)
    op.execute("REVOKE ALL ON FUNCTION metrics.fold(int) FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA metrics TO {APP_ROLE}")
    op.execute(f"GRANT EXECUTE ON FUNCTION metrics.fold(int) TO {APP_ROLE}")
    op.execute(f"GRANT INSERT, SELECT ON metrics.amounts TO {APP_ROLE}")
    op.execute(f"GRANT SELECT ON metrics.totals TO {APP_ROLE}")


def downgrade() -> None:
    op.execute("DROP FUNCTION metrics.fold(int)")
    op.execute("DROP TABLE metrics.totals")
    op.execute("DROP TABLE metrics.amounts")
    op.execute("DROP SCHEMA metrics")
