"""Metrics: beside an amount, the trace of one event that it was counted for, so that a spike leads to an example.

And the application may read which revision this is, to say when it was written for another.
"""

from alembic import op

from migrations.tenancy import APP_ROLE

revision = "0018"
down_revision = "0017"

_FOLD = """
    CREATE OR REPLACE FUNCTION metrics.fold(most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER
    SET search_path = metrics, pg_temp AS $$
        WITH gone AS (
            DELETE FROM metrics.amounts WHERE id IN (
                SELECT id FROM metrics.amounts ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED)
            RETURNING *
        ), added AS (
            INSERT INTO metrics.totals AS t (sample, labels, amount{names})
            SELECT sample, labels, sum(amount){values} FROM gone GROUP BY sample, labels ORDER BY sample, labels
            ON CONFLICT (sample, labels) DO UPDATE SET amount = t.amount + excluded.amount{updates}
        )
        SELECT count(*) FROM gone
    $$
"""
_NEWEST = "(array_agg(trace ORDER BY id DESC) FILTER (WHERE trace IS NOT NULL))[1]"


def upgrade() -> None:
    op.execute("ALTER TABLE metrics.amounts ADD trace jsonb")
    op.execute("ALTER TABLE metrics.totals ADD trace jsonb")
    op.execute(
        _FOLD.format(names=", trace", values=f", {_NEWEST}", updates=", trace = coalesce(excluded.trace, t.trace)")
    )
    op.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}")


def downgrade() -> None:
    op.execute(f"REVOKE SELECT ON alembic_version FROM {APP_ROLE}")  # noqa: S608 - a constant
    op.execute(_FOLD.format(names="", values="", updates=""))
    op.execute("ALTER TABLE metrics.totals DROP trace")
    op.execute("ALTER TABLE metrics.amounts DROP trace")
