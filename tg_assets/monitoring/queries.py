"""PromQL that panels are made of.

What does not belong here: which panel asks what.
"""

from collections.abc import Mapping

RATE = "$__rate_interval"
"""Grafana's word for the shortest window that has enough scrapes at the width of the panel."""
WINDOW = "10m"
"""Of quantiles, as in the alerts: work comes in bursts, and a short window mostly holds none."""

OUTCOMES: Mapping[str, str] = {"ok": "green", "skipped": "blue", "waiting": "orange", "failed": "red"}
"""Colors of what came of an item."""


def per_second(counter: str, *by: str) -> str:
    """How fast a counter grows, summed by labels."""
    return f"sum by ({', '.join(by)}) (rate({counter}[{RATE}]))"


def quantile(part: float, histogram: str, *by: str) -> str:
    """The value below which that part of what was observed lies; no series where nothing was."""
    return f"histogram_quantile({part}, sum by ({', '.join(('le', *by))}) (rate({histogram}_bucket[{WINDOW}]))) >= 0"
