"""The text-only line: import, posts, tags, points, nodes, statistics, beside bare stores and a worker of single events.

Messages are those in the middle of the export beside the checkout, ``TG_BENCH_LINE="1000 10000 100000"`` says how
many, one size after the other; each is a process of its own with a tenant of its own. Stages run by the engine, as in
an asset's run, once the models are loaded. Columns after ``per s`` are seconds of processor time per 1,000 messages, of
this process and of each server, but megabytes at most in the last row of a size.

The bare embedder gets at most 10,000 of the same texts, half of them before and half after the stages. The plain worker
does tags, point and graph of one message at a time by the same code; its 300 messages are landed and parsed already.
Both are extrapolated. Ratios in brackets are those of this process' processor time, which others on the machine do not
change. ``TG_BENCH_PROFILE=folder`` writes the 15 functions that took most of each stage, ``TG_BENCH_SAVE=folder`` the
end state (see ``fingerprint``).
"""

import cProfile
import gzip
import io
import json
import os
import pstats
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks import bare, fingerprint
from benchmarks.costs import OURS, Cost, Meter
from benchmarks.ingest import ALWAYS, EXPORT
from tg_assets import assets, ids
from tg_assets.assets.order import ordered
from tg_assets.assets.tools import Tools
from tg_assets.definitions import default_resources
from tg_assets.importing import import_export
from tg_assets.importing.options import ImportOptions
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Stage
from tg_assets.scope import Scope
from tg_assets.settings import load_settings
from tg_assets.stores.database import Database
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import VectorIndex
from tg_assets.tagging.tags import TagInput

SIZES = "1000 10000"
MADE = ("posts", "conversations", "tags", "qdrant_points", "neo4j_nodes", "feed_statistics")
ASSETS = [asset for asset in ordered(assets.ASSETS) if asset.name in MADE]
ALONE = ("tags", "qdrant_points", "neo4j_nodes")
SAMPLE = STORES = 10_000
"""Texts of the bare embedder, and up to which size bare stores are measured."""
WARM, WORKER = 100, 300
"""Messages of the plain worker."""
SHOWN = 15

Row = dict[str, Any]


def run() -> list[Row]:
    """Rows of (messages, what, seconds, per s, a column for each process, beside)."""
    rows: list[Row] = []
    whole: dict[int, float] = {}
    for size in map(int, os.environ.get("TG_BENCH_LINE", SIZES).split()):
        found = _in_a_process(size)
        (line,) = (row for row in found if row["what"] == "end to end")
        whole[size] = line["seconds"]
        if size // 10 in whole:
            line["beside"] += f"; {whole[size] / whole[size // 10]:.1f} x the time of {size // 10:,}"
        rows += found
    return rows


def _in_a_process(size: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        cut(size, Path(directory) / "line.json")
        cut(WARM + WORKER, Path(directory) / "worker.json")
        command = [sys.executable, "-m", "benchmarks.line", str(size), directory]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(size: int, folder: Path) -> list[Row]:
    """Rows of one size; in a process that has done nothing else. The folder has the exports."""
    tools, tenant, meter = _tools(), f"line-{size}", Meter()
    rows: list[Row] = []

    def told(what: str, cost: Cost, count: int | None = None, beside: str = "") -> None:
        rows.append(_row(size, what, cost, landed if count is None else count, beside))

    with meter.measure() as loading:
        tools.embedder.encode(["warm"])
        tools.tagger(tenant).tagger.tag_all([TagInput("Тёплый чай and the kettle")])
    worker = _worker(tools, f"{tenant}-worker", folder, meter)
    whole = Cost()
    with meter.measure() as cost, _profiled(size, "import"):
        feed, landed = _import(tools, folder / "line.json", tenant)
    whole.add(cost)
    told("models are loaded", loading)
    told("import", cost)
    embedder = Cost()
    for name, stages in _stages(tools, tenant).items():
        with meter.measure() as cost, _profiled(size, name):
            _made(tools, stages, feed)
        whole.add(cost)
        told(name, cost)
        if name == "posts":
            said = bare.texts(tools, tenant)
            share = min(SAMPLE, len(said))
            sample = [said[len(said) * place // share] for place in range(share)]
            with meter.measure() as cost:
                bare.embed(sample[::2])
            embedder.add(cost)
    with meter.measure() as cost:
        bare.embed(sample[1::2])
    embedder.add(cost)
    embedded = landed * len(sample) // len(said)  # messages that these texts stand for
    with meter.measure() as cost:
        for stages in _stages(tools, tenant).values():
            _made(tools, stages, feed)
    told("the same again: nothing is stale", cost)
    told("bare embedder", embedder, embedded, f"{len(sample):,} texts")
    told("plain worker", *worker)
    told("end to end", whole, landed, f"{_ratio(embedder, embedded, whole, landed)} of the embedder, "
                                      f"{_ratio(*worker, whole, landed)} x the plain worker")  # fmt: skip
    if saved := os.environ.get("TG_BENCH_SAVE"):
        fingerprint.save(tools, tenant, Path(saved) / str(size))
    if size <= STORES:
        rows[-1:-1] = _bare_stores(tools, tenant, landed, meter)
    meter.close()
    peaks = {name: round(peak) for name, peak in meter.peaks.items()}
    return [*rows, {**dict.fromkeys(rows[0], ""), "messages": size, "what": "most memory, MB", **peaks}]


def _row(size: int, what: str, cost: Cost, count: int, beside: str) -> Row:
    processor = {name: round(1000 * seconds / count, 2) for name, seconds in cost.processor.items()}
    speed = f"{count / cost.seconds:,.0f}"
    return {
        "messages": size, "what": what, "seconds": round(cost.seconds, 2), "per s": speed, **processor,
        "beside": beside,
    }  # fmt: skip


def _ratio(other: Cost, count: int, whole: Cost, size: int) -> str:
    """How many times as fast the whole line is, by time and by our processor time."""
    times = other.seconds / count * size / whole.seconds
    processor = other.processor[OURS] / count * size / whole.processor[OURS]
    return f"{times:.2f} ({processor:.2f})"


def _worker(tools: Tools, slug: str, folder: Path, meter: Meter) -> tuple[Cost, int]:
    tenant = ids.tenant_id(slug)
    feed, _ = _import(tools, folder / "worker.json", slug)
    with tools.vectors.tenant(tenant) as index, tools.graph.tenant(tenant) as graph:
        for asset in ASSETS:
            if asset.prepare:
                asset.prepare(tools)
        stages = _stages(_tools(qdrant=bare.Opened(index), neo4j=bare.Opened(graph)), slug)
        _made(tools, stages["posts"], feed)
        with _profiled(WORKER, "worker"):
            return bare.one_by_one(tools, [stages[name][0] for name in ALONE], feed, WARM, meter)


def _bare_stores(tools: Tools, tenant: str, size: int, meter: Meter) -> Iterator[Row]:
    yield _row(size, "bare COPY of both tables", bare.copy(tools, tenant, meter), size, "")
    for what, found, unit in (
        ("bare upsert", bare.upsert, "points"), ("bare UNWIND", bare.unwind, "nodes and relations")
    ):  # fmt: skip
        cost, count = found(tools, tenant, meter)
        yield _row(size, what, cost, count, f"{count:,} {unit}")


def _tools(**given: Any) -> Tools:
    settings = load_settings()
    stores = {
        "settings": settings,
        "postgres": Database(url=settings.require("postgres_url")),
        "objects": ObjectStore(url=settings.require("objects_url")),
        "qdrant": VectorIndex(settings.require("qdrant_url"), os.environ.get("TG_QDRANT_API_KEY", "")),
        "neo4j": GraphStore(url=settings.require("neo4j_url")),
    }
    return Tools({**default_resources(), **stores, **given}.__getitem__)


def _stages(tools: Tools, tenant: str) -> dict[str, list[Stage]]:
    scope = Scope(f"{tenant}.any", *ALWAYS)
    return {asset.name: [of if isinstance(of, Stage) else of(scope) for of in asset.stages(tools)] for asset in ASSETS}


def _made(tools: Tools, stages: list[Stage], feed: str) -> None:
    scope = Scope(feed, *ALWAYS)
    with tools.database.tenant(scope.tenant) as session:
        for stage in stages:
            report = run_stage(stage, session, scope)
            assert not report.failed, report.failed


def _import(tools: Tools, path: Path, tenant: str) -> tuple[str, int]:
    """Land an export; returns its feed, and how many messages it has: some are in the export twice."""
    (report,) = import_export(
        path, ImportOptions(tenant), tools.settings, tools.database, tools.objects, lambda what, done, total: None
    )
    return report.feed, report.counts["new"]


def cut(size: int, path: Path) -> None:
    """So many messages of the middle of the export."""
    whole = orjson.loads(gzip.decompress(EXPORT.read_bytes()))
    first = (len(whole["messages"]) - size) // 2
    path.write_bytes(orjson.dumps({**whole, "messages": whole["messages"][first : first + size]}))


@contextmanager
def _profiled(size: int, name: str) -> Iterator[None]:
    folder = os.environ.get("TG_BENCH_PROFILE")
    if not folder:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    said = io.StringIO()
    stats = pstats.Stats(profile, stream=said).strip_dirs()
    for order in ("tottime", "cumulative"):
        stats.sort_stats(order).print_stats(SHOWN)
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / f"{size}-{name}.txt").write_text(said.getvalue())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]))) + "\n")
