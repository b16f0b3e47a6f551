"""What context adds to a line's scores: a share of those of its neighbours, and of those of the units that it is in.

Many answers of a chat lack the words of the question, which are a line or two above. It is done with what a store
returned, so no vector depends on other messages, and an edit makes nothing stale but its own line and units. Shares
were chosen on the made-up chats of ``benchmarks``, where they find as much as the same words in the line's own vectors.
What does not belong here: asking stores (``context``), the order of results (``ranking``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

Hits = Sequence[tuple[str, float]]

NEAR = {"lemmas": 0.5, "trigrams": 0.25}
"""What a line gets of each neighbour's score, by leg; character 3-grams find something anywhere."""
UNIT = {"lemmas": 0.25, "trigrams": 0.25}
"""What it gets of its units' scores."""


def lifted(
    lines: Mapping[str, Hits],
    matter: Mapping[str, Hits],
    units: Mapping[str, Hits],
    near: Mapping[str, Sequence[str]],
    members: Mapping[str, Sequence[str]],
) -> dict[str, list[tuple[str, float]]]:
    """Legs of lines with what their context adds, best first.

    Lines get shares of the hits of ``matter`` whose neighbours they are by ``near``, and of those of ``units`` that
    have them by ``members``; what these two do not know lifts nothing.
    """
    found = {}
    for name, hits in lines.items():
        scores = dict(hits)
        by_near = _shares(matter.get(name, ()), near, NEAR.get(name, 0.0))
        by_unit = _shares(units.get(name, ()), members, UNIT.get(name, 0.0))
        for line, share in chain(by_near, by_unit):
            scores[line] = scores.get(line, 0.0) + share
        found[name] = sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))
    return found


def _shares(hits: Hits, others: Mapping[str, Iterable[str]], share: float) -> Iterator[tuple[str, float]]:
    """What lines get of these hits' scores."""
    if share:
        for key, score in hits:
            for line in others.get(key, ()):
                yield line, share * score
