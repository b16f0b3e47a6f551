"""Pages of metrics that answer; of their servers one is away."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tg_assets.metrics.catalogue import METRICS, Kind
from tg_assets.monitoring.gauges import Gauge, Seen, disk
from tg_assets.monitoring.page import Page, bind


@contextmanager
def serving(gauges: list[Gauge]) -> Iterator[str]:
    """Address of a page with these gauges besides two servers."""

    def away() -> Any:
        raise ConnectionError("secret words")

    targets = {"postgres": Seen(lambda: (), 60), "redis": Seen(away, 60)}
    made = Page(pipeline.postgres(), targets, {"disk": Seen(lambda: gauges, 60)})
    with bind(made, "127.0.0.1", 0) as server:
        made.follow()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(servers: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of a page that measures a few things."""
    with serving([*disk(tmp_path)]) as address:
        yield address


@pytest.fixture
def full_page(servers: dict[str, str]) -> Iterator[str]:
    """Address of a page that has every gauge, with every value of its labels."""
    gauges: list[Gauge] = [
        (metric.name, dict(zip(metric.labels, values, strict=True)), 1.0)
        for metric in METRICS
        if metric.kind is Kind.gauge and metric.name not in ("metrics_backend_up", "measured_ok")
        for values in product(*metric.labels.values())
    ]
    with serving(gauges) as address:
        yield address
