"""A tenant with a history, an index of its own, and models that are quick."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson

from benchmarks import fingerprint
from benchmarks.lost import Answers, alike
from resources.vision import TenantVision, VisionResource
from tests.support import pipeline
from tests.support.providers import HandlerProvider
from tg_assets import ids
from tg_assets.answers.ranked import ranked
from tg_assets.assets.rebuilt import rebuild_in_place, rebuild_index
from tg_assets.assets.tools import Tools
from tg_assets.embedder import HashEmbedder
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope
from tg_assets.stores.vectors import VectorIndex
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import Ocr, VisionResult

OWNER = 510001001
MADE = ("posts", "media_objects", "media_groups", "conversations", "tags", "qdrant_points", "neo4j_nodes")
PICTURED = (*MADE[:3], "vision_summaries", *MADE[3:])
QUESTIONS = ("маяк", "ремонт генератора", "погода", "weather station", "спасибо", "ледник", "batteries")
SEEN = ("туман", "лодка", "лампа", "причал", "якорь", "компас", "чайка")
TIES = 0.03
"""What a score may change by where others are the last candidates of many that are equally near."""


class Model(HashEmbedder):
    """An embedder that is its own resource."""

    def get(self) -> "Model":
        """As a resource gives it."""
        return self


class MadeUpVision(VisionResource):
    """Whoever is asked, it is the same model, which sees labels and words by a picture's size."""

    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        return TenantVision(HandlerProvider(_described, name="local", model="made up", version="made-up@1"), Policy())


def _described(image: bytes, mime: str) -> VisionResult:
    words = " ".join(SEEN[len(image) // step % len(SEEN)] for step in (1, 7, 49))
    return VisionResult(
        classification="photo", description="A made-up picture", labels=["landscape", SEEN[len(image) % 3]],
        ocr=Ocr(text=words, engine="made up", confidence=0.9), provider="local", model="made up",
        vision_version="made-up@1",
    )  # fmt: skip


def index_of(alias: str) -> VectorIndex:
    """An index beside the installation's."""
    usual = pipeline.qdrant()
    return VectorIndex(usual.url, usual.api_key, alias=alias)


def same(one: Answers, other: Answers) -> bool:
    """Whether all is answered as it was: the best as good as it was, of the others none better by more than ties.

    Of lines that are equally near the store takes any as the last candidates, and each of these lifts others a little.
    """
    return one.keys() == other.keys() and all(
        alike(mine[:1], other[question][:1]) and alike(mine, other[question], TIES) for question, mine in one.items()
    )


@dataclass
class House:
    """Tenants that have an index to themselves, and who makes its vectors."""

    alias: str
    tenants: Sequence[str]
    model: Model = field(default_factory=lambda: Model(64))
    given: Mapping[str, Any] = field(default_factory=dict)
    """Other resources by name."""

    @property
    def index(self) -> VectorIndex:
        """Its index."""
        return index_of(self.alias)

    @property
    def tools(self) -> Tools:
        """With the model of now."""
        return pipeline.tools(qdrant=self.index, embedder=self.model, settings={"workers": 1}, **self.given)

    def scopes(self, tenant: str) -> list[Scope]:
        """All of a tenant's feeds, whole."""
        rows = pipeline.rows(
            tenant,
            """SELECT c.feed, min(t.posted_at), max(t.posted_at) + interval '1 day' FROM telegram_messages t
               JOIN channels c ON c.id = t.channel_id GROUP BY 1 ORDER BY 1""",
        )
        return [Scope(feed, since, until) for feed, since, until in rows]

    def make(self, tenant: str, names: Sequence[str] = MADE) -> None:
        """Run the stages, as a refresh would."""
        stages = pipeline.prepared_stages(self.tools)
        for scope in self.scopes(tenant):
            with pipeline.postgres().tenant(scope.tenant) as session:
                for name in names:
                    for of in stages[name]:
                        run_stage(of, session, scope)

    def rebuild(self, what: str = "index") -> str:
        """The index, anew; or an asset of the first tenant, in place."""
        quiet: Any = {"advance": lambda *_: None, "log": lambda _: None}
        if what == "index":
            return rebuild_index(self.tools, self.tenants, **quiet)
        rebuild_in_place(self.tools, what, self.tenants[0], **quiet)
        return what

    def graph(self, tenant: str) -> set[bytes]:
        """Nodes and relations of a tenant, but for the runs and models that they are from."""
        nodes, relations = fingerprint.nodes(self.tools, tenant), fingerprint.relations(self.tools, tenant)
        told = fingerprint._told
        found: list[list[Any]] = [[label, told(node)] for label, node in nodes]
        found += [[*row[:3], told(row[3]), *row[4:]] for row in relations]
        return {orjson.dumps(row, default=fingerprint._plain, option=orjson.OPT_SORT_KEYS) for row in found}

    def cypher(self, tenant: str, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of a statement about a tenant's graph."""
        with pipeline.neo4j().tenant(ids.tenant_id(tenant)) as graph:
            return graph.read(statement, **values)

    def state(self, tenant: str) -> Any:
        """All that must not change where somebody else's things are made again."""
        return self.points(tenant), self.graph(tenant), ledger(tenant, "%"), pipeline.content_hashes(tenant)

    def find(self, tenant: str, question: str, index: VectorIndex | None = None) -> list[tuple[UUID, float]]:
        """The best of what is found for a question."""
        archive = replace(pipeline.archive(tenant, OWNER, embedder=self.model), vectors=index or self.index)
        return [(hit.id, hit.score) for hit in ranked(archive, question, limit=5)]

    def answers(self, tenant: str, questions: Sequence[str] = QUESTIONS) -> Answers:
        """Answers to all questions."""
        return {question: self.find(tenant, question) for question in questions}

    def points(self, tenant: str) -> dict[str, dict[str, Any]]:
        """All points of a tenant, with vectors."""
        return {point["id"]: point for page in self.pages(tenant) for point in page}

    def pages(self, tenant: str) -> Iterator[list[Any]]:
        """They, page by page."""
        with self.index.tenant(ids.tenant_id(tenant)) as index:
            yield from index.scroll(vectors=True)

    def collections(self) -> tuple[str | None, list[str]]:
        """Which answers, and all versions there are."""
        with self.index.collections() as found:
            return found.answering(), found.versions()

    def drop(self) -> None:
        """All of the index, as if it had been lost."""
        with self.index._client() as client:
            for one in client.get_collections().collections:
                if one.name.startswith(self.alias):
                    with suppress(Exception):
                        client.delete_collection(one.name)


def ledger(tenant: str, like: str = "qdrant%") -> list[tuple[Any, ...]]:
    """What the ledger says, but for when and by which run."""
    rows = pipeline.rows(
        tenant,
        """SELECT stage, item_id, at, input_hash, version, status, reason FROM derivations
           WHERE stage LIKE :like ORDER BY stage, item_id""",
        like=like,
    )
    return [tuple(row) for row in rows]


def close(one: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]]) -> bool:
    """Whether points are the same: payload, sparse vectors, and dense ones but for a millionth."""

    def sparse(vector: Any) -> dict[int, float]:
        return {index: round(value, 5) for index, value in zip(vector["indices"], vector["values"], strict=True)}

    if one.keys() != other.keys():
        return False
    for id_, mine in one.items():
        theirs = other[id_]
        dense = zip(mine["vector"]["dense"], theirs["vector"]["dense"], strict=True)
        if mine["payload"] != theirs["payload"] or any(abs(a - b) > 1e-6 for a, b in dense):
            return False
        if any(sparse(mine["vector"][leg]) != sparse(theirs["vector"][leg]) for leg in ("lemmas", "trigrams")):
            return False
    return True
