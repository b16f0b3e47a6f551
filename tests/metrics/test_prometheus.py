"""A real Prometheus scrapes the page, loads the alerts, and finds every metric that they ask for."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.test_alerts import PROMTOOL, RULES, rules
from tg_assets.metrics.catalogue import METRICS, Kind

SECONDS = 300.0


def wait_for(what: str, done: Callable[[], Any]) -> Any:
    """Wait until something is there; what it was."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := done():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {SECONDS:.0f} s")


class Prometheus:
    """Asks a server."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, path: str, **values: str) -> Any:
        """Data of an answer of the API; None while the server does not answer."""
        try:
            with urllib.request.urlopen(f"{self._address}/api/v1/{path}?{urllib.parse.urlencode(values)}") as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError):
            return None

    def up(self) -> bool:
        """Whether the page was scraped."""
        targets = (self.ask("targets") or {}).get("activeTargets", [])
        return any(one["health"] == "up" for one in targets)


@pytest.fixture
def prometheus(page: str, tmp_path: Path) -> Iterator[Prometheus]:
    """A server of a test's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "tg-assets", "static_configs": [{"targets": [page.split("/")[2]]}]}],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [
                str(PROMTOOL.with_name("prometheus")), f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def test_every_alert_and_metric(prometheus: Prometheus) -> None:
    wait_for("a scrape", prometheus.up)
    loaded = wait_for("a look at every rule", lambda: all_known(prometheus))
    assert [rule["name"] for rule in loaded] == [rule["alert"] for rule in rules()]
    assert {rule["health"] for rule in loaded} == {"ok"}
    names = set(prometheus.ask("label/__name__/values"))
    for metric in METRICS:
        if metric.kind is Kind.counter:
            assert f"{metric.name}_total" in names
        elif metric.kind is Kind.histogram:
            assert {f"{metric.name}_bucket", f"{metric.name}_sum", f"{metric.name}_count"} <= names
    (down,) = prometheus.ask("query", query="metrics_backend_up == 0")["result"]
    assert down["metric"]["target"] == "redis"


def all_known(prometheus: Prometheus) -> list[dict[str, Any]]:
    """The rules once each was looked at."""
    found = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    return found if all(rule["health"] != "unknown" for rule in found) else []
