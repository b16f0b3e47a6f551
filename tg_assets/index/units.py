"""Context: what is said around a line speaks for it, too, and so does the unit that it is in.

A line of a chat gets a share of its neighbours' scores, of each leg of words, and of the scores of its units: many
answers lack the words of the question, which are a line or two above. It is done with what a store returned, so no
vector depends on other messages, and an edit makes nothing stale but its own line and units. Shares were chosen on the
made-up chats of ``benchmarks``. What does not belong here: asking stores, the order of results (``ranking``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

Hits = Sequence[tuple[str, float]]

NEAR = {"lemmas": 0.4, "trigrams": 0.2}
"""What a line gets of each neighbour's score, by leg; character 3-grams find something anywhere."""
UNIT = {"lemmas": 0.25, "trigrams": 0.25}
"""What it gets of its units' scores."""


def lifted(
    lines: Mapping[str, Hits],
    units: Mapping[str, Hits],
    near: Mapping[str, Sequence[str]],
    members: Mapping[str, Sequence[str]],
    most: int,
) -> dict[str, list[tuple[str, float]]]:
    """Legs of lines with what their context adds, best first, ``most`` hits each.

    ``near`` has neighbours by line, ``members`` lines by unit; what they lack has no context.
    """
    found = {}
    for name, hits in lines.items():
        scores = dict(hits)
        for line, share in (
            *_shares(hits, near, NEAR.get(name)),
            *_shares(units.get(name, ()), members, UNIT.get(name)),
        ):
            scores[line] = scores.get(line, 0.0) + share
        found[name] = sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:most]
    return found


def _shares(hits: Hits, others: Mapping[str, Iterable[str]], share: float | None) -> Iterator[tuple[str, float]]:
    """What lines get of these hits' scores."""
    if share is not None:
        for key, score in hits:
            for line in others.get(key, ()):
                yield line, share * score
