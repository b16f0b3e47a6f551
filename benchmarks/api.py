"""Searches by the HTTP API on a tenant with 100,000 posts: one client after another, and ten at once.

The service is a process of its own, started as ``tg-assets serve`` with its default settings but for the rate; its
clients are threads of this one. Each search is of other words than any before: nothing is answered from memory.
``processor`` is what the clients, the service and all servers used, milliseconds per search, ``service`` what the
service did of it; ``memory`` is what its processes take together, megabytes (``Pss``).
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from typing import Any

import httpx
import numpy as np
import psutil

from benchmarks.costs import Meter, processor_seconds
from benchmarks.line import _tools
from benchmarks.searches import POSTS, TENANT, _write, texts
from tg_assets import ids
from tg_assets.doors import tokens

ALONE, TOGETHER, CLIENTS = 60, 300, 10


def run() -> list[dict[str, Any]]:
    """Rows of (what, per s, p50, p95, processor, memory, target)."""
    made = texts(int(os.environ.get("TG_BENCH_POSTS", POSTS)))
    tools, tenant = _tools(), ids.tenant_id(TENANT)
    _write(tools, tenant, made)
    with tools.database.tenant(tenant) as session, session.transaction() as connection:
        token = tokens.make(connection, tenant, "api")
    asked = iter(_questions(made))
    with _serving(token) as (process, ask):
        for _ in range(CLIENTS):  # each process has answered before
            ask("/search", next(asked))
        rows = []
        for what, path, clients, count, target in (
            ("search, one client", "/search", 1, ALONE, ""),
            ("search, ten clients", "/search", CLIENTS, TOGETHER, ">= 50/s, p95 <= 150 ms"),
            ("while typing, one client", "/suggest", 1, ALONE, "p95 <= 50 ms"),
        ):
            rows.append(_row(what, process, lambda q, path=path: ask(path, q), [next(asked) for _ in range(count)],
                             clients, target))  # fmt: skip
    return rows


def _questions(made: Sequence[str]) -> list[str]:
    """Three words each, of posts all over."""
    count = CLIENTS + 2 * ALONE + TOGETHER
    return [" ".join(made[len(made) * place // count].split()[:3]) for place in range(count)]


def _row(
    what: str, process: psutil.Process, ask: Any, asked: Sequence[str], clients: int, target: str
) -> dict[str, Any]:
    def timed(question: str) -> float:
        began = time.perf_counter()
        ask(question)
        return 1000 * (time.perf_counter() - began)

    meter = Meter()
    with meter.measure() as cost, ThreadPoolExecutor(clients) as pool:
        before, began = processor_seconds(process), time.perf_counter()
        taken = list(pool.map(timed, asked))
        seconds = time.perf_counter() - began
        served = processor_seconds(process) - before
    meter.close()
    p50, p95 = np.percentile(taken, (50, 95))
    family = [process, *process.children(recursive=True)]
    return {
        "what": what, "per s": f"{len(asked) / seconds:.1f}", "p50": f"{p50:.0f}", "p95": f"{p95:.0f}",
        "processor": f"{1000 * sum(cost.processor.values()) / len(asked):.0f}",
        "service": f"{1000 * served / len(asked):.0f}",
        "memory": f"{sum(one.memory_full_info().pss for one in family) / 1e6:.0f}", "target": target,
    }  # fmt: skip


@contextmanager
def _serving(token: str) -> Iterator[tuple[psutil.Process, Any]]:
    """The service's process, and what asks it: a connection for each thread."""
    environment = {**os.environ, "TG_SERVE_RATE": "1000000/minute"}
    command = [sys.executable, "-m", "tg_assets", "serve", "--port", "0"]
    kept = local()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            address = said[said.index("http://") :].strip()

            def ask(path: str, question: str) -> None:
                if not hasattr(kept, "client"):
                    kept.client = httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=120)
                answer = kept.client.get(f"{address}api/v1{path}", params={"q": question})
                answer.raise_for_status()

            yield psutil.Process(process.pid), ask
        finally:
            process.terminate()
