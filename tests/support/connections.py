"""Connections to PostgreSQL that are let go of are emptied and taken again, in the process of the tests.

A run connects a few times in its life, tests thousands of times, and to connect costs client and server 9 ms of
processor time: most of it is for the password. What a connection could remember is forgotten between two uses:
temporary tables, locks, settings, prepared statements, as with a new one
(https://www.postgresql.org/docs/current/sql-discard.html). Each is looked at before it is taken, so a server that was
away is met as by a new one. What does not belong here: processes that tests start, which connect as a run does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg2 import Error
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from tg_assets.stores import database

# As many wait to be taken; further ones are closed.
KEPT = 4


@contextmanager
def taken_again() -> Iterator[None]:
    """Within the block, engines that keep no connection are made so."""
    make, engines = database._engine.__wrapped__, list[Engine]()

    def made(url: str, keep: int) -> Engine:
        found = make(url, keep)
        if not keep:
            event.listen(found, "reset", _empty)
            engines.append(found)
        return found

    def pool(keep: int) -> dict[str, Any]:
        if keep:
            return usual(keep)
        return {"poolclass": QueuePool, "pool_size": KEPT, "max_overflow": -1, "pool_pre_ping": True}

    usual = database._pool
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_pool", pool)
        patch.setattr(database, "_engine", database.lru_cache(maxsize=4)(made))
        yield
    for engine in engines:
        engine.dispose()


def _empty(connection: Any, record: Any, _state: object) -> None:
    """Forget everything; one that broke is closed."""
    try:
        connection.rollback()
        connection.autocommit = True  # it may not be in a transaction
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")  # what was written is counted, as at its end
            cursor.execute("DISCARD ALL")
        connection.autocommit = False
    except Error:
        record.invalidate()
