"""What is crossed out in a message's text: who said it took it back, so it is not to be read as said.

What does not belong here: other entities, which change nothing of what a text says.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

MARK = "~~"


@dataclass(frozen=True, slots=True)
class Struck:
    """A part of a text, in UTF-16 code units, as Telegram and JavaScript count."""

    offset: int
    length: int


_STRUCK = """
    SELECT m.id, e->'offset', e->'length'
    FROM messages m CROSS JOIN LATERAL jsonb_array_elements(m.entities) AS e
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.deleted_at IS NULL AND e->>'type' = 'strikethrough'
    ORDER BY 1, 2, 3
"""


def struck_of(connection: Connection, shown: Collection[UUID]) -> dict[UUID, tuple[Struck, ...]]:
    """Parts of the texts of ``shown``, ids that the archive shows, in their order; of those that have any.

    Events have entities as whoever sent them wrote them: what is no place is none.
    """
    found: dict[UUID, list[Struck]] = {}
    for one, offset, length in connection.execute(text(_STRUCK), {"ids": list(map(str, shown))}).tuples():
        if type(offset) is int and type(length) is int and offset >= 0 < length:
            found.setdefault(one, []).append(Struck(offset, length))
    return {one: tuple(parts) for one, parts in found.items()}


def crossed(said: str, struck: Sequence[Struck]) -> str:
    """The text with ``~~`` around what is crossed out, for who reads no other marks. Parts are in their order."""
    units, pieces, end = said.encode("utf-16-le", "surrogatepass"), list[str](), 0

    def piece(begin: int, until: int | None) -> str:
        return units[2 * begin : None if until is None else 2 * until].decode("utf-16-le", "replace")

    for one in struck:
        begin, until = max(one.offset, end), one.offset + one.length
        if begin < until <= len(units) // 2:
            pieces += [piece(end, begin), MARK, piece(begin, until), MARK]
            end = until
    return "".join([*pieces, piece(end, None)])
