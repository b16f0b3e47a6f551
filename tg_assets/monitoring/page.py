"""The pages that machines read: for Prometheus counted amounts out of the database and gauges as they were measured
last, and whether everything moves.

Every series that a counter may have is there from the beginning, with 0, so that a rate and an alert see its first
event. What does not belong here: measuring (``gauges``).
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import product
from socketserver import ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from sqlalchemy import text

from tg_assets.errors import TgAssetsError
from tg_assets.metrics.catalogue import BY_NAME, METRICS, OTHER, Kind
from tg_assets.metrics.catalogue import Metric as Known
from tg_assets.metrics.tally import EVERY
from tg_assets.monitoring.gauges import Gauge, Seen, gathered
from tg_assets.monitoring.health import Status, detailed
from tg_assets.stores.database import Database

_log = logging.getLogger(__name__)
FOLDED = 50_000
"""Amounts that are folded into totals by one scrape, at most."""
FIRST_SECONDS = 5.0
"""From the beginning on, what was not measured yet is waited for."""
COUNTED_SECONDS = 3.0
_AMOUNTS = """
    SELECT sample, labels, sum(amount) AS amount,
           (array_agg(trace ORDER BY trace->'at' DESC) FILTER (WHERE trace IS NOT NULL))[1] AS trace
    FROM (SELECT sample, labels, amount, trace FROM metrics.totals
          UNION ALL SELECT sample, labels, amount, trace FROM metrics.amounts) every
    GROUP BY sample, labels
"""


class Amount(float):
    """What was counted, with an example of what it was counted for, where there is one."""

    example: Exemplar | None = None


Amounts = Mapping[str, Mapping[tuple[str, ...], Amount]]
"""By sample and by the values of its labels in the order of their names."""


def amounts(database: Database) -> Amounts:
    """Everything that was ever counted and committed; what was appended is folded on the way."""
    found: dict[str, dict[tuple[str, ...], Amount]] = defaultdict(dict)
    with database.connection() as connection:
        with connection.begin():
            connection.execute(text("SELECT metrics.fold(:most)"), {"most": FOLDED})
        with connection.begin():
            for row in connection.execute(text(_AMOUNTS)):
                found[row.sample][tuple(row.labels[name] for name in sorted(row.labels))] = _amount(row)
    return found


def _amount(row: Any) -> Amount:
    amount = Amount(row.amount)
    if row.trace:
        labels = {"trace_id": str(row.trace["id"])}
        amount.example = Exemplar(labels, float(row.trace["value"]), float(row.trace["at"]))
    return amount


class Counted:
    """The amounts, asked for anew by each scrape, by one at a time: a database that hangs holds up no page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._found: Amounts | None = None

    def get(self, seconds: float) -> Amounts | None:
        """The amounts; None when they cannot be seen, or not within so many seconds."""
        with self._lock:
            if self._asking is None or not self._asking.is_alive():
                self._found = None
                self._asking = threading.Thread(target=self._ask, daemon=True)
                self._asking.start()
            asking = self._asking
        asking.join(seconds)
        return self._found

    def _ask(self) -> None:
        try:
            self._found = amounts(self._database)
        except Exception as error:  # noqa: BLE001 - gauges say which server it is
            _unseen(error)


class Page:
    """Collects for ``prometheus_client``. Parts that cannot be seen are left out, and logged by their error's name."""

    def __init__(self, database: Database, targets: Mapping[str, Seen], others: Mapping[str, Seen]) -> None:
        self._targets, self._others = targets, others
        self._counted = Counted(database)
        self._deadline = time.monotonic() + FIRST_SECONDS

    def follow(self) -> None:
        """Begin to measure."""
        for seen in (*self._targets.values(), *self._others.values()):
            seen.follow(_unseen)

    def collect(self) -> Iterator[Metric]:
        """Every metric of the catalogue."""
        counted = self._counted.get(COUNTED_SECONDS)
        gauges = self._gauges()
        for metric in METRICS:
            if metric.kind is Kind.gauge:
                yield _gauge(metric, gauges.get(metric.name, {}))
            elif counted is not None:
                yield (_counter if metric.kind is Kind.counter else _histogram)(metric, counted)

    def measured(self) -> list[Gauge]:
        """What was measured last, server by server and all else."""
        return gathered(self._targets, self._others, self._deadline)

    def _gauges(self) -> Mapping[str, Mapping[tuple[str, ...], float]]:
        found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        for name, labels, value in self.measured():
            metric = BY_NAME[name]
            key = tuple(labels[one] if labels[one] in metric.labels[one] else OTHER for one in sorted(labels))
            found[name][key] = found[name].get(key, 0) + value
        return found


def _unseen(error: Exception) -> None:
    said = error if isinstance(error, TgAssetsError) else type(error).__name__
    _log.warning("a part of the metrics cannot be seen: %s", said)


def _every(metric: Known) -> Iterable[tuple[str, ...]]:
    return product(*(metric.labels[name] for name in sorted(metric.labels)))


def _gauge(metric: Known, values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(metric.name, metric.help, labels=sorted(metric.labels))
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counter(metric: Known, counted: Amounts) -> Metric:
    family = CounterMetricFamily(metric.name, metric.help, labels=sorted(metric.labels))
    values = dict.fromkeys(_every(metric), Amount(0)) | dict(counted.get(f"{metric.name}_total", {}))
    for key, value in values.items():
        family.add_metric(key, value, exemplar=value.example)
    return family


def _histogram(metric: Known, counted: Amounts) -> Metric:
    names = sorted(metric.labels)
    place = sorted([*names, "le"]).index("le")
    parts: dict[tuple[str, ...], dict[str, Amount]] = {key: {} for key in _every(metric)}
    for key, amount in counted.get(f"{metric.name}_bucket", {}).items():
        parts.setdefault((*key[:place], *key[place + 1 :]), {})[key[place]] = amount
    family = HistogramMetricFamily(metric.name, metric.help, labels=names)
    for key, between in parts.items():
        total = 0.0
        buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
        for bound in (*sorted({*map(repr, metric.bounds), *between} - {EVERY}, key=float), EVERY):
            amount = between.get(bound, Amount(0))
            total += amount
            buckets.append((bound, total, amount.example) if amount.example else (bound, total))
        family.add_metric(key, buckets, counted.get(f"{metric.name}_sum", {}).get(key, 0.0))
    return family


def application(page: Page) -> Callable[..., Iterable[bytes]]:
    """``/metrics``, ``/health`` (503 when something does not move) and ``/health/detailed``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(page)
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").rstrip("/")
        if path in ("", "/metrics"):
            return cast("Iterable[bytes]", metrics(environ, start))
        if path not in ("/health", "/health/detailed"):
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There are /metrics, /health and /health/detailed.\n"]
        said = {"version": version("tg-assets"), **detailed(page.measured())}
        if path == "/health":
            said = {name: said[name] for name in ("status", "version")}
        start(
            "503 Service Unavailable" if said["status"] == Status.unhealthy else "200 OK",
            [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
        )
        return [orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is no news."""


def bind(page: Page, host: str, port: int) -> WSGIServer:
    """A server of the pages that listens already. Raises TgAssetsError when the port is taken."""
    try:
        return make_server(host, port, application(page), _Server, _Quiet)
    except OSError as error:
        raise TgAssetsError(
            f"Metrics cannot be served at {host}:{port} ({error.strerror}). Choose another port with --port or "
            "TG_METRICS_PORT."
        ) from None
