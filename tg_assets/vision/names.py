"""What things in pictures are called in English and Russian, with wider words: a tabby is a cat, and that an animal.

The table is ``names.txt`` beside this module; its head says how it is written. A label that a model elsewhere made up
(``fluffy golden retriever``, «рыжий кот») is looked through for the longest names that it holds. What does not belong
here: which labels a picture has, colours and kinds (``picture_words``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from tg_assets.tagging.lemmas import lemma, words

TABLE = Path(__file__).with_name("names.txt")
LONGEST = 5
"""Words of the longest name."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a thing is called, the commonest name first, and what it is more widely."""

    english: tuple[str, ...]
    russian: tuple[str, ...]
    wider: tuple["Name", ...] = ()

    def every(self) -> Iterator[str]:
        """Its names in both languages, then those of what it is more widely."""
        yield from (*self.english, *self.russian)
        for name in self.wider:
            yield from name.every()


def read(table: str) -> list[Name]:
    """The entries of a table, sections first where they begin. Raises ``ValueError`` that names a line."""
    found: list[Name] = []
    sections: dict[str, Name] = {}
    wider: tuple[Name, ...] = ()
    for number, line in enumerate(table.splitlines(), 1):
        try:
            if line.startswith("["):
                head, *above = (part.strip() for part in line.strip("[] ").split("<"))
                section = _entry(head, tuple(sections[name] for name in above))
                sections[section.english[0]], wider = section, (section,)
                found.append(section)
            elif line.strip() and not line.startswith("#"):
                found += [_entry(one, wider) for one in line.split(";")]
        except (ValueError, KeyError) as error:
            raise ValueError(f"names.txt, line {number}: {type(error).__name__}") from None
    return found


def _entry(written: str, wider: tuple[Name, ...]) -> Name:
    english, russian = (tuple(name.strip() for name in side.split(",")) for side in written.split("="))
    if not all((*english, *russian)):
        raise ValueError(written)
    return Name(english, russian, wider)


@lru_cache(maxsize=1 << 14)
def named(label: str) -> tuple[Name, ...]:
    """What the table has under a label in either language: what the whole is, else the longest names in it."""
    if label in _spelt():
        return _spelt()[label]
    said = [lemma(word) for word in words(label)]
    found: list[Name] = []
    place = 0
    while place < len(said):
        for length in range(min(LONGEST, len(said) - place), 0, -1):
            if names := _table().get(tuple(said[place : place + length])):
                found += names
                break
        place += length
    return tuple(dict.fromkeys(found))


@cache
def _entries() -> list[Name]:
    return read(TABLE.read_text("utf-8"))


@cache
def _spelt() -> dict[str, tuple[Name, ...]]:
    """Entries by their first names as models spell them, for which no dictionary is loaded."""
    found: dict[str, tuple[Name, ...]] = {}
    for entry in _entries():
        found[entry.english[0]] = (*found.get(entry.english[0], ()), entry)
    return found


@cache
def _table() -> dict[tuple[str, ...], list[Name]]:
    """Entries by the lemmas of a name.

    What several entries call their second name («попугай» of a macaw and of a lorikeet) has what is common to them.
    """
    found: dict[tuple[str, ...], list[Name]] = {}
    others: dict[tuple[str, ...], list[Name]] = {}
    for entry in _entries():
        found.setdefault(_key(entry.english[0]), []).append(entry)
        for name in (*entry.english[1:], *entry.russian):
            others.setdefault(_key(name), []).append(entry)
    for key, names in others.items():
        if key not in found:
            found[key] = [_common(names)]
    return found


def _key(name: str) -> tuple[str, ...]:
    return tuple(map(lemma, words(name)))


def _common(entries: Sequence[Name]) -> Name:
    first = entries[0]
    return Name(
        _shared(first.english, (entry.english for entry in entries)),
        _shared(first.russian, (entry.russian for entry in entries)),
        tuple(name for name in first.wider if all(name in entry.wider for entry in entries)),
    )


def _shared(names: Sequence[str], others: Iterable[Sequence[str]]) -> tuple[str, ...]:
    every = list(others)
    return tuple(name for name in names if all(name in other for other in every))
