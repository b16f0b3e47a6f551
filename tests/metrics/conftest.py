"""A page of metrics that answers."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tg_assets.monitoring.gauges import Seen, disk
from tg_assets.monitoring.page import Page, bind


@pytest.fixture
def page(servers: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of a page that measures a few things: one server is away."""

    def away() -> Any:
        raise ConnectionError("secret words")

    targets = {"postgres": Seen(lambda: (), 60), "redis": Seen(away, 60)}
    made = Page(pipeline.postgres(), targets, [Seen(lambda: list(disk(tmp_path)), 60)])
    with bind(made, "127.0.0.1", 0) as server:
        made.follow()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()
        thread.join()
