"""The first results put in order once more, by what a linear model has learned of questions and their answers.

    score = Σ weight · feature, over: the fused score, whether the author is named, whether a question meets a
                                      question, how near in meaning the lines around it are

The weights are those of a logistic regression towards the plain fusion (``python -m benchmarks.learning``): the answers
among the results of a question, over replies in a real group, made-up chats and XQuAD, a third each, as search has
them: lifted by their context. The legs alone, shares of words, lengths, forwards, albums and numbers of replies were
tried and told nothing more (``docs/ranking.md``); that an answer is a reply may not be told, for that is how pairs were
found. What does not belong here: legs and their fusion (``fusion``), chances (``evidence``), learning.
"""

from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import TypeVar

from tg_assets.index.evidence import Passage
from tg_assets.index.question import in_other_script
from tg_assets.tagging.lemmas import lemma

Id = TypeVar("Id", int, str)

FIRST = 50
"""How many results are put in order; those behind stay."""
SOFT = 0.7
"""How fast the score that is left falls from place to place: so fast that texts in the other script, which have a list
of their own, come before what has but a word or two of the question."""
WEIGHTS = {"fused": 7.4, "author": 2.57, "asks": -2.23, "around": 1.06}
ACROSS = {"fused": 8.38, "author": 2.81, "asks": -4.61, "around": 0.0}
"""For texts in another script than the question's: learned of sets with such answers as well."""


def features(
    named: frozenset[str], asks: bool, around: float, fused: float, passage: Passage
) -> tuple[float, float, float, float]:
    """A result's, in the order of ``WEIGHTS``; ``asks`` says whether the query is a question, scores are 0…1."""
    return fused, float(not named.isdisjoint(passage.author)), float(asks and passage.asks), around


def forms(wanted: Sequence[str]) -> frozenset[str]:
    """How the words of a query would stand in a name: as they are, as lemmas, and both in the other script."""
    mine = {form for word in wanted for form in (word, lemma(word))}
    return frozenset(mine.union(other for form in mine if (other := in_other_script(form))))


def reorder(
    wanted: Sequence[str],
    asks: bool,
    around: Mapping[Id, float],
    ranked: Sequence[tuple[Id, float]],
    passage: Callable[[Id], Passage],
    by: Mapping[str, float] = WEIGHTS,
) -> list[tuple[Id, float]]:
    """Ids with what is left of the best one's score, 1…0, best first; ``ranked`` are fused, best first."""
    named, weights = forms(wanted), tuple(by.values())
    scored = []
    for key, fused in ranked[:FIRST]:
        found = features(named, asks, around.get(key, 0.0), fused, passage(key))
        scored.append((key, sum(weight * feature for weight, feature in zip(weights, found, strict=True))))
    if not scored:
        return []
    scored.sort(key=lambda hit: (-hit[1], str(hit[0])))
    top, behind = scored[0][1], ranked[FIRST:]
    first = [(key, exp(SOFT * (score - top))) for key, score in scored]
    least, most = first[-1][1], max((score for _, score in behind), default=0.0)
    return first + [(key, least * score / most if most else 0.0) for key, score in behind]
