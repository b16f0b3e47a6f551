"""One ranking out of several: each leg's scores scaled to 0…1, then a weighted mean.

Score-aware fusion, because rank fusion with a weak leg is worse than the strong leg alone; measured in
``benchmarks/retrieval.py``. Scores of words begin at nothing and count as shares of the best one; a cosine begins
anywhere, so the leg's worst is 0. How much the dense leg weighs depends on how sure the sparse ones are: where the
words of the query are found, words lead; where they cannot be found, as when Russian asks and English answers, meaning
does. Legs are what a store returned, usually of lines that are among the first hundred of one. What does not belong
here: asking the store, filters.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from math import isfinite
from operator import itemgetter
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)

LEGS = ("dense", "lemmas", "trigrams")
# Weight of the dense leg when none of the query's words is found, and from this share of them on.
WORDLESS, WORDED, ENOUGH = 0.6, 0.3, 0.35
LEMMAS = 0.7
"""What of the rest is the lemmas'; 3-grams find much by chance."""
BEGINS = {"lemmas": 0.0, "trigrams": 0.0}
"""The score of a text that has nothing of a leg, where there is one."""
BESIDE = 0.35
"""What a dialogue's lines before and after weigh, beside the three legs' 1."""
LOOKED = 10
"""Best hits of each sparse leg that are looked at to see which of the query's words are found."""


def weights(coverage: float, least: float = WORDED) -> dict[str, float]:
    """Weights of the legs, by the share 0…1 of the query's words that the best of the sparse hits has.

    ``least`` is what the dense leg weighs at least.
    """
    dense = max(least, WORDLESS - (WORDLESS - WORDED) * min(1.0, coverage / ENOUGH))
    return {"dense": dense, "lemmas": (1 - dense) * LEMMAS, "trigrams": (1 - dense) * (1 - LEMMAS)}


def rank(
    legs: Mapping[str, Sequence[tuple[Id, float]]], coverage: Callable[[Id], float], least: float = WORDED
) -> list[tuple[Id, float]]:
    """Fuse with the weights that ``coverage``, the share of the query's words that a hit has, calls for."""
    most = 0.0
    for key in dict.fromkeys(key for name in ("lemmas", "trigrams") for key, _ in legs.get(name, ())[:LOOKED]):
        most = max(most, coverage(key))
        if most >= ENOUGH:  # more of them change nothing
            break
    return fuse(legs, {**weights(most, least), "beside": BESIDE})


def scaled(hits: Sequence[tuple[Id, float]], low: float | None = None) -> dict[Id, float]:
    """Best score of each id, scaled: the leg's best is 1, ``low``, or else its worst, is 0; a flat leg is all ones."""
    best: dict[Id, float] = {}
    for key, score in hits:
        if isfinite(score) and score > best.get(key, -float("inf")):
            best[key] = score
    if not best:
        return {}
    low, high = min(best.values()) if low is None else min(low, *best.values()), max(best.values())
    span = high / 2 - low / 2  # halves, so that the span of extreme scores stays finite
    if not span:  # or less than any number is
        return dict.fromkeys(best, 1.0)
    return {key: (score / 2 - low / 2) / span for key, score in best.items()}


def fuse(legs: Mapping[str, Sequence[tuple[Id, float]]], weights: Mapping[str, float]) -> list[tuple[Id, float]]:
    """Ids with their fused score in 0…1, best first; equal scores in the order of the ids.

    A leg without hits says nothing: the others share its weight. An id that a leg does not have gets 0 from it.
    Scores that are not finite are ignored. A leg without a weight raises ``ValueError``.
    """
    unknown = sorted(set(legs) - set(weights))
    if unknown:
        raise ValueError(f"No fusion weight for {', '.join(unknown)}; weights are known for {sorted(weights)}.")
    told = {
        name: found for name, hits in legs.items() if weights[name] > 0 and (found := scaled(hits, BEGINS.get(name)))
    }
    total = sum(weights[name] for name in told)
    fused: dict[Id, float] = {}
    for name, found in told.items():
        share = weights[name] / total
        for key, score in found.items():
            fused[key] = fused.get(key, 0.0) + share * score
    return best_first((key, min(score, 1.0)) for key, score in fused.items())


def best_first(hits: Iterable[tuple[Id, float]]) -> list[tuple[Id, float]]:
    """Hits by their scores, equal ones in the order of their ids."""
    return sorted(sorted(hits, key=_id), key=_score, reverse=True)


_id, _score = itemgetter(0), itemgetter(1)
