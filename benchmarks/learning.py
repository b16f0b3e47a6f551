"""Learn the weights of ``tg_assets.index.learned`` and print them: ``python -m benchmarks.learning``.

A logistic regression over results as search has them, lifted by their context: the answers to a question among the
first results of it (softmax), every question counting the same, and so does every group of sets: replies in a real
group (messages that neither ``golden`` nor ``context`` measures), made-up chats and long dialogues of seeds that
nothing measures, and XQuAD, questions of even numbers; for texts in the other script also sets that are asked in one
language and answered in the other. ``RIDGE`` draws towards the plain fusion. No servers.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tg_assets.index.learned as learned
from benchmarks.chats import chats
from benchmarks.context import made, replies
from benchmarks.dialogues import dialogues
from benchmarks.lines import Legs, Line, Set
from benchmarks.retrieval import Corpus, corpora
from tg_assets.embedder import UseEmbedder
from tg_assets.index.evidence import coverage
from tg_assets.index.fusion import WORDED, rank, scaled
from tg_assets.index.question import asked, asks
from tg_assets.index.ranking import MEANING
from tg_assets.index.units import AROUND

BEGINS = (5_000, 15_000, 25_000)
"""Of stretches of the export."""
SEEDS = (31, 32)
RIDGE = 0.003
FUSION = 7.5
"""Weight of the fused score that says nothing of the others."""
STEPS, RATE = 3000, 1.0
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)

Pairs = list[tuple[NDArray[Any], NDArray[Any]]]
"""Of each question the features of its first results, and which of them answer it."""


def main() -> None:
    """Learn, tell and write."""
    embedder = UseEmbedder()
    known = {name: _even(corpus) for name, corpus in corpora().items() if not name.startswith("chats")}
    group = [replies(begin) for begin in BEGINS]
    talk = [made(draw(seed), "en") for draw in (chats, dialogues) for seed in SEEDS]
    crossed = [made(draw(seed), "ru") for draw in (chats, dialogues) for seed in SEEDS]
    for what, least, groups in (
        ("WEIGHTS", WORDED, (group, talk, [known["xquad ru"], known["xquad en"]])),
        ("ACROSS", MEANING, (crossed, [one for name, one in known.items() if ">" in name])),
    ):
        weights = fit([[_pairs(Legs(one, embedder), least) for one in sets] for sets in groups])
        found = {name: round(float(weight), 2) for name, weight in zip(learned.WEIGHTS, weights, strict=True)}
        sys.stdout.write(f"{what} = {json.dumps(found)}\n")


def _even(corpus: Corpus) -> Set:
    """Passages as lines that nothing is around."""
    lines = [Line("", None, BEGUN + number * timedelta(days=1), text) for number, text in enumerate(corpus.texts)]
    return Set(lines, corpus.questions[::2])


def _pairs(legs: Legs, least: float) -> Pairs:
    found: Pairs = []
    for number, (question, evidence) in enumerate(legs.of.questions):
        told, wanted = legs.of_question(number), asked(question)
        around = scaled(told.pop(AROUND, ()))
        named, right = learned.forms(wanted), {str(one) for one in evidence}
        ranked = rank(told, partial(_coverage, legs, wanted), least)[: learned.FIRST]
        answers = np.array([key in right for key, _ in ranked])
        if answers.any():
            rows = [
                learned.features(named, asks(question), around.get(key, 0.0), fused, legs.passage(key))
                for key, fused in ranked
            ]
            found.append((np.array(rows), answers))
    return found


def _coverage(legs: Legs, wanted: list[str], key: str) -> float:
    return coverage(wanted, legs.passage(key))


def fit(groups: Sequence[Sequence[Pairs]]) -> NDArray[Any]:
    """Weights that make the answers likely; each group counts the same, in it each set, in that each question."""
    told = [(pair, 1 / len(groups) / len(sets) / len(one)) for sets in groups for one in sets for pair in one]
    x = np.zeros((len(told), learned.FIRST, len(learned.WEIGHTS)))
    there, right = np.zeros((2, len(told), learned.FIRST))
    for number, ((rows, answers), _) in enumerate(told):
        x[number, : len(rows)], there[number, : len(rows)], right[number, : len(rows)] = rows, 1, answers
    share = np.array([share for _, share in told])[:, None]
    plain = np.array([FUSION * (name == "fused") for name in learned.WEIGHTS])
    weights = plain.copy()
    for _ in range(STEPS):
        scores = x @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True)) * there
        likely = chances * right
        gained = likely / likely.sum(axis=1, keepdims=True) - chances / chances.sum(axis=1, keepdims=True)
        weights += RATE * (np.einsum("qrf,qr->f", x, share * gained) - 2 * RIDGE * (weights - plain))
    return weights


if __name__ == "__main__":
    main()
