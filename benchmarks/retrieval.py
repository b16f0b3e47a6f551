"""How well the three legs and their fusion find a Russian passage by a question. XQuAD ru, in memory.

Paragraphs are cut into passages of two sentences; a question's passage is the one that holds its answer
span. Sparse legs are this package's vectors under an idf as Qdrant's ``Modifier.IDF`` computes it; the dense
leg is the default embedder; each leg hands its first ``DEPTH`` hits to ``fuse``. Levels on chat messages are
lower; the order of the rows is what this measures. Run: ``python -m benchmarks.retrieval``.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.embedder import Embedder, UseEmbedder
from tg_assets.index.fusion import fuse
from tg_assets.index.sparse import SparseVector, lemma_query, lemma_vector, trigram_query, trigram_vector

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "xquad" / "xquad.ru.json"
DEPTH = 100
Hits = list[tuple[int, float]]


def corpus(path: Path = DATA, articles: int | None = None) -> tuple[list[str], list[tuple[str, int]]]:
    """Passages, and questions with the number of the passage that answers them; of the first articles."""
    from razdel import sentenize  # type: ignore[import-untyped]

    if not path.exists():
        raise SystemExit(f"XQuAD is not at {path}; put xquad.ru.json there to run this benchmark.")
    passages: list[str] = []
    questions: list[tuple[str, int]] = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"][:articles]:
        for paragraph in article["paragraphs"]:
            sentences = list(sentenize(paragraph["context"]))
            pairs = [sentences[i : i + 2] for i in range(0, len(sentences), 2)]
            begins = [pair[0].start for pair in pairs]
            first = len(passages)
            passages += [paragraph["context"][pair[0].start : pair[-1].stop] for pair in pairs]
            for question in paragraph["qas"]:
                start = question["answers"][0]["answer_start"]
                within = max(i for i, begin in enumerate(begins) if begin <= start)
                questions.append((question["question"], first + within))
    return passages, questions


class SparseIndex:
    """Dot product with idf: what a Qdrant sparse vector with ``Modifier.IDF`` scores."""

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
        for index in query.indices:
            if index in self.postings:
                numbers, values = self.postings[index]
                idf = math.log(1 + (self.size - len(numbers) + 0.5) / (len(numbers) + 0.5))
                scores[numbers] += idf * values
        return _top(scores, depth)


def _top(scores: NDArray[Any], depth: int) -> Hits:
    order = np.argsort(-scores, kind="stable")[:depth]
    return [(int(i), float(scores[i])) for i in order if scores[i] > 0]


def _measure(leg: str, rankings: Sequence[Hits], wanted: Sequence[int]) -> dict[str, Any]:
    ranks = [
        next((rank for rank, (number, _) in enumerate(hits) if number == gold), None)
        for hits, gold in zip(rankings, wanted, strict=True)
    ]
    found = [rank for rank in ranks if rank is not None and rank < 10]
    n = len(ranks)
    return {
        "leg": leg,
        "hit@1": round(sum(rank == 0 for rank in found) / n, 3),
        "hit@10": round(len(found) / n, 3),
        "R@100": round(sum(rank is not None and rank < 100 for rank in ranks) / n, 3),
        "nDCG@10": round(sum(1 / math.log2(rank + 2) for rank in found) / n, 3),
    }


def run(embedder: Embedder | None = None, articles: int | None = None) -> list[dict[str, Any]]:
    """One row per leg and one for the fusion: hit@1, hit@10, recall@100, nDCG@10."""
    embedder = embedder or UseEmbedder()
    passages, questions = corpus(articles=articles)
    texts, wanted = [q for q, _ in questions], [gold for _, gold in questions]

    def sparse(document: Callable[[str], SparseVector], query: Callable[[str], SparseVector]) -> list[Hits]:
        index = SparseIndex([document(passage) for passage in passages])
        return [index.search(query(text)) for text in texts]

    legs = {
        "lemmas": sparse(lemma_vector, lemma_query),
        "trigrams": sparse(trigram_vector, trigram_query),
    }
    cosine = embedder.encode(texts) @ embedder.encode(passages).T
    legs["dense"] = [_top(row, DEPTH) for row in cosine]
    fused = [fuse({name: hits[i] for name, hits in legs.items()}) for i in range(len(texts))]
    rows = [_measure(name, hits, wanted) for name, hits in legs.items()]
    return [*rows, _measure("fused", fused, wanted)]


def main() -> None:
    """Print the table."""
    begun = time.perf_counter()
    rows = run()
    print("  ".join(f"{name:>8}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:>8}" for value in row.values()))
    print(f"{time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
