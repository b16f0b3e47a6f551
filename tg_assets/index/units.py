"""What context adds to a line's scores: shares of those of its neighbours and of the units that it is in.

Many answers of a chat lack the words of the question, which are a line or two above. It is done with what a store
returned, so no vector depends on other messages, and an edit makes nothing stale but its own line and units. A line
also gets how near in meaning the others of its units are, as a leg of its own (``AROUND``). Where two talk with each
other, what one says next answers what the other has said: there places count (``FOLLOWS``), and how near in meaning the
lines before and after are is a leg as well (``BESIDE``); where many talk past each other it would tell nothing.
Shares were chosen on replies in a real group, chats and dialogues, of others than those that measure them: replies ask
for more of the units, dialogues for more of the neighbours.
What does not belong here: asking stores (``context``), the order of results (``ranking``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from itertools import chain
from types import MappingProxyType

from tg_assets.index.fusion import best_first

Hits = Sequence[tuple[str, float]]

DENSE, AROUND, BESIDE = "dense", "around", "beside"
NEAR = {"lemmas": 0.5, "trigrams": 0.25}
"""What a line gets of each neighbour's score, by leg; character 3-grams find something anywhere."""
FOLLOWS = {-3: 0.4, -2: 0.6, -1: 1.0, 1: 1.6, 2: 1.0, 3: 0.8}
"""How much of that share a line of a dialogue gets by its place after the neighbour, or before it where it is less
than 0."""
APART = 2.0
"""How often its own nearness counts beside dialogues for what is in none, and has nobody to lend it more."""
MOSTLY = 0.9
"""The share of what is near in meaning that must be of dialogues, as it is where one of them is searched: among many
other chats most of what is beside their lines is not among the hits."""
UNIT = {"lemmas": 0.1, "trigrams": 0.25}
"""What it gets of its units' scores."""


def lifted(
    lines: Mapping[str, Hits],
    matter: Mapping[str, Hits],
    units: Mapping[str, Hits],
    near: Mapping[str, Iterable[str]],
    members: Mapping[str, Sequence[str]],
    talk: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
    floor: float | None = None,
) -> dict[str, list[tuple[str, float]]]:
    """Legs of lines with what their context adds, best first.

    Lines get shares of the hits of ``matter`` whose neighbours they are by ``near``, and of those of ``units`` that
    have them by ``members``; ``talk`` has neighbours of lines of dialogues with their places. What these do not know
    lifts nothing. ``AROUND`` is there where meaning was asked for, ``BESIDE`` where most of what is near in meaning
    was said in dialogues: of what is nearer than ``floor``, without it than the farthest hit.
    """
    found = {}
    for name, hits in lines.items():
        scores = dict(hits)
        by_near = _shares(matter.get(name, ()), near, NEAR.get(name, 0.0))
        by_place = _placed(matter.get(name, ()), talk, NEAR.get(name, 0.0))
        by_unit = _shares(units.get(name, ()), members, UNIT.get(name, 0.0))
        for line, share in chain(by_near, by_place, by_unit):
            scores[line] = scores.get(line, 0.0) + share
        found[name] = best_first(scores.items())
    if lines.get(DENSE):
        told = {unit for hits in units.values() for unit, _ in hits}
        found[AROUND] = best_first(_around(dict(lines[DENSE]), told, members).items())
        if beside := _beside(lines[DENSE], talk, floor):
            found[BESIDE] = best_first(beside.items())
    return found


def first(legs: Mapping[str, Hits], most: int) -> dict[str, list[tuple[str, float]]]:
    """Lines that are among so many of the best of any leg but ``AROUND``, with all that the legs say of them."""
    kept = {line for name, hits in legs.items() if name != AROUND for line, _ in hits[:most]}
    return {name: [hit for hit in hits if hit[0] in kept] for name, hits in legs.items()}


def _around(dense: Mapping[str, float], units: Iterable[str], members: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Of each line of the units the best score of meaning that another line of one of them has."""
    found: dict[str, float] = {}
    for unit in units:
        best = nlargest(2, ((dense[line], line) for line in members.get(unit, ()) if line in dense))
        for line in members.get(unit, ()) if best else ():
            score, _ = next((one for one in best if one[1] != line), (0.0, line))
            found[line] = max(score, found.get(line, 0.0))
    return {line: score for line, score in found.items() if score > 0}


def _beside(dense: Hits, talk: Mapping[str, Mapping[str, int]], floor: float | None) -> dict[str, float]:
    """How near in meaning lines are with their neighbours in dialogues; nothing where too many are of other chats."""
    least = farthest(dense) if floor is None else floor
    above = [(line, score - least) for line, score in dense if score > least]
    if sum(line in talk for line, _ in above) < MOSTLY * len(above):
        return {}
    found = {line: score * (1.0 if line in talk else APART) for line, score in above}
    for line, share in _placed(above, talk, 1.0):
        found[line] = found.get(line, 0.0) + share
    return found


def farthest(dense: Hits) -> float:
    """The score of the hit that is farthest in meaning."""
    return min((score for _, score in dense), default=0.0)


def _placed(hits: Hits, talk: Mapping[str, Mapping[str, int]], share: float) -> Iterator[tuple[str, float]]:
    """What neighbours in dialogues get of these hits' scores, by their places."""
    if share and talk:
        for key, score in hits:
            for line, place in talk.get(key, {}).items():
                yield line, share * FOLLOWS[place] * score


def _shares(hits: Hits, others: Mapping[str, Iterable[str]], share: float) -> Iterator[tuple[str, float]]:
    """What lines get of these hits' scores."""
    if share:
        for key, score in hits:
            for line in others.get(key, ()):
                yield line, share * score
