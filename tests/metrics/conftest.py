"""A page of metrics that answers."""

import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tg_assets.metrics.catalogue import METRICS, Kind
from tg_assets.monitoring.gauges import Gauge, Seen, disk
from tg_assets.monitoring.page import Page, bind


def gauges() -> Iterator[Gauge]:
    """Every gauge that is measured neither by asking servers nor the disk, with every value of its labels."""
    for metric in METRICS:
        if metric.kind is Kind.gauge and not metric.name.startswith(("metrics_backend", "disk")):
            for values in product(*metric.labels.values()):
                yield metric.name, dict(zip(metric.labels, values, strict=True)), 1.0


@pytest.fixture
def page(servers: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of a page that measures two servers, one of which is away, and the disk, and has all other gauges."""

    def away() -> Any:
        raise ConnectionError("secret words")

    targets = {"postgres": Seen(lambda: (), 60), "redis": Seen(away, 60)}
    made = Page(pipeline.postgres(), targets, [Seen(lambda: [*disk(tmp_path), *gauges()], 60)])
    with bind(made, "127.0.0.1", 0) as server:
        made.follow()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()
        thread.join()
