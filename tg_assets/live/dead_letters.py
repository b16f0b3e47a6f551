"""Dead letters: what came in and could not be applied, with the reason, the payload and how often it was tried.

A letter belongs to its tenant; one that names none, or an unknown one, to ``ids.NO_TENANT``. It is written in the
transaction that settles its batch and told to ``<stream>:dlq`` through the outbox. All functions work inside a
tenant's transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, text

from resources.postgres import temp_rows
from tg_assets import ids
from tg_assets.events.streams import dlq_of
from tg_assets.live import outbox

if TYPE_CHECKING:
    from redis import Redis

    from tg_assets.live.reader import Entry


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that cannot be applied, and why: a sentence that quotes nothing of it."""

    entry: "Entry"
    reason: str


_COLUMNS = {
    "id": "uuid", "source": "text", "entry": "text", "reason": "text", "payload": "jsonb", "deliveries": "int",
}  # fmt: skip


def keep(connection: Connection, rejected: Sequence[Rejected]) -> None:
    """Write letters; one that is there already stays as it is."""
    if not rejected:
        return
    rows = [
        (
            letter_id(one.entry.stream, one.entry.id),
            one.entry.stream,
            one.entry.id,
            one.reason,
            _payload(one.entry.text()),
            one.entry.deliveries,
        )
        for one in rejected
    ]
    connection.execute(text("DROP TABLE IF EXISTS letters"))
    temp_rows(connection, "letters", _COLUMNS, rows)
    names = ", ".join(_COLUMNS)
    connection.execute(
        text(f"""INSERT INTO dead_letters (tenant_id, {names}) SELECT current_tenant(), {names} FROM letters
                 ON CONFLICT (tenant_id, id) DO NOTHING""")  # noqa: S608 - constant column names
    )
    outbox.post(connection, [_told(one) for one in rejected])


def letter_id(stream: str, entry_id: str) -> UUID:
    """Id of the letter of a stream's entry."""
    return uuid5(ids.NAMESPACE, f"dead-letter:{stream}:{entry_id}")


def _payload(said: str) -> str:
    """The entry as JSON that PostgreSQL accepts: parsed where it can be, else as a string of its text."""
    try:
        parsed = orjson.dumps(orjson.loads(said)).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        parsed = orjson.dumps(said.replace("\x00", "\ufffd")).decode()
    return parsed.replace("\\u0000", "\\ufffd")


def _told(one: Rejected) -> tuple[str, str, str]:
    entry = one.entry
    told = {"stream": entry.stream, "entry": entry.id, "reason": one.reason, "deliveries": entry.deliveries}
    said = orjson.dumps({**told, "data": entry.text()}).decode()
    return dlq_of(entry.stream), f"{entry.stream}:{entry.id}", said


def listing(connection: Connection, limit: int, replayed: bool = False) -> list[Any]:
    """The tenant's newest letters; those that were replayed only when asked for."""
    return list(
        connection.execute(
            text("""SELECT id, source, entry, reason, deliveries, created_at, replayed_at FROM dead_letters
                    WHERE :replayed OR replayed_at IS NULL ORDER BY created_at DESC, entry DESC LIMIT :limit"""),
            {"limit": limit, "replayed": replayed},
        ).all()
    )


def find(connection: Connection, prefix: str) -> Any | None:
    """The letter whose id begins so, or whose entry is this; None when there is none or more than one."""
    rows = connection.execute(
        text("SELECT * FROM dead_letters WHERE starts_with(id::text, :prefix) OR entry = :prefix LIMIT 2"),
        {"prefix": prefix},
    ).all()
    return rows[0] if len(rows) == 1 else None


def replay(connection: Connection, redis: "Redis", letters: Iterable[UUID]) -> int:
    """Put letters back on their streams, as they came, and mark them; returns how many.

    A letter of an import names no stream and cannot be replayed: it is mended by importing again.
    """
    rows = connection.execute(
        text("""SELECT id, source, payload FROM dead_letters
                WHERE id = ANY(CAST(:letters AS uuid[])) AND source LIKE 'stream:%' FOR UPDATE"""),
        {"letters": [str(one) for one in letters]},
    ).all()
    with redis.pipeline(transaction=False) as pipe:
        streaming: Any = pipe
        for row in rows:
            data = row.payload.encode() if isinstance(row.payload, str) else orjson.dumps(row.payload)
            streaming.xadd(row.source, {"data": data})
        pipe.execute()
    connection.execute(
        text("UPDATE dead_letters SET replayed_at = now() WHERE id = ANY(CAST(:sent AS uuid[]))"),
        {"sent": [str(row.id) for row in rows]},
    )
    return len(rows)
