"""How fast the embedded vector server is through an unmodified ``QdrantClient``, beside its engine called directly.

``run()`` starts a fresh server in a temporary directory, writes 100,000 synthetic points from several processes
and searches from 1 and 3 processes; the same work is then done in-process. Points are like ours: one 512-d
dense vector, about 15 lemma and 90 trigram weights, a small payload; eight tenants.
``python -m benchmarks.vectors [POINTS]`` prints the table.
"""

import itertools
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import qdrant_edge as engine
from qdrant_client import QdrantClient, models

from tg_assets.backends import http_ready, start_service, stop_service
from tg_assets.backends.service import Service
from tg_assets.settings import Settings

NAME = "bench"
DIMENSIONS, LEMMAS, TRIGRAMS, TENANTS = 512, 15, 90, 8
BATCH = 500
QUERIES = 60
PORT = 14873
Row = dict[str, Any]


def rows(first: int, last: int) -> list[Row]:
    """Synthetic points ``first`` to ``last``; the same number always gives the same point."""
    made = []
    for number in range(first, last):
        random = np.random.default_rng(number)
        made.append(
            {
                "id": str(UUID(int=number + 1)),
                "dense": random.standard_normal(DIMENSIONS, dtype=np.float32).round(6).tolist(),
                "lemmas": _sparse(random, 40_000, LEMMAS),
                "trigrams": _sparse(random, 60_000, TRIGRAMS),
                "payload": {
                    "tenant_id": f"tenant-{number % TENANTS}",
                    "feed": f"tenant-{number % TENANTS}.feed-{number % 40}",
                    "posted_at": f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d}T12:00:00Z",
                    "text_short": "Новости рынка: цены выросли, спрос упал. " * 5,
                },
            }
        )
    return made


def _sparse(random: np.random.Generator, vocabulary: int, size: int) -> tuple[list[int], list[float]]:
    """Weights of words whose frequencies fall like those of a language."""
    words = np.unique((random.random(size) ** 3 * vocabulary).astype(int))
    return words.tolist(), random.random(len(words)).round(4).tolist()


def connect() -> QdrantClient:
    """The unmodified client."""
    return QdrantClient(url=f"http://127.0.0.1:{PORT}", timeout=60)


def write(span: tuple[int, int]) -> float:
    """Seconds that a writer process spends in upserts; points are made before the clock starts."""
    client, spent = connect(), 0.0
    for start in range(*span, BATCH):
        points = [
            models.PointStruct(
                id=row["id"],
                vector={
                    "dense": row["dense"],
                    "lemmas": models.SparseVector(indices=row["lemmas"][0], values=row["lemmas"][1]),
                    "trigrams": models.SparseVector(indices=row["trigrams"][0], values=row["trigrams"][1]),
                },
                payload=row["payload"],
            )
            for row in rows(start, min(start + BATCH, span[1]))
        ]
        began = time.perf_counter()
        client.upsert(NAME, points)
        spent += time.perf_counter() - began
    client.close()
    return spent


def search(seed: int) -> list[float]:
    """Seconds of each tenant-filtered three-leg search of one client process: one ``query_batch_points`` each."""
    client, taken = connect(), []
    for row in rows(10_000_000 + seed * QUERIES, 10_000_000 + (seed + 1) * QUERIES):
        value = models.MatchValue(value=row["payload"]["tenant_id"])
        where = models.Filter(must=[models.FieldCondition(key="tenant_id", match=value)])
        lemmas = models.SparseVector(indices=row["lemmas"][0][:6], values=row["lemmas"][1][:6])
        trigrams = models.SparseVector(indices=row["trigrams"][0][:30], values=row["trigrams"][1][:30])
        queries: list[tuple[str, Any]] = [("dense", row["dense"]), ("lemmas", lemmas), ("trigrams", trigrams)]
        requests = [
            models.QueryRequest(query=query, using=name, filter=where, limit=100, with_payload=True)
            for name, query in queries
        ]
        began = time.perf_counter()
        found = client.query_batch_points(NAME, requests)
        taken.append(time.perf_counter() - began)
        assert len(found) == 3
    client.close()
    return taken


def direct(points: int, directory: Path) -> tuple[float, list[float]]:
    """The same in this process: upserts per second, and seconds of each search."""
    plain = engine.EdgeSparseVectorParams()
    shard = engine.EdgeShard.create(
        str(directory / "direct"),
        engine.EdgeConfig(
            vectors={"dense": engine.EdgeVectorParams(size=DIMENSIONS, distance=engine.Distance.Cosine)},
            sparse_vectors={"lemmas": plain, "trigrams": plain},
        ),
    )
    change, keyword = engine.UpdateOperation, engine.KeywordIndexParams(is_tenant=True)
    shard.update(change.create_field_index("tenant_id", keyword))
    spent = 0.0
    for start in range(0, points, BATCH):
        batch = rows(start, min(start + BATCH, points))
        began = time.perf_counter()
        shard.update(
            change.upsert_points([engine.Point(row["id"], _engine_vectors(row), row["payload"]) for row in batch])
        )
        spent += time.perf_counter() - began
    taken = []
    for row in rows(10_000_000, 10_000_000 + QUERIES):
        match = engine.MatchValue(row["payload"]["tenant_id"])
        where = engine.Filter(must=[engine.FieldCondition("tenant_id", match=match)])
        vectors = _engine_vectors({**row, "lemmas": _head(row["lemmas"], 6), "trigrams": _head(row["trigrams"], 30)})
        began = time.perf_counter()
        requests = [
            engine.QueryRequest(
                limit=100, query=engine.Query.Nearest(vector, using=name), filter=where, with_payload=True
            )
            for name, vector in vectors.items()
        ]
        found = shard.query_batch(engine.QueryBatchRequest(requests))
        _ = [[(hit.id, hit.score, hit.payload) for hit in hits] for hits in found]
        taken.append(time.perf_counter() - began)
    shard.close()
    return points / spent, taken


def _head(weights: tuple[list[int], list[float]], size: int) -> tuple[list[int], list[float]]:
    return weights[0][:size], weights[1][:size]


def _engine_vectors(row: Row) -> dict[str, Any]:
    return {
        "dense": row["dense"],
        "lemmas": engine.SparseVector(*row["lemmas"]),
        "trigrams": engine.SparseVector(*row["trigrams"]),
    }


def run(points: int = 100_000, writers: int = 2) -> list[dict[str, Any]]:
    """One row per measurement: ``what``, ``server``, ``engine``, ``ratio`` (engine to server) and ``unit``."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(data_dir=Path(name))
        command = (sys.executable, "-m", "tg_assets.backends.qdrant_server", f"--dir={name}/qdrant", f"--port={PORT}")
        ready = http_ready(f"http://127.0.0.1:{PORT}/healthz")
        start_service(settings, Service("bench", command, ready, {"TG_QDRANT_API_KEY": ""}))
        try:
            client = connect()
            plain = models.SparseVectorParams()
            client.create_collection(
                NAME,
                vectors_config={"dense": models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)},
                sparse_vectors_config={"lemmas": plain, "trigrams": plain},
            )
            keyword = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            client.create_payload_index(NAME, "tenant_id", keyword)
            edges = [points * part // writers for part in range(writers + 1)]
            with context.Pool(writers) as pool:
                written = points / max(pool.map(write, list(itertools.pairwise(edges))))
            assert client.count(NAME).count == points
            client.close()
            with context.Pool(3) as pool:
                alone = _searches(pool, 1)
                together = _searches(pool, 3)
        finally:
            stop_service(settings, "bench")
        direct_written, direct_taken = direct(points, Path(name))
    results = [_result(f"upsert, {writers} writers", written, direct_written, "points/s", lambda a, b: b / a)]
    for label, taken in (("1 client", alone), ("3 clients", together)):
        for quantile in (50, 95):
            server, own = (float(np.percentile(values, quantile)) * 1000 for values in (taken, direct_taken))
            results.append(_result(f"search, {label}, p{quantile}", server, own, "ms", lambda a, b: a / b))
    return results


def _searches(pool: Pool, clients: int) -> list[float]:
    pool.map(search, range(clients), chunksize=1)  # warm
    return [seconds for taken in pool.map(search, range(clients), chunksize=1) for seconds in taken]


def _result(what: str, server: float, own: float, unit: str, ratio: Callable[[float, float], float]) -> dict[str, Any]:
    return {
        "what": what,
        "server": round(server, 1),
        "engine": round(own, 1),
        "ratio": round(ratio(server, own), 1),
        "unit": unit,
    }


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for row in run(*(int(argument) for argument in sys.argv[1:2])):
        print(f"{row['what']:<28}{row['server']:>10} {row['unit']:<9} engine {row['engine']:>10}  x{row['ratio']}")


if __name__ == "__main__":
    main()
