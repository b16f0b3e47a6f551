"""Whether a run's process lives: while it does, it holds its run's name in PostgreSQL.

Dagster's status of a run is what somebody wrote about it last; when its process and whoever watches it die together
nobody writes that it is over. A lock ends with the process. It is shared, so a run of several processes has it as long
as one of them lives. What does not belong here: deciding what to do about a run without one.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

NAME = "run/"
# How often the connection is used: when the server was restarted, so soon it knows again that the run goes on.
BEAT_SECONDS = 2.0
# A machine that fell silent keeps its runs' names for so long.
SILENT = "5min"


@contextmanager
def alive(engine: Engine, run_id: str) -> Iterator[None]:
    """Hold a run's name for the length of the block, over a connection and in a thread of its own."""
    over = threading.Event()
    thread = threading.Thread(target=_hold, args=(engine, run_id, over), name="run-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _hold(engine: Engine, run_id: str, over: threading.Event) -> None:
    while not over.is_set():
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"SET idle_session_timeout = '{SILENT}'"))
                connection.execute(
                    text("SELECT pg_advisory_lock_shared(hashtextextended(:name, 0))"), {"name": NAME + run_id}
                )
                while not over.wait(BEAT_SECONDS):
                    connection.execute(text("SELECT 1"))
        except SQLAlchemyError:  # whoever works says what is the matter with the server
            over.wait(BEAT_SECONDS)


def living(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    """Those of some runs whose process lives."""
    with connection.begin():
        return set(
            connection.execute(
                text("""
                    SELECT run.id FROM unnest(CAST(:ids AS text[])) AS run (id) WHERE EXISTS (
                        SELECT FROM pg_locks l
                        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
                          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                          AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended(:name || run.id, 0))
                """),
                {"ids": list(run_ids), "name": NAME},
            ).scalars()
        )
