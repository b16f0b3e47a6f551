"""Dashboards as values, and the JSON that Grafana reads them from.

Panels flow from left to right into rows of 24 columns. What does not belong here: which dashboards there are
(``dashboards``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
SCHEMA_VERSION = 39
"""Of Grafana 10.3; later ones bring it up to theirs when they load it."""
COLUMNS = 24
UNKNOWN = "#808080"
Json = dict[str, Any]


class Kind(StrEnum):
    """Visualizations, by Grafana's names for them."""

    series = "timeseries"
    stat = "stat"
    alerts = "alertlist"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how a series of it is called: text with ``{{label}}`` in it."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """``steps`` are colors by the value from which on they hold, a number's being green from 0 on; ``words`` what a
    value is shown as, with its color; ``colors`` those of series, by name. ``nothing`` is said where there is no
    series. A list of alerts asks for their labels (``alerts``) instead of having queries.
    """

    title: str
    description: str
    queries: tuple[Query, ...] = ()
    unit: str = "short"
    kind: Kind = Kind.series
    width: int = 8
    height: int = 7
    steps: Mapping[float, str] = field(default_factory=dict)
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    colors: Mapping[str, str] = field(default_factory=dict)
    names_only: bool = False
    nothing: str = ""
    alerts: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading; without one when it is empty."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``uid`` is what its address has, and the name of its file."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in their order."""
        return tuple(panel for row in self.rows for panel in row.panels)


def model(dashboard: Dashboard) -> Json:
    """A dashboard as Grafana has it."""
    return {
        "uid": dashboard.uid, "title": dashboard.title, "description": dashboard.description, "tags": ["tg-assets"],
        "schemaVersion": SCHEMA_VERSION, "editable": True, "graphTooltip": 1, "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"}, "refresh": "30s",
        "links": [{
            "type": "dashboards", "title": "tg-assets", "tags": ["tg-assets"], "asDropdown": False, "keepTime": True,
        }],
        "panels": [{"id": number, **panel} for number, panel in enumerate(_placed(dashboard), 1)],
    }  # fmt: skip


def _placed(dashboard: Dashboard) -> Iterator[Json]:
    top = 0
    for row in dashboard.rows:
        if row.title:
            yield {"type": "row", "title": row.title, "collapsed": False, "panels": [], "gridPos": _grid(0, top, 24, 1)}
            top += 1
        left = tallest = 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            yield {**_panel(panel), "gridPos": _grid(left, top, panel.width, panel.height)}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _grid(x: int, y: int, w: int, h: int) -> Json:
    return {"x": x, "y": y, "w": w, "h": h}


def _panel(panel: Panel) -> Json:
    made: Json = {"type": panel.kind.value, "title": panel.title, "description": panel.description}
    if panel.kind is Kind.alerts:
        return made | {"options": _alert_list(panel)}
    return made | {
        "datasource": DATASOURCE,
        "targets": [_target(panel, number) for number in range(len(panel.queries))],
        "fieldConfig": {
            "defaults": _defaults(panel) | ({"custom": _drawn(panel)} if panel.kind is Kind.series else {}),
            "overrides": [_override(name, color) for name, color in panel.colors.items()],
        },
        "options": _stat(panel) if panel.kind is Kind.stat else _SERIES,
    }


def _target(panel: Panel, number: int) -> Json:
    # A stat that asked for a range would show the last value of a series that is no more.
    instant = panel.kind is Kind.stat
    query = panel.queries[number]
    return {
        "refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": query.expr, "legendFormat": query.legend,
        "instant": instant, "range": not instant,
    }  # fmt: skip


def _defaults(panel: Panel) -> Json:
    words = {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(panel.words.items())
    }
    made: Json = {
        "unit": panel.unit, "min": 0,
        "color": {"mode": "palette-classic" if panel.kind is Kind.series else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
        "mappings": [{"type": "value", "options": words}] if words else [],
    }  # fmt: skip
    return made | ({"noValue": panel.nothing} if panel.nothing else {})


def _steps(panel: Panel) -> list[Json]:
    # The first has no value: it holds below all others, and where there is no number.
    if panel.kind is Kind.stat:
        base, steps = UNKNOWN, {0: "green", **panel.steps}
    else:
        base, steps = "transparent", dict(panel.steps)
    return [{"color": base, "value": None}, *({"color": color, "value": at} for at, color in sorted(steps.items()))]


def _drawn(panel: Panel) -> Json:
    return {
        "drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": False,
        "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
    }  # fmt: skip


def _override(name: str, color: str) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
    }


_SERIES = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


def _stat(panel: Panel) -> Json:
    # Where it is left to Grafana, a single series loses its name, also where the others are merely missing.
    said = "name" if panel.names_only else "value_and_name" if panel.words else "auto"
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background", "graphMode": "none", "justifyMode": "auto", "orientation": "auto",
        "textMode": said,
    }  # fmt: skip


def _alert_list(panel: Panel) -> Json:
    return {
        "viewMode": "list", "groupMode": "default", "groupBy": [], "maxItems": 20, "sortOrder": 3, "alertName": "",
        "alertInstanceLabelFilter": panel.alerts, "dashboardAlerts": False, "showInactiveAlerts": False,
        "stateFilter": {"firing": True, "pending": True, "error": True, "noData": False, "normal": False},
    }  # fmt: skip
