"""How long a search and an answer while typing take, in a warm process, on a tenant with 100,000 posts.

Posts are made up (``TG_BENCH_POSTS`` says how many): 15 words each of 30,000 whose frequencies fall like a language's,
with random dense vectors, written as the stage writes them. ``QUERIES`` searches of three words of some post and as
many of two and a beginning, after ``WARM`` others, when the vector server has opened anew what was written; wall time,
and processor time of this process and of the servers beside it, which others on the machine change less.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from sqlalchemy import text

from benchmarks.costs import Meter
from benchmarks.line import _import, _tools
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.answers.ranked import ranked
from tg_assets.answers.suggest import suggest
from tg_assets.assets.tools import Tools
from tg_assets.cli.runtime import KEPT
from tg_assets.embedder import UseEmbedder
from tg_assets.index.sparse import document_vectors
from tg_assets.stores import word_counts
from tg_assets.stores.database import KeptDatabase, temp_rows
from tg_assets.stores.vectors import DENSE, LEMMAS, TRIGRAMS, KeptIndex

POSTS, PART, QUERIES, WARM = 100_000, 2000, 60, 200
SETTLED = 45
"""Seconds in which nobody asks, after which the embedded vector server opens a collection anew."""
TENANT = "searches"
VOCABULARY, LENGTH = 30_000, 15
SYLLABLES = (
    "ба", "ве", "го", "ду", "жи", "за", "ке", "ла", "мо", "ну", "пи", "ра", "се", "то", "фу", "хо", "ца", "че", "шо",
    "щи", "эр", "ют", "яз", "ин", "ос", "ал",
)  # fmt: skip


def texts(count: int) -> list[str]:
    """So many texts, always the same."""
    random = np.random.default_rng(1)
    numbers = random.integers(0, len(SYLLABLES), (VOCABULARY, 4))
    known = ["".join(SYLLABLES[n] for n in row[: 2 + place % 3]) for place, row in enumerate(numbers)]
    drawn = (random.random((count, LENGTH)) ** 3 * VOCABULARY).astype(int)
    return [" ".join(known[n] for n in row) for row in drawn]


def run() -> list[dict[str, Any]]:
    """Rows of (what, p50, p95, ours, server, unit)."""
    made = texts(int(os.environ.get("TG_BENCH_POSTS", POSTS)))
    tools, tenant = _tools(), ids.tenant_id(TENANT)
    _write(tools, tenant, made)
    gc.collect()
    gc.freeze()  # what a process that only searches does not have
    time.sleep(SETTLED)
    embedder = UseEmbedder()
    asked = [made[len(made) * place // QUERIES].split() for place in range(QUERIES)]
    warm = [made[(7 * place + 3) % len(made)].split() for place in range(WARM)]
    archive = Archive(
        tenant=tenant, postgres=KeptDatabase(tools.database.url, KEPT), objects=tools.objects, graph=tools.graph,
        vectors=KeptIndex(tools.vectors.url, tools.vectors.api_key), embedder=lambda: embedder,
    )  # fmt: skip

    def whole(said: list[str]) -> int:
        return len(ranked(archive, " ".join(said[:3])))

    def typed(said: list[str]) -> int:
        return len(suggest(archive, f"{said[0]} {said[1]} {said[2][:4]}").hits)

    meter = Meter()
    rows = [
        _measured(f"search, {len(made):,} posts", whole, warm, asked, meter, "<= 100"),
        _measured("while typing", typed, warm, asked, meter, "<= 50"),
    ]
    meter.close()
    return rows


def _measured(
    what: str,
    ask: Callable[[list[str]], int],
    warm: list[list[str]],
    asked: list[list[str]],
    meter: Meter,
    target: str,
) -> dict[str, Any]:
    for said in warm:
        assert ask(said)
    taken = []
    with meter.measure() as cost:
        for said in asked:
            began = time.perf_counter()
            ask(said)
            taken.append(1000 * (time.perf_counter() - began))
    p50, p95 = np.percentile(taken, (50, 95))
    used = {name: f"{1000 * seconds / len(asked):.1f}" for name, seconds in cost.processor.items()}
    return {"what": what, "p50": f"{p50:.1f}", "p95": f"{p95:.1f}", **used, "unit": "ms", "target": target}


def _write(tools: Tools, tenant: UUID, made: list[str]) -> None:
    """Rows, points and counts of so many posts."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "one.json"
        first = {
            "id": 1,
            "type": "message",
            "date_unixtime": "1700000000",
            "from": "A",
            "from_id": "user1",
            "text": "x",
        }
        path.write_bytes(orjson.dumps({"name": "Made up", "type": "public_channel", "id": 4, "messages": [first]}))
        feed, _ = _import(tools, path, TENANT)
    tools.vectors.create_collection(UseEmbedder())
    with tools.database.tenant(tenant) as session, tools.vectors.tenant(tenant) as index:
        with session.transaction() as connection:
            channel = connection.execute(text("SELECT id FROM channels")).scalar_one()
        index.upsert_while(_parts(session, tenant, channel, feed, made))
        with session.transaction() as connection:  # as after every large range
            connection.execute(text("SELECT refresh_statistics()"))


def _parts(session: Any, tenant: UUID, channel: UUID, feed: str, made: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Points, part by part, whose rows and counts are in the database."""
    random = np.random.default_rng(2)
    for begin in range(0, len(made), PART):
        part = made[begin : begin + PART]
        names = [UUID(int=begin + place + 1) for place in range(len(part))]
        vectors = [document_vectors(said) for said in part]
        with session.transaction() as connection:
            _rows(connection, channel, begin, names, part)
            counted = [
                word_counts.Words(name, channel, 0, lemmas.indices, trigrams.indices)
                for name, (lemmas, trigrams) in zip(names, vectors, strict=True)
            ]
            word_counts.move(connection, counted)
        yield list(_points(tenant, channel, feed, names, vectors, random))


def _points(
    tenant: UUID, channel: UUID, feed: str, names: list[UUID], vectors: list[Any], random: Any
) -> Iterator[dict[str, Any]]:
    for name, (lemmas, trigrams) in zip(names, vectors, strict=True):
        sparse = {LEMMAS: lemmas, TRIGRAMS: trigrams}
        yield {
            "id": str(name),
            "vector": {DENSE: random.standard_normal(512, dtype=np.float32)}
            | {leg: {"indices": one.indices, "values": one.values} for leg, one in sparse.items()},
            "payload": {
                "tenant_id": str(tenant), "owner_id": 0, "channel_id": str(channel), "feed": feed, "kind": "post",
                "posted_at": "2024-01-01T00:00:00Z",
            },
        }  # fmt: skip


def _rows(connection: Any, channel: UUID, begin: int, names: list[UUID], part: list[str]) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    columns = {"id": "uuid", "number": "bigint", "at": "timestamptz", "content": "text"}
    rows = [(name, begin + n + 2, at + timedelta(seconds=begin + n), said) for n, (name, said) in
            enumerate(zip(names, part, strict=True))]  # fmt: skip
    temp_rows(connection, "made_up", columns, rows)
    connection.execute(
        text("""INSERT INTO posts (tenant_id, id, channel_id, telegram_message_id, posted_at, content)
                SELECT current_tenant(), id, :channel, number, at, content FROM made_up"""),
        {"channel": channel},
    )
