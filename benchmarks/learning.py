"""Learn the weights of ``tg_assets.index.learned`` and print them: ``python -m benchmarks.learning``.

A pairwise logistic regression: for each question, its best answer among the first results against every other one of
them, every question counting the same, and so does every set of questions: replies in a real group (messages that
``golden`` does not measure), made-up chats, and XQuAD, those of even numbers of both; for texts in the other script
also of sets that are asked in one language and answered in the other. ``RIDGE`` draws towards the plain
fusion. No servers.
"""

import json
import sys
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tg_assets.index.learned as learned
from benchmarks.golden import Ranker
from benchmarks.golden_sets import Ask, Golden, Row, chat
from benchmarks.ingest import EXPORT
from benchmarks.retrieval import Corpus, corpora
from tg_assets.embedder import UseEmbedder
from tg_assets.index.evidence import coverage
from tg_assets.index.fusion import rank, scaled
from tg_assets.index.question import asked, asks

CHAT = (20_000, 26_000, 600)
"""Messages of the export, and questions about them."""
RIDGE = 0.005
FUSION = 6.0
"""Weight of the fused score that says nothing of the others."""
STEPS, RATE = 1500, 0.5


def main() -> None:
    """Learn, tell and write."""
    embedder = UseEmbedder()
    known = corpora()
    replies = [_pairs(chat(EXPORT, *CHAT).of("reply"), embedder)]
    pairs = {name: _pairs(_even(corpus), embedder) for name, corpus in known.items()}
    chats = [name for name in pairs if name.startswith("chats")]
    written = [name for name in pairs if name not in chats]
    for what, some, others in (
        ("WEIGHTS", ["chats en"], ["xquad ru", "xquad en"]),
        ("ACROSS", chats, written),
    ):
        weights = fit([replies, [pairs[name] for name in some], [pairs[name] for name in others]])
        found = {name: round(float(weight), 2) for name, weight in zip(learned.WEIGHTS, weights, strict=True)}
        sys.stdout.write(f"{what} = {json.dumps(found)}\n")


def _even(corpus: Corpus) -> Golden:
    names = [(*some, None, None) for some in corpus.fields]
    rows = [Row(text, author, chat) for text, (author, chat, *_) in zip(corpus.texts, names, strict=True)]
    return Golden(rows, [Ask("even", query, evidence) for query, evidence in corpus.questions[::2]])


def _pairs(golden: Golden, embedder: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Differences of features, answer minus other result, and the weight of each: a question's add up to 1."""
    ranker = Ranker(golden, embedder)
    differences: list[NDArray[Any]] = []
    shares: list[NDArray[Any]] = []
    for ask in golden.asks:
        legs, wanted = ranker.legs(ask), asked(ask.query)
        told = {name: scaled(hits) for name, hits in legs.items()}
        ranked = rank(legs, partial(_coverage, ranker, wanted))[: learned.FIRST]
        named, dense = learned.forms(wanted), told.get("dense", {})
        rows = np.array([
            learned.features(named, asks(ask.query), dense.get(key, 0.0), fused, ranker.passage(key))
            for key, fused in ranked
        ])  # fmt: skip
        right = [place for place, (key, _) in enumerate(ranked) if key in ask.evidence]
        wrong = [place for place, (key, _) in enumerate(ranked) if key not in ask.evidence]
        if right and wrong:
            differences.append(rows[right[0]] - rows[wrong])
            shares.append(np.full(len(wrong), 1 / len(wrong)))
    return np.concatenate(differences), np.concatenate(shares)


def _coverage(ranker: Ranker, wanted: list[str], number: int) -> float:
    return coverage(wanted, ranker.passage(number))


def fit(groups: list[list[tuple[NDArray[Any], NDArray[Any]]]]) -> NDArray[Any]:
    """Weights that put answers before other results; each group counts the same, and in it each set."""
    x = np.concatenate([differences for group in groups for differences, _ in group])
    share = np.concatenate([
        share / share.sum() / len(group) / len(groups) for group in groups for _, share in group
    ])  # fmt: skip
    plain = np.array([FUSION * (name == "fused") for name in learned.WEIGHTS])
    weights = plain.copy()
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(np.clip(x @ weights, -30, 30)))
        weights += RATE * (x.T @ (share * wrong) - RIDGE * (weights - plain))
    return weights


if __name__ == "__main__":
    main()
