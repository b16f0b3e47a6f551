"""Whether everything moves, by what was measured just now and the thresholds of the alerts.

The alerts' file is the one list of what may be wrong: those that compare one measured value with a number are judged
here as well, without the time that Prometheus lets them last. What does not belong here: measuring.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import yaml

from tg_assets.monitoring.gauges import Gauge
from tg_assets.shipped import shipped

Values = Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]
"""By metric and labels."""


class Status(StrEnum):
    """``degraded``: something wants to be looked at; ``unhealthy``: something does not move."""

    healthy = "healthy"
    degraded = "degraded"
    unhealthy = "unhealthy"


@dataclass(frozen=True, slots=True)
class Problem:
    """An alert's name and what it says."""

    name: str
    severity: str
    summary: str
    description: str
    metric: str
    labels: Mapping[str, str]
    lasts: float
    """Seconds that it has to last before somebody is told."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``metric`` (of these labels, by ``divisor``) compared with a number."""

    name: str
    severity: str
    summary: str
    description: str
    metric: str
    labels: Mapping[str, str]
    divisor: str | None
    compare: str
    bound: float
    lasts: float

    def judge(self, values: Values) -> Iterator[Problem]:
        """One problem for each series that is beyond the bound."""
        for series, measured in values.get(self.metric, {}).items():
            labels = dict(series)
            if any(labels.get(name) != value for name, value in self.labels.items()):
                continue
            whole = values.get(self.divisor, {}).get((), 0.0) if self.divisor else 1.0
            if whole and _COMPARE[self.compare](measured / whole, self.bound):
                summary, description = (
                    _filled(one, labels, measured / whole) for one in (self.summary, self.description)
                )
                yield Problem(self.name, self.severity, summary, description, self.metric, labels, self.lasts)


_COMPARE = {">": float.__gt__, "<": float.__lt__, "==": float.__eq__}
_SIMPLE = re.compile(
    r"(?:avg_over_time\()?(?P<metric>\w+)(?:\{(?P<label>\w+)=\"(?P<value>\w+)\"\})?(?:\[1m\]\))?"
    r"(?: / (?P<divisor>\w+))? "
    r"(?P<compare>>|<|==) (?P<bound>[\d.e]+)"
)


def _seconds(span: str) -> float:
    """Of ``30s`` or ``5m``."""
    return float(span[:-1]) * {"s": 1, "m": 60, "h": 3600}[span[-1]]


@cache
def rules() -> Sequence[Rule]:
    """The alerts that a single look can judge."""
    groups = yaml.safe_load(shipped("deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    found = []
    for alert in (rule for group in groups for rule in group["rules"]):
        simple = _SIMPLE.fullmatch(alert["expr"].strip())
        if simple:
            labels = {simple["label"]: simple["value"]} if simple["label"] else {}
            said = alert["annotations"]
            found.append(
                Rule(
                    name=alert["alert"], severity=alert["labels"]["severity"], summary=said["summary"],
                    description=said["description"], metric=simple["metric"], labels=labels,
                    divisor=simple["divisor"], compare=simple["compare"], bound=float(simple["bound"]),
                    lasts=_seconds(alert.get("for", "0s")),
                )
            )  # fmt: skip
    return found


def judge(gauges: Iterable[Gauge]) -> list[Problem]:
    """What is wrong now, the worst first."""
    values: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for name, labels, value in gauges:
        values.setdefault(name, {})[tuple(sorted(labels.items()))] = float(value)
    found = [problem for rule in rules() for problem in rule.judge(values)]
    return sorted(found, key=lambda problem: problem.severity != "critical")


def status_of(problems: Iterable[Problem]) -> Status:
    """The worst of them."""
    severities = {problem.severity for problem in problems}
    if "critical" in severities:
        return Status.unhealthy
    return Status.degraded if severities else Status.healthy


def detailed(gauges: Sequence[Gauge]) -> dict[str, Any]:
    """Servers, streams, stages, partitions and sensors as they are now, and what is wrong, for a machine to read."""
    problems = judge(gauges)
    said: dict[str, Any] = {
        "status": status_of(problems),
        "problems": [
            {"name": one.name, "severity": one.severity, "said": one.summary, "mend": one.description}
            for one in problems
        ],
        "servers": {}, "automations": {}, "streams": {}, "stages": {}, "measured": {},
    }  # fmt: skip
    for name, labels, value in gauges:
        match name, *labels.values():
            case "metrics_backend_up", target:
                said["servers"][target] = bool(value)
            case "automation_on", which:
                said["automations"][which] = bool(value)
            case "stage_oldest_seconds", stage:
                said["stages"].setdefault(stage, {})["oldest_seconds"] = value
            case _, _, outcome if "stage" in labels:
                kind = "oldest_seconds" if name.endswith("_seconds") else "items"
                said["stages"].setdefault(labels["stage"], {}).setdefault(outcome, {})[kind] = value
            case _, stream if "stream" in labels:
                said["streams"].setdefault(stream, {})[name.removeprefix("stream_")] = value
            case _:
                said["measured"]["_".join([name, *labels.values()])] = value
    return said


def _filled(text: str, labels: Mapping[str, str], value: float) -> str:
    """An alert's sentence with what Prometheus would put into it."""
    forms = {"humanizeDuration": _span(value), "humanizePercentage": f"{100 * value:.4g}%"}

    def shown(found: "re.Match[str]") -> str:
        what, _, form = (part.strip() for part in found[1].partition("|"))
        return labels.get(what.removeprefix("$labels."), "") if "." in what else forms.get(form, f"{value:g}")

    return re.sub(r"\{\{(.*?)\}\}", shown, text)


def _span(seconds: float) -> str:
    """Two units, as Prometheus' humanizeDuration has them."""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (left, "s"))
    first = next((place for place, (number, _) in enumerate(parts) if number), 3)
    return " ".join(f"{number}{unit}" for number, unit in parts[first:])
