"""Alembic environment: our tables only (Dagster migrates its own database).

Connects as the owner of the tables. ``lock_timeout`` keeps a migration from queueing behind a long reader and
blocking everyone behind it; ``upgrade`` tries again when it gives up.
"""

from alembic import context
from sqlalchemy import create_engine, pool, text

url = context.config.get_main_option("sqlalchemy.url")
if not url:
    raise SystemExit("Run migrations with `tg-assets migrate`: it knows the owner's URL.")
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
