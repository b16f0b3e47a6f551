"""A rebuild of vectors and graph, and a comparison of all stores, beside making them the first time.

``TG_BENCH_REBUILD="1000 10000"`` says of how many messages, of the middle of the export beside the checkout. Columns
after ``per s`` are seconds of processor time per 1,000 messages, of this process and of each server. Searches go on
while the index is rebuilt: how many there were, how long the median and the slowest took, and how many failed or found
nothing.
"""

import os
import resource
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.costs import Cost, Meter
from benchmarks.line import ASSETS, _import, _made, _row, _stages, _tools, cut
from resources.redis import Redis
from tg_assets import ids
from tg_assets.answers.archive import Archive
from tg_assets.answers.ranked import ranked
from tg_assets.assets.rebuilt import rebuild_in_place, rebuild_index
from tg_assets.assets.tools import Tools
from tg_assets.assets.verified import verify

SIZES = "1000 10000"
QUESTIONS = ("how do I learn english", "переезд", "tax", "good dentist", "visa", "apartment")
STORES = ("qdrant_points", "neo4j_nodes")

Row = dict[str, Any]


class Asking:
    """Searches that go on in a thread of their own."""

    def __init__(self, tools: Tools, tenant: str) -> None:
        self._tools, self._tenant, self._over = tools, tenant, threading.Event()
        self.seconds: list[float] = []
        self.bad = 0
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        tools = self._tools
        archive = Archive(
            tenant=ids.tenant_id(self._tenant), postgres=tools.database, vectors=tools.vectors, graph=tools.graph,
            objects=tools.objects, embedder=lambda: tools.embedder,
        )  # fmt: skip
        while not self._over.is_set():
            started = time.perf_counter()
            try:
                question = QUESTIONS[len(self.seconds) % len(QUESTIONS)]
                self.bad += not ranked(archive, question)
            except Exception:  # noqa: BLE001 - that is what is counted
                self.bad += 1
            self.seconds.append(time.perf_counter() - started)
            self._over.wait(0.05)

    def told(self) -> str:
        """How it went."""
        times = sorted(self.seconds) or [0.0]
        return (
            f"{len(self.seconds):,} searches, median {1000 * median(times):.0f} ms, slowest {1000 * times[-1]:.0f} ms, "
            f"{self.bad} failed or empty"
        )


def run() -> list[Row]:
    """Rows of (messages, what, seconds, per s, a column for each process, beside)."""
    rows: list[Row] = []
    for size in map(int, os.environ.get("TG_BENCH_REBUILD", SIZES).split()):
        with tempfile.TemporaryDirectory() as directory:
            cut(size, Path(directory) / "export.json")
            rows += _measure(size, Path(directory) / "export.json")
    return rows


def _measure(size: int, path: Path) -> list[Row]:
    tools, tenant, meter = _tools(redis=Redis(url=os.environ["TG_REDIS_URL"])), f"rebuild-{size}", Meter()
    quiet: dict[str, Any] = {"advance": lambda *_: None, "log": lambda _: None}
    rows: list[Row] = []

    def told(what: str, cost: Cost, beside: str = "") -> None:
        rows.append(_row(size, what, cost, landed, beside))

    for asset in ASSETS:
        if asset.prepare:
            asset.prepare(tools)
    feed, landed = _import(tools, path, tenant)
    known = [f"rebuild-{one}" for one in map(int, os.environ.get("TG_BENCH_REBUILD", SIZES).split()) if one <= size]
    for name, stages in _stages(tools, tenant).items():
        with meter.measure() as cost:
            _made(tools, stages, feed)
        if name in STORES:
            told(f"{name}, the first time", cost)
    with Asking(tools, tenant) as asking:
        time.sleep(5)
    quietly = asking.told()
    with Asking(tools, tenant) as asking, meter.measure() as cost:
        rebuild_index(tools, known, **quiet)
    told("the index, rebuilt and switched", cost, f"{asking.told()}; before: {quietly}")
    with meter.measure() as cost:
        rebuild_in_place(tools, "qdrant_points", tenant, **quiet)
    told("points, in place", cost)
    with meter.measure() as cost:
        report, found = rebuild_in_place(tools, "neo4j_nodes", tenant, **quiet)
    told("the graph, in place", cost, f"{report.done:,} made, {found.mended} mended")
    for whole in (False, True):
        with meter.measure() as cost:
            found = verify(tools, tenant, whole=whole)
        told(
            f"verify{' --full' if whole else ''}", cost, f"{found.total} differences, {found.compared.total():,} items"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    rows[-1]["beside"] += f"; this process had {peak:,} MB at most"
    meter.close()
    return rows
