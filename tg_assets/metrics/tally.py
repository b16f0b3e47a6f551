"""Counting in the transaction of the work: what is not committed was not counted, whatever process did it or died.

Amounts are appended, since two runs that added to one row would wait for each other until they commit; now and then
they are folded into totals (``metrics.fold``). What does not belong here: showing them.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

import orjson
from sqlalchemy import Connection, text

from tg_assets.metrics.catalogue import BY_NAME, OTHER, Kind, Metric

# A sample's name and its labels: ``media_size_bytes_bucket``, ((le, 1000.0), (media, photo)).
Sample = tuple[str, tuple[tuple[str, str], ...]]
EVERY = "+Inf"


class Tally:
    """Amounts by sample. Names that the catalogue does not have raise ``KeyError``; label values become ``other``."""

    def __init__(self) -> None:
        self._amounts: Counter[Sample] = Counter()
        self._observed: dict[Sample, float] = {}

    def __bool__(self) -> bool:
        return bool(self._amounts)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter; nothing for an amount of 0."""
        metric = _metric(name, Kind.counter)
        if amount < 0:
            raise ValueError(f"{name} cannot fall")
        if amount:
            self._amounts[f"{name}_total", _known(metric, labels)] += amount  # type: ignore[assignment]

    def observe(self, name: str, value: float, times: int = 1, **labels: str) -> None:
        """Add a value to a histogram, or so many that are alike."""
        metric = _metric(name, Kind.histogram)
        if not times:
            return
        known = _known(metric, labels)
        place = bisect_left(metric.bounds, value)
        bound = repr(metric.bounds[place]) if place < len(metric.bounds) else EVERY
        bucket = (f"{name}_bucket", (("le", bound), *known))
        self._amounts[bucket] += times
        self._observed[bucket] = value
        self._amounts[f"{name}_count", known] += times
        self._amounts[f"{name}_sum", known] += value * times  # type: ignore[assignment]

    def update(self, other: "Tally") -> None:
        """Add another one's amounts."""
        self._amounts.update(other._amounts)
        self._observed.update(other._observed)

    def samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Names, labels and amounts; a bucket's are those between its bound and the one below it."""
        for (name, labels), amount in self._amounts.items():
            yield name, dict(labels), amount

    def save(self, connection: Connection, trace: str | None = None) -> None:
        """Append the amounts, in the caller's transaction; ``trace`` is that of one event they were counted for."""
        if self._amounts:
            rows = [
                {
                    "sample": name,
                    "labels": dict(labels),
                    "amount": amount,
                    "trace": self._example((name, labels), trace),
                }
                for (name, labels), amount in self._amounts.items()
            ]
            connection.execute(
                text("""INSERT INTO metrics.amounts (sample, labels, amount, trace)
                        SELECT sample, labels, amount, trace
                        FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                             AS r (sample text, labels jsonb, amount double precision, trace jsonb)"""),
                {"rows": orjson.dumps(rows).decode()},
            )

    def _example(self, sample: Sample, trace: str | None) -> dict[str, object] | None:
        """What stands beside an amount: only counters and buckets may have it
        (https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars)."""
        if trace is None or not sample[0].endswith(("_total", "_bucket")):
            return None
        return {"id": trace, "value": self._observed.get(sample, self._amounts[sample]), "at": time.time()}


def fold(connection: Connection, most: int = 50_000) -> int:
    """Fold everything into totals, so many amounts a transaction; returns how many there were."""
    total = 0
    while True:
        with connection.begin():
            folded = int(connection.execute(text("SELECT metrics.fold(:most)"), {"most": most}).scalar_one())
        total += folded
        if folded < most:
            return total


def unfolded(connection: Connection) -> bool:
    """Whether there is an amount to fold."""
    with connection.begin():
        return bool(connection.execute(text("SELECT EXISTS (SELECT FROM metrics.amounts)")).scalar_one())


def _metric(name: str, kind: Kind) -> Metric:
    metric = BY_NAME[name]
    if metric.kind is not kind:
        raise KeyError(f"{name} is a {metric.kind}, not a {kind}")
    return metric


def _known(metric: Metric, labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    if labels.keys() != metric.labels.keys():
        raise KeyError(f"{metric.name} has the labels {', '.join(metric.labels) or 'none'}")
    return tuple((name, value if value in metric.labels[name] else OTHER) for name, value in sorted(labels.items()))
