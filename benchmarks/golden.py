"""How well questions with known answers are answered: legs, BM25, fusion, context, learned order, beside each other.

Sets are those of ``golden_worlds``: the bundled sample after all stages, and a real group chat where its export lies
beside the checkout, of which only messages that no weight was learned from. Rankings are put together in memory, step
by step, and once without a part: ``lines`` are fused legs of single messages; with ``neighbours``; with ``units``;
``learned`` is the order that is shipped. ``search`` is the whole of it as shipped, asked on servers, with what it
understands of times and names. Ratios: an answer among the first five, the first ten, the mean of 1 / place of the
first one (0 beyond ``DEPTH``). ``p`` is that of a paired test against lemmas alone: how often a bootstrap over the
questions does not see the ranking ahead of them in 1 / place, ``p@10`` the same of answers among the first ten.
``bm25`` is the usual one (1.2, .75) over words as they are written, without names and word forms.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.golden_sets import Ask, Golden
from benchmarks.golden_worlds import World, of_chat, of_sample, of_talk
from benchmarks.ingest import EXPORT
from benchmarks.lines import Beside, Said
from benchmarks.quiet import progress
from benchmarks.retrieval import DEPTH, Hits, SparseIndex, top
from benchmarks.talks import HELD, LOOKED_AT
from tg_assets.answers.ranked import LEG_HITS, ranked
from tg_assets.embedder import Embedder, UseEmbedder
from tg_assets.index.context import DEEP, MATTER, UNITS, own
from tg_assets.index.evidence import Passage
from tg_assets.index.question import asked
from tg_assets.index.ranking import order
from tg_assets.index.sparse import SparseVector, document_vectors, lemma_query, trigram_query
from tg_assets.index.units import first, lifted
from tg_assets.tagging.lemmas import lemma, words

CHAT = (60_000, 66_000)
"""Messages of the export that are measured; learned from others (``learning``)."""
LATER = tuple((first, first + 6000) for first in range(66_000, 96_000, 6000))
"""Messages that nothing was chosen by, an archive each."""
MOST = 600
"""Questions about an archive of them."""
DRAWS = 2000
NOW = datetime(2026, 5, 1, tzinfo=UTC)
"""When questions are asked: after the sample's story."""
QUERIES = {"lemmas": lemma_query, "trigrams": trigram_query}
RANKINGS = (
    "dense", "lemmas", "trigrams", "bm25", "lines", "lines, no authors", "neighbours", "units", "units, no authors",
    "lines, learned", "units, learned", "search",
)  # fmt: skip


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
    """Legs over the rows of a set, with or without the names of authors and chats."""

    def __init__(self, golden: Golden, embedder: Embedder, named: bool = True) -> None:
        self.rows, self._embedder, self._named = golden.rows, embedder, named
        made = [document_vectors(row.text, *((row.author, row.chat) if named else ())) for row in golden.rows]
        self.sparse = {name: SparseIndex([both[leg] for both in made]) for leg, name in enumerate(QUERIES)}
        self._passages: dict[int, Passage] = {}

    @cached_property
    def _vectors(self) -> Any:
        return self._embedder.encode([row.text or "-" for row in self.rows])

    def passage(self, number: int) -> Passage:
        """Of a row, made once."""
        if number not in self._passages:
            self._passages[number] = self.rows[number].passage(self._named)
        return self._passages[number]

    def legs(self, ask: Ask, depth: int = DEPTH) -> dict[str, Hits]:
        """So many hits of each leg."""
        found = {"dense": top(self._vectors @ self._embedder.encode([ask.query])[0], depth)}
        return found | {name: self.sparse[name].search(query(ask.query), depth) for name, query in QUERIES.items()}

    def fused(self, query: str, legs: Mapping[str, Hits], *, learned: bool = False) -> list[int]:
        """Rows in order."""
        return [number for number, _ in order(query, legs, self.passage, learned=learned)]


class Lifted:
    """A ranker's legs, lifted by neighbours and units as search does it (``index.context``)."""

    def __init__(self, ranker: Ranker, world: World) -> None:
        rows = world.golden.rows
        self._ranker, self._names = ranker, [frozenset(map(lemma, words(row.author or ""))) for row in rows]
        places = {str(row): {str(one): at for one, at in others.items()} for row, others in world.near.items()}
        self._beside = Beside(places, lambda row: Said(rows[int(row)].chat or "", rows[int(row)].author))
        self._members = {str(unit): [str(row) for row in members] for unit, members in enumerate(world.units)}
        made = []
        for unit in world.units:
            authors = " ".join(dict.fromkeys(rows[row].author or "" for row in unit))
            said = "\n".join(rows[row].text for row in unit)
            made.append(document_vectors(said, authors, rows[unit[0]].chat if unit else None))
        self._units = {name: SparseIndex([both[leg] for both in made]) for leg, name in enumerate(QUERIES)}

    def legs(self, ask: Ask, *, units: bool) -> dict[str, Hits]:
        """Hits with what neighbours add, and units."""
        alone = self._ranker.legs(ask, DEEP)
        spoken = {name for leg in QUERIES for row, _ in alone[leg][:MATTER] for name in self._names[row]}
        matter = " ".join(word for word in asked(ask.query) if lemma(word) not in spoken)
        about = {n: self._ranker.sparse[n].search(own(q(matter)), MATTER) if matter else [] for n, q in QUERIES.items()}
        plain = " ".join(asked(ask.query))
        told = {n: self._units[n].search(own(q(plain)), UNITS) if units else [] for n, q in QUERIES.items()}
        near, talk = self._beside.of(_keyed(alone), _keyed(about))
        found = lifted(_keyed(alone), _keyed(about), _keyed(told), near, self._members, talk)
        return {name: [(int(key), score) for key, score in hits] for name, hits in first(found, LEG_HITS).items()}


def _keyed(legs: Mapping[str, Hits]) -> dict[str, list[tuple[str, float]]]:
    return {name: [(str(number), score) for number, score in hits] for name, hits in legs.items()}


class Rankings:
    """All of ``RANKINGS`` over a set."""

    def __init__(self, world: World, embedder: Embedder) -> None:
        self._world, golden = world, world.golden
        self._named, self._bare = Ranker(golden, embedder), Ranker(golden, embedder, named=False)
        self._lifted, self._bare_lifted = Lifted(self._named, world), Lifted(self._bare, world)
        self._bm25 = Bm25([row.text for row in golden.rows])
        self._place = {one: number for number, one in enumerate(world.ids)}

    def of(self, ask: Ask) -> dict[str, list[int]]:
        """Rows by each ranking, best first."""
        named, bare, query = self._named, self._bare, ask.query
        lines, units = named.legs(ask), self._lifted.legs(ask, units=True)
        found = {name: [number for number, _ in hits] for name, hits in lines.items()}
        return found | {
            "bm25": [number for number, _ in self._bm25.search(query, DEPTH)],
            "lines": named.fused(query, lines),
            "lines, no authors": bare.fused(query, bare.legs(ask)),
            "neighbours": named.fused(query, self._lifted.legs(ask, units=False)),
            "units": named.fused(query, units),
            "units, no authors": bare.fused(query, self._bare_lifted.legs(ask, units=True)),
            "lines, learned": named.fused(query, lines, learned=True),
            "units, learned": named.fused(query, units, learned=True),
            "search": self._searched(ask),
        }

    def _searched(self, ask: Ask) -> list[int]:
        """As shipped; of a result that is in several places, the one that answers."""
        found = []
        for hit in ranked(self._world.archive, ask.query, limit=DEPTH, now=NOW):
            places = [self._place.get(str(one), -1) for one in (hit.post, *(copy.id for copy in hit.copies))]
            found.append(next((place for place in places if place in ask.evidence), places[0]))
        return found


def reciprocal(ranked: Sequence[int], ask: Ask) -> float:
    """1 / place of the first answer; 0 without one."""
    return next((1 / place for place, number in enumerate(ranked, 1) if number in ask.evidence), 0.0)


def behind(these: Sequence[float], those: Sequence[float], seed: int = 7) -> float:
    """How often, of ``DRAWS`` samples of the questions with replacement, these are not ahead of those on average."""
    difference = np.array(these) - np.array(those)
    drawn = np.random.default_rng(seed).choice(difference, (DRAWS, len(difference)))
    return float((drawn.mean(axis=1) <= 0).mean())


def measure(
    name: str, worlds: Iterable[World], embedder: Embedder, told: Callable[[], object] = lambda: None
) -> list[dict[str, Any]]:
    """Rows of one set, whose archives are asked one after another: of its kinds, then of all of them.

    ``told`` is called after each question.
    """
    asks, places = list[Ask](), list[dict[str, float]]()
    for world in worlds:
        rankings = Rankings(world, embedder)
        asks += world.golden.asks
        for ask in world.golden.asks:
            places.append({how: reciprocal(found, ask) for how, found in rankings.of(ask).items()})
            told()
    kinds = list(dict.fromkeys(ask.kind for ask in asks))
    parts: list[tuple[str, Sequence[str]]] = [(kind, (kind,)) for kind in kinds]
    if len(kinds) > 1:
        parts.append(("all of them", kinds))
    rows = []
    for what, chosen in parts:
        some = [found for found, ask in zip(places, asks, strict=True) if ask.kind in chosen]
        base = [found["lemmas"] for found in some]
        for how in RANKINGS:
            mine = [found[how] for found in some]
            rows.append({
                "what": f"{name}, {what}", "questions": len(some), "beside": how,
                "hit@5": _share(mine, 5), "hit@10": _share(mine, 10), "MRR": f"{sum(mine) / len(mine):.3f}",
                "p": "" if how == "lemmas" else f"{behind(mine, base):.3f}",
                "p@10": "" if how == "lemmas" else f"{behind(_found(mine), _found(base)):.3f}",
            })  # fmt: skip
    return rows


def _found(places: Sequence[float]) -> list[float]:
    """Whether an answer is among the first ten."""
    return [float(place >= 0.1) for place in places]


def _share(places: Sequence[float], first: int) -> str:
    return f"{sum(place >= 1 / first for place in places) / len(places):.3f}"


Worlds = Iterable[World]


def _sample(embedder: Embedder) -> Iterator[tuple[str, Worlds]]:
    for world in of_sample(embedder):
        yield "sample", [world]


def _talks(embedder: Embedder) -> Iterator[tuple[str, Worlds]]:
    for name in (*LOOKED_AT, *HELD):
        yield name.replace("_", " "), [of_talk(embedder, name)]


def _chat(embedder: Embedder) -> Iterator[tuple[str, Worlds]]:
    if EXPORT.exists():
        yield "group chat", [of_chat(embedder, *CHAT, MOST)]


def _later(embedder: Embedder) -> Iterator[tuple[str, Worlds]]:
    if EXPORT.exists():
        yield "group chat, later", (of_chat(embedder, *some, MOST) for some in LATER)


SETS = {"sample": _sample, "talks": _talks, "chat": _chat, "later": _later}


def run(console: Console) -> list[dict[str, Any]]:
    """One row for each set, kind and ranking; of those of ``SETS`` that ``TG_BENCH_GOLDEN`` names, or all."""
    embedder, rows = UseEmbedder(), list[dict[str, Any]]()
    chosen = os.environ.get("TG_BENCH_GOLDEN", ",".join(SETS)).split(",")
    with progress(console) as bar:
        task = bar.add_task("questions", total=None)
        for name, worlds in chain.from_iterable(SETS[one](embedder) for one in chosen):
            rows += measure(name, worlds, embedder, lambda: bar.advance(task))
    return rows
