"""How well the three legs and their fusion find a passage by a question, in memory, side by side.

Sets: XQuAD in Russian and in English, its Russian questions over the English passages, archives of articles in both
languages (``mixed``: what is asked in one is answered in the same or in the other), and made-up English chats with
English and Russian questions (``chats``). XQuAD's paragraphs are cut into passages of two sentences; a question's
passage is the one that holds its answer span. Sparse legs are this package's vectors, the query's weighed by how rare
its terms are in the set; the dense leg is the default embedder; each leg hands its first ``DEPTH`` hits to ``order``.
Weights were chosen on the questions with even numbers; those with odd ones are the rows marked ``held``.
Run: ``python -m benchmarks.retrieval``.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.chats import chats
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.index.evidence import Passage
from tg_assets.index.fusion import LEGS
from tg_assets.index.ranking import order
from tg_assets.index.sparse import SparseVector, lemma_query, lemma_vector, trigram_query, trigram_vector, weighted

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "xquad"
DEPTH = 100
Hits = list[tuple[int, float]]
Question = tuple[str, frozenset[int]]
"""A question and the numbers of the passages that answer it."""


@dataclass(frozen=True)
class Corpus:
    """Passages, each with its author, chat and words of its picture where there are any, and questions about them."""

    texts: list[str]
    fields: list[tuple[str | None, ...]]
    questions: list[Question]


def xquad(asks: str, *texts: str, answers: str | None = None, articles: int | None = None) -> Corpus:
    """Passages of the first articles, one in each of the languages ``texts`` in turn, and the questions in one.

    ``answers`` leaves only the questions about articles in that language.
    """
    from razdel import sentenize  # type: ignore[import-untyped]

    data = {language: _articles(language)[:articles] for language in {asks, *texts}}
    passages: list[str] = []
    questions: list[Question] = []
    for number, asking in enumerate(data[asks]):
        language = texts[number % len(texts)]
        for paragraph, asked in zip(data[language][number]["paragraphs"], asking["paragraphs"], strict=True):
            sentences = list(sentenize(paragraph["context"]))
            pairs = [sentences[i : i + 2] for i in range(0, len(sentences), 2)]
            begins = [pair[0].start for pair in pairs]
            first = len(passages)
            passages += [paragraph["context"][pair[0].start : pair[-1].stop] for pair in pairs]
            for answered, question in zip(paragraph["qas"], asked["qas"], strict=True):
                start = answered["answers"][0]["answer_start"]
                within = max(i for i, begin in enumerate(begins) if begin <= start)
                if answers in (None, language):
                    questions.append((question["question"], frozenset({first + within})))
    return Corpus(passages, [(None, None)] * len(passages), questions)


def _articles(language: str) -> list[Any]:
    path = DATA / f"xquad.{language}.json"
    if not path.exists():
        raise SystemExit(f"XQuAD is not at {path}; put it there to run this benchmark.")
    found: list[Any] = json.loads(path.read_text(encoding="utf-8"))["data"]
    return found


def talk(language: str) -> Corpus:
    """The made-up chats with their questions in one language."""
    made = chats()
    return Corpus(
        [message.text for message in made.messages],
        [(message.author, message.chat) for message in made.messages],
        [(question.text, question.evidence) for question in made.questions if question.language == language],
    )


def corpora(articles: int | None = None) -> dict[str, Corpus]:
    """Every set by its name."""
    return {
        "xquad ru": xquad("ru", "ru", articles=articles),
        "xquad en": xquad("en", "en", articles=articles),
        "xquad ru>en": xquad("ru", "en", articles=articles),
        "mixed ru>ru": xquad("ru", "ru", "en", answers="ru", articles=articles),
        "mixed ru>en": xquad("ru", "ru", "en", answers="en", articles=articles),
        "mixed en>ru": xquad("en", "ru", "en", answers="ru", articles=articles),
        "chats en": talk("en"),
        "chats ru>en": talk("ru"),
    }


class SparseIndex:
    """Dot product with a weighted query: what the vector server scores."""

    def __init__(self, vectors: Sequence[SparseVector]) -> None:
        postings: dict[int, list[tuple[int, float]]] = {}
        for number, vector in enumerate(vectors):
            for index, value in zip(vector.indices, vector.values, strict=True):
                postings.setdefault(index, []).append((number, value))
        self.size = len(vectors)
        self.postings = {
            index: (np.array([number for number, _ in posted]), np.array([value for _, value in posted]))
            for index, posted in postings.items()
        }

    def search(self, query: SparseVector, depth: int = DEPTH) -> Hits:
        scores = np.zeros(self.size)
        having = {index: len(self.postings[index][0]) for index in query.indices if index in self.postings}
        rare = weighted(query, having, self.size)
        for index, weight in zip(rare.indices, rare.values, strict=True):
            if index in self.postings:
                numbers, values = self.postings[index]
                scores[numbers] += weight * values
        return top(scores, depth)


def top(scores: NDArray[Any], depth: int) -> Hits:
    """Numbers of the best with their scores, best first; those above 0."""
    best = np.argsort(-scores, kind="stable")[:depth]
    return [(int(i), float(scores[i])) for i in best if scores[i] > 0]


def _measure(rankings: Sequence[Hits], questions: Sequence[Question]) -> dict[str, float]:
    first = ten = gain = 0.0
    for hits, (_, gold) in zip(rankings, questions, strict=True):
        found = [place for place, (number, _) in enumerate(hits[:10]) if number in gold]
        first += 0 in found
        ten += bool(found)
        best = sum(1 / math.log2(place + 2) for place in range(min(10, len(gold))))
        gain += sum(1 / math.log2(place + 2) for place in found) / best
    n = len(questions)
    return {"hit@1": round(first / n, 3), "hit@10": round(ten / n, 3), "nDCG@10": round(gain / n, 3)}


def rankings(corpus: Corpus, embedder: Embedder) -> dict[str, list[Hits]]:
    """Hits of every question, of each leg and fused."""
    queries = [question for question, _ in corpus.questions]
    cosine = embedder.encode(queries) @ embedder.encode(corpus.texts).T
    legs: dict[str, list[Hits]] = {"dense": [top(row, DEPTH) for row in cosine]}
    documents: dict[str, tuple[Callable[..., SparseVector], Callable[[str], SparseVector]]] = {
        "lemmas": (lemma_vector, lemma_query),
        "trigrams": (trigram_vector, trigram_query),
    }
    for name, (vector, query) in documents.items():
        index = SparseIndex([vector(text, *at) for text, at in zip(corpus.texts, corpus.fields, strict=True)])
        legs[name] = [index.search(query(text)) for text in queries]

    def passage(number: int) -> Passage:
        author, chat, *picture = (*corpus.fields[number], "", "")[:4]
        return Passage(corpus.texts[number], author, chat, called=" ".join(word or "" for word in picture))

    look = cache(passage)
    fused = [order(question, {name: legs[name][i] for name in LEGS}, look) for i, question in enumerate(queries)]
    return {**legs, "fused": fused}


def run(embedder: Embedder | None = None, articles: int | None = None) -> list[dict[str, Any]]:
    """One row per set and half: hit@1, hit@10 and nDCG@10 of each leg and of the fusion."""
    embedder = embedder or UseEmbedder()
    rows: list[dict[str, Any]] = []
    for name, corpus in corpora(articles).items():
        found = rankings(corpus, embedder)
        for half, part in (("tuned", slice(0, None, 2)), ("held", slice(1, None, 2))):
            ratios = {leg: _measure(hits[part], corpus.questions[part]) for leg, hits in found.items()}
            for ratio in ("hit@1", "hit@10", "nDCG@10"):
                rows.append({"set": name, "half": half, "ratio": ratio, **{leg: ratios[leg][ratio] for leg in ratios}})
    return rows


def main() -> None:
    """Print the table."""
    begun = time.perf_counter()
    rows = run()
    print("  ".join(f"{name:>11}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:>11}" for value in row.values()))
    print(f"{time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
