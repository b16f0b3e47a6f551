"""The same text in several places, forwarded, reposted or sent twice, as one result that knows the others.

Texts are the same when nearly all of their words are. Short ones stay apart: «спасибо» of two people is no copy.
What does not belong here: ranking, what is shown of the places.
"""

from collections.abc import Callable, Hashable, Sequence
from itertools import islice
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)

SAME = 0.85
"""Share of all words of two texts that both have."""
LEAST = 5
"""Different words that a text must have."""
LOOKED = 100
"""Results that are looked at for copies of those that are shown."""


def collapse(
    ranked: Sequence[tuple[Id, float]], said: Callable[[Id], tuple[str, frozenset[str]]], limit: int
) -> list[tuple[Id, float, list[Id]]]:
    """The first ``limit`` results that are no copies of earlier ones, each with its copies, best first.

    ``said`` gives a result's kind and words; only results of one kind are copies of each other.
    """
    kept: list[tuple[Id, float, list[Id]]] = []
    texts: list[tuple[str, frozenset[str]]] = []
    for place, (key, score) in enumerate(ranked):
        if len(kept) == limit and place >= max(limit, LOOKED):
            break
        kind, words = said(key)
        # Of two sets this much alike one of so many words of the one, whichever, is in the other.
        some = tuple(islice(words, int(len(words) * (1 / SAME - 1)) + 1))
        for (_, _, copies), (other_kind, other) in zip(kept, texts, strict=True):
            if kind == other_kind and not other.isdisjoint(some) and _same(words, other):
                copies.append(key)
                break
        else:
            if len(kept) < limit:
                kept.append((key, score, []))
                texts.append((kind, words))
    return kept


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    least, every = min(len(one), len(other)), len(one) + len(other)
    if least < LEAST or least < SAME * (every - least):
        return False
    shared = len(one & other)
    return shared >= SAME * (every - shared)
