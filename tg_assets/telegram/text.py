"""Text with its entities and links: what a reader of a message gives, and how it grows part by part.

Offsets and lengths count UTF-16 code units, as Telegram does. Strings that come in are made fit for PostgreSQL.
What does not belong here: what a message holds, and where.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tg_assets.telegram.fields import string

Entity = dict[str, Any]


class Text(NamedTuple):
    """``entities`` count ``offset`` and ``length`` in UTF-16 code units, as Telegram does."""

    content: str
    entities: list[Entity]
    urls: list[str]


EMPTY = Text("", [], [])


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1


def joined(texts: Iterable[Text]) -> Text:
    """Texts below each other, as one; those without words leave only their links."""
    given = list(texts)
    if len(given) == 1:
        return given[0]
    writer = TextWriter()
    for text in given:
        writer.line()
        writer.put(text)
    return writer.text()


def _moved(entity: Entity, units: int) -> Entity:
    """An entity further on; one that does not say where it is stays as it is."""
    offset = entity.get("offset")
    return {**entity, "offset": offset + units} if units and type(offset) is int else entity


@dataclass(slots=True)
class TextWriter:
    """A text as it is written. Nothing is written for what has no words: neither its line nor its mark."""

    _pieces: list[str] = field(default_factory=list)
    _entities: list[Entity] = field(default_factory=list)
    _urls: dict[str, None] = field(default_factory=dict)
    _units: int = 0
    _before: str = ""
    """What goes between what is written and the words that come."""
    _mark: str = ""
    _open: list[list[int]] = field(default_factory=list)
    """Piece and unit that entities begin with; negative before their first words."""

    def add(self, piece: Any) -> None:
        """Write a string; anything else is no words."""
        words = string(piece)
        if words is None:
            return
        if self._before or self._mark:
            self._put((self._before if self._pieces else "") + self._mark)
            self._before = self._mark = ""
        for start in self._open:
            if start[0] < 0:
                start[:] = len(self._pieces), self._units
        self._put(words)

    def put(self, text: Text) -> None:
        """Write a text with its entities and links."""
        if text.content:
            self.add(text.content)
            start = self._units - utf16_length(text.content)
            self._entities += [_moved(one, start) for one in text.entities]
        for url in text.urls:
            self.link(url)

    def link(self, url: Any) -> None:
        """Note where something leads to."""
        if found := string(url):
            self._urls[found] = None

    def line(self) -> None:
        """What comes is below what is written."""
        self._before = "\n"

    def beside(self, separator: str) -> None:
        """What comes is beside what is written last."""
        if not self._before:
            self._before = separator

    @contextmanager
    def marked(self, mark: str) -> Iterator[None]:
        """Put a mark before the first words of what is written inside."""
        outer = self._mark
        self._mark += mark
        yield
        if self._mark:
            self._mark = outer

    @contextmanager
    def entity(self, kind: str, details: Entity | None = None) -> Iterator[None]:
        """Make an entity of what is written inside; a ``link`` leads to its own words."""
        start, place = [-1, -1], len(self._entities)
        self._open.append(start)
        yield
        self._open.pop()
        piece, offset = start
        if piece < 0:
            return
        known = details or {}
        self._entities.insert(place, {"type": kind, "offset": offset, "length": self._units - offset, **known})
        self.link("".join(self._pieces[piece:]) if kind == "link" else known.get("url"))

    def text(self) -> Text:
        """What is written."""
        return Text("".join(self._pieces), self._entities, list(self._urls))

    def _put(self, piece: str) -> None:
        self._pieces.append(piece)
        self._units += utf16_length(piece)
