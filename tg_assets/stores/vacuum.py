"""VACUUM and ANALYZE of a database's tables, as far as the role may: as owner, or by MAINTAIN (PostgreSQL 17).

Autovacuum does the same when enough rows have changed; after a purge, and for partitioned tables, which it never
analyzes, it is done at once. It blocks neither reading nor writing, and passes over a table that somebody has locked.
"""

from dataclasses import dataclass

from sqlalchemy import create_engine, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from tg_assets.errors import ServerDown

# The privilege has a name since this version; asked for by it, an older server knows none.
MAINTAIN_SINCE = 17
_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name,
           pg_has_role(c.relowner, 'USAGE') OR (:maintain AND has_table_privilege(c.oid, :privilege)) AS mine
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Tables that were cleaned, those that the role may not clean, and the size of the database afterwards."""

    done: int
    left: int
    bytes: int


def vacuum(url: str, variable: str) -> Vacuumed:
    """Clean every table that the role may. Raises TgAssetsError, which names the variable, when nobody answers."""
    try:
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
        connection = engine.connect()
    except (ArgumentError, OperationalError) as error:
        raise ServerDown(
            f"The database of {variable} cannot be cleaned ({type(error).__name__}): is it running, and is the "
            "variable correct?"
        ) from None
    with connection:
        maintain = (connection.dialect.server_version_info or (0,))[0] >= MAINTAIN_SINCE
        values = {"maintain": maintain, "privilege": "MAINTAIN" if maintain else "SELECT"}
        tables = connection.execute(text(_TABLES), values).all()
        mine = [table.name for table in tables if table.mine]
        for name in mine:
            connection.execute(text(f"VACUUM (ANALYZE, SKIP_LOCKED) {name}"))
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return Vacuumed(len(mine), len(tables) - len(mine), size)
