"""A real Prometheus scrapes the page, loads the alerts, and finds all that they and the dashboards ask for."""

import json
import math
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.metrics.promql import selectors
from tests.metrics.test_alerts import PROMTOOL, RULES, rules
from tests.metrics.test_dashboards import PANELS, PROMETHEUS
from tests.support import pipeline
from tests.support.waiting import wait_for
from tg_assets import ids
from tg_assets.metrics.catalogue import METRICS, Kind
from tg_assets.metrics.tally import Tally
from tg_assets.monitoring.queries import RATE


class Prometheus:
    """Asks a server."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, path: str, **values: str) -> Any:
        """Data of an answer of the API; None while the server does not answer."""
        try:
            with urllib.request.urlopen(f"{self._address}/api/v1/{path}?{urllib.parse.urlencode(values)}") as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{values}: {json.load(error).get('error')}") from None
        except (urllib.error.URLError, ConnectionError):
            return None

    def up(self) -> bool:
        """Whether the page was scraped."""
        targets = (self.ask("targets") or {}).get("activeTargets", [])
        return any(one["health"] == "up" for one in targets)

    def values(self, query: str) -> list[float]:
        """Values of the series that a query has now."""
        return [float(one["value"][1]) for one in self.ask("query", query=query)["result"]]


@pytest.fixture
def prometheus(full_page: str, tmp_path: Path) -> Iterator[Prometheus]:
    """A server of a test's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The one that is shipped, but for the page's address and for time.
    config = yaml.safe_load(PROMETHEUS.read_text()) | {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
    }  # fmt: skip
    config["scrape_configs"][0]["static_configs"] = [{"targets": [full_page.split("/")[2]]}]
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


def count_everything(tenant: str) -> None:
    """Once for each series that a counter or a histogram may have."""
    tally = Tally()
    for metric in METRICS:
        for values in product(*metric.labels.values()):
            labels = dict(zip(metric.labels, values, strict=True))
            if metric.kind is Kind.counter:
                tally.count(metric.name, **labels)
            elif metric.kind is Kind.histogram:
                tally.observe(metric.name, metric.bounds[0], **labels)
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        tally.save(connection)


def test_every_panel_and_every_part_of_an_alert_has_data(prometheus: Prometheus, tenant: str) -> None:
    """A number, at a moment when everything happens: a name that nothing has would be an empty answer."""
    wait_for("a scrape", prometheus.up)
    count_everything(tenant)
    wait_for("a scrape of what was counted", lambda: prometheus.values("rate(stage_items_total[1m]) > 0"))
    for dashboard, panel in PANELS:
        for query in panel.queries:
            found = prometheus.values(query.expr.replace(RATE, "1m"))
            assert found, (dashboard.uid, panel.title, query.expr)
            assert all(math.isfinite(value) for value in found), (dashboard.uid, panel.title, query.expr)
    for rule in rules():
        prometheus.values(rule["expr"])
        for name, where in selectors(rule["expr"]):
            assert prometheus.values(name + where), (rule["alert"], name + where)
    assert prometheus.values("album_parsed_total") == [], "a wrong name has none"
