"""What is crossed out in a message's text: who said it took it back, so it is not to be read as said.

Texts stay as they are and have their struck parts beside them; who reads text alone gets those between marks. What does
not belong here: other entities, which change nothing of what a text says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MARK = "~~"
KIND = "strikethrough"
OF_MESSAGE = f"CASE WHEN jsonb_path_exists(m.entities, '$[*].type ? (@ == \"{KIND}\")') THEN m.entities END AS struck"
"""Column of a message ``m`` that ``struck_in`` reads; null of nearly all."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A part of a text, in UTF-16 code units, as Telegram and JavaScript count."""

    offset: int
    length: int


def struck_in(entities: Any) -> tuple[Struck, ...]:
    """Parts that a message's entities cross out, in their order.

    Events have entities as whoever sent them wrote them: what is no place is none.
    """
    found = [
        Struck(one["offset"], one["length"])
        for one in entities or ()
        if isinstance(one, dict) and one.get("type") == KIND and _is_place(one.get("offset"), one.get("length"))
    ]
    return tuple(sorted(found, key=lambda one: (one.offset, one.length)))


def _is_place(offset: Any, length: Any) -> bool:
    return type(offset) is int and type(length) is int and offset >= 0 < length


def runs(said: str, struck: Sequence[Struck]) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is crossed out. Parts are in their order."""
    units, end = said.encode("utf-16-le", "surrogatepass"), 0

    def piece(begin: int, until: int | None) -> str:
        return units[2 * begin : None if until is None else 2 * until].decode("utf-16-le", "replace")

    for one in struck:
        begin, until = max(one.offset, end), one.offset + one.length
        if begin < until <= len(units) // 2:
            yield piece(end, begin), False
            yield piece(begin, until), True
            end = until
    yield piece(end, None), False


def crossed(said: str, struck: Sequence[Struck]) -> str:
    """The text with ``~~`` around what is crossed out, for who reads no other marks. Parts are in their order."""
    if not struck:
        return said
    return "".join(f"{MARK}{piece}{MARK}" if is_struck else piece for piece, is_struck in runs(said, struck))
