"""Results in order, each with the chance that it is what was meant.

Texts in the question's script and those in the other are fused apart, then put together by their chances: a Russian
text that happens to share a word with a Russian question would else be before the English one that answers it, where
no word can be shared. What does not belong here: the fusion of one such list (``fusion``), the chances (``evidence``),
asking the store (``search``).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from tg_assets.index.evidence import Passage, chance, coverage, readable
from tg_assets.index.fusion import WORDED, best_first, rank, scaled
from tg_assets.index.learned import ACROSS, WEIGHTS, reorder
from tg_assets.index.question import asked, asks
from tg_assets.index.units import AROUND, DENSE

Id = TypeVar("Id", int, str)

JUDGED = 3
"""Best hits of a list of which the one with most evidence says how well it went."""
MEANING = 0.65
"""What the dense leg weighs at least among texts in the other script, where only names look alike."""


def order(
    query: str,
    legs: Mapping[str, Sequence[tuple[Id, float]]],
    passage: Callable[[Id], Passage],
    *,
    learned: bool = True,
) -> list[tuple[Id, float]]:
    """Ids with the chance 0…1 that they are meant, best first, out of the hits of each leg, best first.

    Without ``learned`` the fusion's order stays.
    """
    wanted = asked(query)
    cosines = dict(legs.get(DENSE, ()))
    least = min(cosines.values(), default=0.0)
    look = cache(passage)
    met = {key: readable(wanted, look(key)) for hits in legs.values() for key, _ in hits}
    found: list[tuple[Id, float]] = []
    for same in (True, False):
        part = {name: [hit for hit in hits if met[hit[0]] is same] for name, hits in legs.items()}
        around = scaled(part.pop(AROUND, ()))
        ranked = rank(part, lambda key: coverage(wanted, look(key)), WORDED if same else MEANING)
        if ranked:
            sure = max(chance(wanted, look(key), cosines.get(key, least)) for key, _ in ranked[:JUDGED])
            if learned:
                ranked = reorder(wanted, asks(query), around, ranked, look, WEIGHTS if same else ACROSS)
            else:
                top = ranked[0][1] or 1.0
                ranked = [(key, (score / top) ** 2) for key, score in ranked]
            found += [(key, sure * left) for key, left in ranked]
    return best_first(found)


def alone(
    query: str, legs: Mapping[str, Sequence[tuple[Id, float]]], passage: Callable[[Id], Passage]
) -> list[tuple[Id, float]]:
    """The same with each judged by itself: what else was found beside it changes nothing."""
    wanted, cosines = asked(query), dict(legs.get(DENSE, ()))
    least = min(cosines.values(), default=0.0)
    keys = {key for hits in legs.values() for key, _ in hits}
    found = [(key, chance(wanted, passage(key), cosines.get(key, least))) for key in keys]
    return best_first(found)
