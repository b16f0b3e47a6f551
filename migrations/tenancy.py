"""Row-level security, the same for every table: no tenant set means no rows.

The application role (``tg_app``, or ``-x app_role``) gets data privileges only: it owns nothing, so policies
bind it, and FORCE makes them bind the owner too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

APP_ROLE = "tg_app"


def isolate(*tables: str, key: str = "tenant_id") -> None:
    """Enable and force the tenant policy on tables and let the application role use them."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} "
            f"USING ({key} = current_tenant()) WITH CHECK ({key} = current_tenant())"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP_ROLE}")


@contextmanager
def lifted(*tables: str) -> Iterator[None]:
    """Let the migration see rows of all tenants: FORCE binds the owner of the tables too."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
