"""Mutations of a JSON value that know its structure: types swapped, keys dropped, doubled and renamed, absurd values.

``mutate`` works on any value that ``json.loads`` may give, and returns it as a tree that ``dump`` writes. It may hold
what ``json`` cannot: objects with a key twice, and tokens as they are (``Raw``).
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

MARKER = "zqxjkvword"
"""In every text, name and file name, so that a sentence or a log that quotes one is noticed."""
PERSON = "7316450271"
"""The id of a person, as it stands in senders."""


class Raw(str):
    """Characters that are written as they are, without quotes."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object whose keys may be doubled."""


def tree(value: Any) -> Any:
    """A value with its objects as ``Pairs``."""
    if isinstance(value, dict):
        return Pairs((key, tree(inner)) for key, inner in value.items())
    return [tree(inner) for inner in value] if isinstance(value, list) else value


def dump(value: Any, ascii_only: bool = False) -> str:
    """JSON, where the tree is; lone surrogates are always escaped."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{dump(key, ascii_only)}:{dump(inner, ascii_only)}" for key, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(inner, ascii_only) for inner in value) + "]"
    try:
        written = json.dumps(value, ensure_ascii=ascii_only)
        written.encode()
    except UnicodeEncodeError:
        written = json.dumps(value)
    return written


def deep(levels: int) -> Raw:
    """Lists in lists."""
    return Raw("[" * levels + "]" * levels)


ABSURD: list[Any] = [
    *(None, True, False, "", " ", 0, -1, 1, 1.5, -0.0, 1e300, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1),
    *(10**40, Raw("1e400"), Raw("-1e999"), Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("9" * 5000), Raw("1E5")),
    *([], {}, [[]], [None], [{}], {"": None}, [1, "a", None], deep(90), deep(120), deep(400), deep(3000)),
    *(MARKER, f"{MARKER} " * 300, f"user{MARKER}", f"user{PERSON}", "user0", "user-1", "userMe", "channel", "channel5"),
    *("chat9", f"channel{'9' * 30}", "9" * 30, "1682931600", "-5", "1e9", "٣", "²", "253402300800", "99999999999999"),
    *("2023-05-01T12:00:00", "2023-13-41T99:99:99", "9999-12-31T23:59:59", "0001-01-01T00:00:00", "2023-05-01", "T"),
    *("\ud83d", "\udc00\ud83d", f"{MARKER}\ud83d", "a\x00b", "\\u0000", "\\\\u0000", "\x1b[2J", "\x85\u2028"),
    *("\ufeff", "é", "e\u0301", "😀" * 50, "../../x", "/etc/passwd", "C:\\x", "photos\\a.jpg", "a" * 300 + ".jpg", "."),
    *("(File not included. Change data exporting settings to download.)", "photos/a.jpg", "data:,x", "//[x", "%00"),
    *({"text": MARKER}, [{"type": "bold", "text": MARKER}], [{"text": None}], {"type": "link", "text": {"a": MARKER}}),
]  # fmt: skip


def places(value: Any) -> list[tuple[Any, int]]:
    """Every place in a tree as (container, index); an object's index is that of the pair."""
    found: list[tuple[Any, int]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            found += [(one, index) for index in range(len(one))]
            waiting += [inner[1] for inner in one] if isinstance(one, Pairs) else one
    return found


def _get(container: Any, index: int) -> Any:
    return container[index][1] if isinstance(container, Pairs) else container[index]


def _set(container: Any, index: int, value: Any) -> None:
    container[index] = (container[index][0], value) if isinstance(container, Pairs) else value


def _replace(random: Random, container: Any, index: int) -> None:
    _set(container, index, tree(random.choice(ABSURD)))


def _drop(random: Random, container: Any, index: int) -> None:
    del container[index]


def _double(random: Random, container: Any, index: int) -> None:
    """The same key or item twice, once with something else, before or behind."""
    other = tree(random.choice(ABSURD)) if random.random() < 0.7 else _get(container, index)
    twin = (container[index][0], other) if isinstance(container, Pairs) else other
    container.insert(index + random.randint(0, 1), twin)


def _wrap(random: Random, container: Any, index: int) -> None:
    value = _get(container, index)
    _set(container, index, random.choice([[value], Pairs([("text", value)]), [[value], value], dump(value)[:500]]))


def _rename(random: Random, container: Any, index: int) -> None:
    if isinstance(container, Pairs):
        key = random.choice(
            ["", MARKER, "id", "text", "a\x00b", "\ud83d", "_", "x" * 3000, container[index][0].upper()]
        )
        container[index] = (key, container[index][1])


def _shuffle(random: Random, container: Any, index: int) -> None:
    random.shuffle(container)


def _swap(random: Random, container: Any, index: int) -> None:
    other = random.randrange(len(container))
    one, two = _get(container, index), _get(container, other)
    _set(container, index, two)
    _set(container, other, one)


STEPS: list[Callable[[Random, Any, int], None]] = [
    _replace, _replace, _replace, _drop, _double, _double, _wrap, _rename, _shuffle, _swap,
]  # fmt: skip


def mutate(random: Random, value: Any) -> Any:
    """The value with up to six things wrong; most often with one."""
    mutated = tree(value)
    for _ in range(random.choice([1, 1, 1, 2, 3, 6])):
        if found := places(mutated):
            random.choice(STEPS)(random, *random.choice(found))
    return mutated
