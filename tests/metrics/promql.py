"""What PromQL asks for, as far as it can be compared with the list of metrics."""

import re
from collections.abc import Iterator, Mapping

from tg_assets.metrics.catalogue import METRICS, OTHER, Kind

SUFFIXES = {Kind.counter: ("_total",), Kind.gauge: ("",), Kind.histogram: ("_bucket", "_sum", "_count")}
Labels = Mapping[str, tuple[str, ...]]
ANYTHING: tuple[str, ...] = ()
KNOWN: dict[str, Labels] = {
    metric.name + suffix: {**metric.labels, **({"le": ANYTHING} if suffix == "_bucket" else {})}
    for metric in METRICS
    for suffix in SUFFIXES[metric.kind]
}
# Prometheus' own.
OWN: dict[str, Labels] = {
    "up": {"job": ("tg-assets",)},
    "ALERTS": {
        "alertstate": ("firing", "pending"), "severity": ("warning", "critical"),
        **dict.fromkeys(("alertname", "target", "name", "stream", "stage", "outcome"), ANYTHING),
    },
}  # fmt: skip
_SELECTOR = re.compile(r"""
    "[^"]*"                                         # a string
    | \[ [^\]]* \]                                  # a window
    | \b (?:by|on) \s* \( (?P<by>[^)]*) \)          # labels
    | \b (?P<name>[A-Za-z_]\w*) (?P<where>\{[^}]*\})? (?P<call>\s*(?=\(|by\b))?
""", re.VERBOSE)  # fmt: skip
_MATCHER = re.compile(r'(\w+)\s*!?=\s*"([^"]*)"')


def selectors(expr: str) -> Iterator[tuple[str, str]]:
    """Names of samples, each with its matchers in braces."""
    for found in _SELECTOR.finditer(expr):
        if found["name"] and found["call"] is None and found["name"] not in ("or", "and", "unless"):
            yield found["name"], found["where"] or ""


def grouped(expr: str) -> set[str]:
    """Labels by which an expression groups or joins."""
    return {label.strip() for found in _SELECTOR.finditer(expr) for label in (found["by"] or "").split(",")} - {""}


def faults(expr: str) -> list[str]:
    """What the metrics do not have: names, labels and values of labels."""
    found, labels = [], set[str]()
    for name, where in selectors(expr):
        known = (KNOWN | OWN).get(name)
        if known is None:
            found.append(f"no metric {name}")
            continue
        labels |= known.keys()
        for label, value in _MATCHER.findall(where):
            if label not in known:
                found.append(f"{name} has no label {label}")
            elif known[label] and value not in (*known[label], OTHER):
                found.append(f"{label} of {name} is never {value}")
    return found + [f"nothing has a label {label}" for label in sorted(grouped(expr) - labels)]
