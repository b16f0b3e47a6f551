"""Dead letters: what came in and could not be applied, with the reason, the payload and how often it was tried.

A letter belongs to its tenant; one that names none, or an unknown one, to ``ids.NO_TENANT``. It is written in the
transaction that settles its batch and told to ``<stream>:dlq`` through the outbox. ``fields`` are the entry byte for
byte, for sending it again; ``payload`` is what people read of it. All functions work inside a tenant's transaction.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.events.streams import dlq_of
from tg_assets.jsonb import without_nul
from tg_assets.ledger import outbox
from tg_assets.stores.database import temp_rows

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
    "fields": "bytea[]",
}  # fmt: skip

# Of a larger entry people are shown the beginning.
SHOWN = 1 << 20
BEGINNING = 1 << 16
# A larger entry cannot be kept: PostgreSQL takes a value as text, of two characters a byte, and not more than 1 GB.
KEPT = 256 << 20


def keep(connection: Connection, rejected: Sequence[Rejected], *, shown: bool = True) -> None:
    """Write letters; one that is there already stays as it is. Without ``shown`` their payloads are not looked into."""
    if not rejected:
        return
    rows = [
        (
            letter_id(one.entry.stream, one.entry.id),
            one.entry.stream,
            one.entry.id,
            one.reason,
            _payload(one.entry) if shown else "null",
            one.entry.deliveries,
            _fields(one.entry),
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


def _payload(entry: "Entry") -> str:
    """The entry as JSON that PostgreSQL accepts: parsed where it can be, else as a string of its text."""
    if entry.size > SHOWN:
        return json.dumps(entry.text()[:BEGINNING].replace("\x00", "\ufffd"))
    said = entry.text()
    try:
        # Not orjson: it makes another number of an integer beyond 64 bits.
        parsed = json.dumps(json.loads(said), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        parsed = json.dumps(said, ensure_ascii=False).encode()
    return without_nul(parsed).decode()


def _fields(entry: "Entry") -> str | None:
    """Names and values of an entry's fields in turn, as PostgreSQL writes an array of bytes."""
    if entry.size > KEPT:
        return None
    parts = (f'"\\\\x{part.hex()}"' for pair in entry.fields.items() for part in pair)
    return f"{{{','.join(parts)}}}"


def _told(one: Rejected) -> tuple[str, str, str]:
    """The letter for its stream; what its text does not say exactly is there in base64, field by field."""
    entry = one.entry
    told: dict[str, object] = {
        "stream": entry.stream, "entry": entry.id, "reason": one.reason, "deliveries": entry.deliveries,
    }  # fmt: skip
    if entry.size > SHOWN:
        told |= {"data": entry.text()[:BEGINNING], "bytes": entry.size}
    else:
        told["data"] = entry.text()
        if not entry.is_text:
            told["base64"] = {
                name.decode(errors="backslashreplace"): b64encode(value).decode()
                for name, value in entry.fields.items()
            }
    return dlq_of(entry.stream), f"{entry.stream}:{entry.id}", orjson.dumps(told).decode()


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


REPLAYABLE = "source LIKE 'stream:%' AND fields IS NOT NULL"
"""Whether a row of ``dead_letters`` can be put back on its stream."""


def replay(connection: Connection, redis: "Redis", letters: Iterable[UUID]) -> Counter[str]:
    """Put letters back on their streams, byte for byte, and mark them; returns how many by stream.

    A letter of an import names no stream and cannot be replayed: it is mended by importing again. Nor can one whose
    entry was too large to keep.
    """
    rows = connection.execute(
        text(f"""SELECT id, source, fields FROM dead_letters
                 WHERE id = ANY(CAST(:letters AS uuid[])) AND {REPLAYABLE} FOR UPDATE"""),  # noqa: S608 - a constant
        {"letters": [str(one) for one in letters]},
    ).all()
    with redis.pipeline(transaction=False) as pipe:
        streaming: Any = pipe
        for row in rows:
            parts = [bytes(part) for part in row.fields]
            streaming.xadd(row.source, dict(zip(parts[::2], parts[1::2], strict=True)))
        pipe.execute()
    connection.execute(
        text("UPDATE dead_letters SET replayed_at = now() WHERE id = ANY(CAST(:sent AS uuid[]))"),
        {"sent": [str(row.id) for row in rows]},
    )
    return Counter(row.source for row in rows)
