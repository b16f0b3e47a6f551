"""The sample's golden set, asked before both stores are lost and after they were made again from the database.

All stages have run, with the models of an installation. Of results that are equally good, any may be the last: two
answers are the same when no score differs by ``SAME``, and no result of one alone is better than the last by so much.
"""

import time
from typing import Any
from uuid import UUID

from benchmarks.golden_sets import sample
from benchmarks.golden_worlds import SAMPLE, Made
from tg_assets import assets
from tg_assets.answers.archive import Archive
from tg_assets.answers.ranked import ranked
from tg_assets.assets.rebuilt import rebuild_in_place, rebuild_index
from tg_assets.embedder import UseEmbedder

TENANT = "golden"
SAME = 1e-3

Answers = dict[str, list[tuple[UUID, float]]]


def run() -> list[dict[str, Any]]:
    """Rows of (what, questions, same best, all the same, seconds), by kinds of questions; seconds are the rebuilds'."""
    quiet: dict[str, Any] = {"advance": lambda *_: None, "log": lambda _: None}
    made = Made(TENANT, SAMPLE, [asset.name for asset in assets.ASSETS], UseEmbedder())
    tools, asks = made.tools, sample(made.sample()).asks
    before = _answers(made.archive, [ask.query for ask in asks])
    with tools.vectors.collections() as collections:
        (lost,) = collections.versions()
        collections._client.delete_collection(lost)
    with tools.graph.tenant(made.tenant) as graph:
        graph.read("MATCH (n {tenant_id: $tenant}) DETACH DELETE n")
    started = time.monotonic()
    rebuild_index(tools, [TENANT], **quiet)
    rebuild_in_place(tools, "neo4j_nodes", TENANT, **quiet)
    seconds = round(time.monotonic() - started, 1)
    after = _answers(made.archive, list(before))
    told = []
    for kind in dict.fromkeys(ask.kind for ask in asks):
        queries = [ask.query for ask in asks if ask.kind == kind]
        told.append({
            "what": kind, "questions": len(queries),
            "same best": sum(alike(before[query][:1], after[query][:1]) for query in queries),
            "all the same": sum(alike(before[query], after[query]) for query in queries), "seconds": seconds,
        })  # fmt: skip
    return told


def alike(one: list[tuple[UUID, float]], other: list[tuple[UUID, float]], within: float = SAME) -> bool:
    """Whether two lists of results and their scores are the same answer; ``within`` is what scores may differ by."""
    mine, theirs = dict(one), dict(other)
    last = max(min(mine.values(), default=0.0), min(theirs.values(), default=0.0))
    return all(abs(mine.get(id_, last) - theirs.get(id_, last)) < within for id_ in {*mine, *theirs})


def _answers(archive: Archive, queries: list[str]) -> Answers:
    return {query: [(hit.id, hit.score) for hit in ranked(archive, query)] for query in queries}
