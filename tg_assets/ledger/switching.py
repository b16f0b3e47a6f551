"""Switching an index to another version while others write to it.

Who writes holds the index for the length of a chunk's transaction, together with others who write; who switches holds
it alone for a moment. A version is built by stages of their own, called as those of the index with ``.rebuilt``, so the
ledger says what is in it as it says what is in the index; once it answers, what the ledger says of it is what it says
of the index. What does not belong here: any store.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.stores.database import Database, advisory_lock

REBUILT = ".rebuilt"


def hold(connection: Connection, index: str) -> None:
    """Keep an index from being switched until this transaction ends. Waits while it is."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))"), {"name": f"index/{index}"}
    )


def take_turn(connection: Connection, index: str) -> None:
    """Keep others, until this transaction ends, from changing what versions of an index hold that do not answer."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"versions/{index}"})


def make_again(connection: Connection, stage: str, items: Collection[UUID]) -> None:
    """Forget that a version which is being built has these items of a stage of the index."""
    connection.execute(
        text("DELETE FROM derivations WHERE stage = :stage AND item_id = ANY(CAST(:items AS uuid[]))"),
        {"stage": stage + REBUILT, "items": [str(one) for one in items]},
    )


@contextmanager
def alone(database: Database, index: str) -> Iterator[None]:
    """Hold an index alone: whoever writes has come to the end of its chunk, and waits before the next one."""
    with database.connection() as connection, advisory_lock(connection, f"index/{index}", wait=True):
        yield


def adopt(connection: Connection, versions: Mapping[str, tuple[str, str]]) -> None:
    """Let the ledger say of an index what it says of a tenant's rows in the version that answers now.

    ``versions`` maps a stage of the index to the version of the stage that built and to its own from now on. What was
    made since the switch is newer and stays.
    """
    for stage, (built, now) in versions.items():
        connection.execute(
            text("""
                INSERT INTO derivations AS d
                       (tenant_id, stage, item_id, at, input_hash, version, status, reason, run_id, made_at)
                SELECT current_tenant(), :stage, item_id, at, input_hash, :now, status, reason, run_id, made_at
                FROM derivations WHERE stage = :rebuilt AND version = :built
                ON CONFLICT (tenant_id, stage, item_id) DO UPDATE SET
                    at = excluded.at, input_hash = excluded.input_hash, version = excluded.version,
                    status = excluded.status, reason = excluded.reason, run_id = excluded.run_id,
                    made_at = excluded.made_at, retries = 0
                WHERE (d.version <> excluded.version OR d.made_at <= excluded.made_at)
                      AND (d.input_hash, d.version, d.status)
                          IS DISTINCT FROM (excluded.input_hash, excluded.version, excluded.status)
            """),
            {"stage": stage, "rebuilt": stage + REBUILT, "built": built, "now": now},
        )


def forget(connection: Connection, stages: Mapping[str, object]) -> None:
    """Drop what the ledger says of a tenant's rows in versions of these stages' index, which none is any more."""
    connection.execute(
        text("DELETE FROM derivations WHERE stage = ANY(:stages)"), {"stages": [name + REBUILT for name in stages]}
    )
