"""How well questions with known answers are answered: legs, BM25, fusion, learned order, beside each other in memory.

Sets are those of ``golden_sets``: the bundled sample after all stages, and a real group chat where its export lies
beside the checkout, of which only messages that no weight was learned from. Ratios: an answer among the first five, the
first ten, the mean of 1 / place of the first one (0 beyond ``DEPTH``). ``p`` is that of a paired test against lemmas
alone: how often a bootstrap over the questions does not see the ranking ahead of them in 1 / place. ``bm25`` is the
usual one (1.2, .75) over words as they are written, without names and word forms.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.golden_sets import Ask, Golden, chat, sample, sample_rows
from benchmarks.ingest import EXPORT
from benchmarks.retrieval import DEPTH, Hits, SparseIndex, top
from tests.support.data import ROOT
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.index.evidence import Passage
from tg_assets.index.ranking import order
from tg_assets.index.sparse import SparseVector, document_vectors, lemma_query, trigram_query
from tg_assets.tagging.lemmas import words

if TYPE_CHECKING:
    from tg_assets.assets.tools import Tools

TENANT = "golden"
CHAT = (60_000, 66_000, 300)
"""Messages of the export, and questions about them, that are measured; learned from others (``learning``)."""
DRAWS = 2000
WINTER = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
"""When the sample's story is."""
STAGES = ("posts", "media_objects", "media_groups", "vision_summaries", "album_summaries", "transcripts")
RANKINGS = ("dense", "lemmas", "trigrams", "bm25", "fused, no names", "fused", "learned")


class Bm25:
    """Words as they are written: k1 1.2, b 0.75, the texts' own average length."""

    def __init__(self, texts: Sequence[str]) -> None:
        said = [words(text) for text in texts]
        mean = sum(map(len, said)) / len(said)
        self._number: dict[str, int] = {}
        vectors = []
        for one in said:
            counts: dict[int, int] = {}
            for word in one:
                index = self._number.setdefault(word, len(self._number))
                counts[index] = counts.get(index, 0) + 1
            norm = 1.2 * (0.25 + 0.75 * len(one) / mean)
            vectors.append(SparseVector(list(counts), [n * 2.2 / (n + norm) for n in counts.values()]))
        self._index = SparseIndex(vectors)

    def search(self, query: str, depth: int) -> Hits:
        """Best texts for a query."""
        known = {self._number[word] for word in words(query) if word in self._number}
        return self._index.search(SparseVector(list(known), [1.0] * len(known)), depth)


class Ranker:
    """All rankings over the rows of a set."""

    def __init__(self, golden: Golden, embedder: Embedder) -> None:
        rows = golden.rows
        self.rows, self._embedder = rows, embedder
        self._vectors = embedder.encode([row.text or "-" for row in rows])
        self._bm25 = Bm25([row.text for row in rows])
        made = {
            True: [document_vectors(row.text, row.author, row.chat) for row in rows],
            False: [document_vectors(row.text) for row in rows],
        }
        self._sparse = {
            named: tuple(SparseIndex([both[leg] for both in vectors]) for leg in (0, 1))
            for named, vectors in made.items()
        }
        self._passages: dict[tuple[int, bool], Passage] = {}

    def passage(self, number: int, named: bool = True) -> Passage:
        """Of a row, made once."""
        if (number, named) not in self._passages:
            self._passages[number, named] = self.rows[number].passage(named)
        return self._passages[number, named]

    def legs(self, ask: Ask, named: bool = True) -> dict[str, Hits]:
        """Hits of the legs, without what is left out."""
        depth = DEPTH + len(ask.left_out)
        cosine = self._vectors @ self._embedder.encode([ask.query])[0]
        lemmas, trigrams = self._sparse[named]
        found = {
            "dense": top(cosine, depth),
            "lemmas": lemmas.search(lemma_query(ask.query), depth),
            "trigrams": trigrams.search(trigram_query(ask.query), depth),
        }
        return {name: _without(hits, ask) for name, hits in found.items()}

    def rankings(self, ask: Ask) -> dict[str, list[int]]:
        """Rows by each of ``RANKINGS``, best first."""
        legs, plain = self.legs(ask), self.legs(ask, named=False)
        fused: Callable[..., list[tuple[int, float]]] = order
        found = {
            **legs,
            "bm25": _without(self._bm25.search(ask.query, DEPTH + 1), ask),
            "fused, no names": fused(ask.query, plain, lambda number: self.passage(number, False), learned=False),
            "fused": fused(ask.query, legs, self.passage, learned=False),
            "learned": fused(ask.query, legs, self.passage),
        }
        return {name: [number for number, _ in found[name]] for name in RANKINGS}


def _without(hits: Hits, ask: Ask) -> Hits:
    return [hit for hit in hits if hit[0] not in ask.left_out][:DEPTH]


def reciprocal(ranked: Sequence[int], ask: Ask) -> float:
    """1 / place of the first answer; 0 without one."""
    return next((1 / place for place, number in enumerate(ranked, 1) if number in ask.evidence), 0.0)


def behind(these: Sequence[float], those: Sequence[float], seed: int = 7) -> float:
    """How often, of ``DRAWS`` samples of the questions with replacement, these are not ahead of those on average."""
    difference = np.array(these) - np.array(those)
    drawn = np.random.default_rng(seed).choice(difference, (DRAWS, len(difference)))
    return float((drawn.mean(axis=1) <= 0).mean())


def measure(name: str, golden: Golden, embedder: Embedder) -> list[dict[str, Any]]:
    """Rows of one set: of its kinds, then of all but replies, and of replies."""
    ranker = Ranker(golden, embedder)
    places = [{how: reciprocal(ranked, ask) for how, ranked in ranker.rankings(ask).items()} for ask in golden.asks]
    kinds = list(dict.fromkeys(ask.kind for ask in golden.asks))
    told: list[tuple[str, tuple[str, ...]]] = [(kind, (kind,)) for kind in kinds]
    if len(kinds) > 1:
        told.append(("all but replies", tuple(kind for kind in kinds if kind != "reply")))
    rows = []
    for what, chosen in told:
        some = [found for found, ask in zip(places, golden.asks, strict=True) if ask.kind in chosen]
        base = [found["lemmas"] for found in some]
        for how in RANKINGS:
            mine = [found[how] for found in some]
            rows.append({
                "what": f"{name}, {what}", "questions": len(some), "beside": how,
                "hit@5": _share(mine, 5), "hit@10": _share(mine, 10), "MRR": f"{sum(mine) / len(mine):.3f}",
                "p": "" if how == "lemmas" else f"{behind(mine, base):.3f}",
            })  # fmt: skip
    return rows


def _share(places: Sequence[float], first: int) -> str:
    return f"{sum(place >= 1 / first for place in places) / len(places):.3f}"


def run() -> list[dict[str, Any]]:
    """One row for each set, kind and ranking."""
    embedder = UseEmbedder()
    rows = measure("sample", sample(materialized(STAGES)[1]), embedder)
    if EXPORT.exists():
        rows += measure("group chat", chat(EXPORT, *CHAT), embedder)
    return rows


def materialized(names: Collection[str]) -> tuple["Tools", list[Any]]:
    """Rows of the sample after the stages of some assets; ``TENANT`` has it in the servers of this process."""
    from benchmarks.line import _tools
    from tg_assets import assets, ids
    from tg_assets.assets.order import ordered
    from tg_assets.importing import import_export
    from tg_assets.importing.options import ImportOptions
    from tg_assets.ledger.engine import run_stage
    from tg_assets.ledger.stage import Stage
    from tg_assets.scope import Scope
    from tg_assets.settings import load_settings
    from tg_assets.stores.redis import client

    streams = SimpleNamespace(client=lambda: client(load_settings().require("redis_url")))
    tools = _tools(redis=streams)
    reports = import_export(
        ROOT / "samples" / "export", ImportOptions(TENANT), tools.settings, tools.database, tools.objects, _silent
    )
    with tools.database.tenant(ids.tenant_id(TENANT)) as session:
        for asset in (one for one in ordered(assets.ASSETS) if one.name in names):
            if asset.prepare:
                asset.prepare(tools)
            for scope in (Scope(report.feed, *WINTER) for report in reports):
                for of in asset.stages(tools):
                    run_stage(of if isinstance(of, Stage) else of(scope), session, scope)
        with session.transaction() as connection:
            return tools, sample_rows(connection)


def _silent(*_: object) -> None:
    """Progress of the import that nobody watches."""
