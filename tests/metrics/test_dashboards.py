"""Dashboards ask for what there is, fit on the screen, and are those that were committed."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard

from tests.metrics.promql import KNOWN, SUFFIXES, faults, grouped, selectors
from tests.metrics.test_alerts import RULES, promtool
from tests.support.data import ROOT
from tg_assets.metrics.catalogue import METRICS
from tg_assets.monitoring import health
from tg_assets.monitoring.dashboards import DASHBOARDS, DIRECTORY, files, write
from tg_assets.monitoring.grafana import COLUMNS, DATASOURCE, Dashboard, Kind, Panel, model
from tg_assets.settings import load_settings

GRAFANA, PROMETHEUS = ROOT / "deploy" / "grafana", RULES.with_name("prometheus.yml")
PANELS = [(dashboard, panel) for dashboard in DASHBOARDS for panel in dashboard.panels]
each_panel = pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=[f"{d.uid}: {p.title}" for d, p in PANELS])


def test_dashboards_do_not_drift() -> None:
    """``python -m tg_assets.monitoring.dashboards`` was run after the last change of a panel."""
    assert {path.name: path.read_bytes() for path in (ROOT / DIRECTORY).glob("*.json")} == files()


def test_writing_removes_what_is_no_more(tmp_path: Any) -> None:
    (tmp_path / "old.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"tg-assets.json", "album-pipeline.json"}


def test_albums_have_the_eight_panels_of_the_contract() -> None:
    (albums,) = (one for one in DASHBOARDS if one.uid == "album-pipeline")
    asked = [{name for query in panel.queries for name, _ in selectors(query.expr)} for panel in albums.panels]
    assert asked == [
        {"albums_parsed_total"}, {"albums_assembled_total"}, {"album_assembly_lag_seconds_bucket"},
        {"albums_in_progress", "album_items_count_gauge"}, {"album_items_count_gauge"},
        {"album_aggregation_duration_ms_bucket"}, {"album_vision_summary_size_bytes_bucket"}, set(),
    ]  # fmt: skip
    assert albums.panels[-1].kind is Kind.alerts
    assert albums.panels[-1].alerts == '{component="album_assembler"}'


@each_panel
def test_a_panel_asks_for_what_there_is(dashboard: Dashboard, panel: Panel) -> None:
    assert bool(panel.queries) != (panel.kind is Kind.alerts)
    for query in panel.queries:
        assert faults(query.expr) == []
        labels = grouped(query.expr) or {label for name, _ in selectors(query.expr) for label in KNOWN.get(name, ())}
        assert set(re.findall(r"\{\{(\w+)\}\}", query.legend)) <= labels
        assert query.legend, "a series without a name is shown as its query"


@each_panel
def test_a_panel_says_what_it_is(dashboard: Dashboard, panel: Panel) -> None:
    assert panel.title
    assert panel.unit
    assert re.fullmatch(r"[A-Z][^.]+\.", panel.description), "one sentence"


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("sum(album_parsed_total)", ["no metric album_parsed_total"]),
        ("rate(albums_parsed[5m])", ["no metric albums_parsed"]),
        ("stage_chunk_seconds", ["no metric stage_chunk_seconds"]),
        ('albums_parsed_total{outcome="ok"}', ["albums_parsed_total has no label outcome"]),
        ('albums_parsed_total{status!="error"}', ["status of albums_parsed_total is never error"]),
        ("sum by (stage) (rate(albums_parsed_total[5m])) > 0", ["nothing has a label stage"]),
        ('dead_letters or label_replace(vector(0), "stage", "none", "", "") unless on () dead_letter',
         ["no metric dead_letter"]),
        ('sum by (le, stage) (rate(stage_chunk_seconds_bucket{stage="tags"}[10m])) and on () dead_letters > 1e3', []),
    ],
)  # fmt: skip
def test_a_wrong_name_is_seen(expr: str, said: list[str]) -> None:
    assert faults(expr) == said


def test_every_metric_is_shown() -> None:
    """What nobody looks at need not be measured."""
    shown = {name for _, panel in PANELS for query in panel.queries for name, _ in selectors(query.expr)}
    for metric in METRICS:
        assert shown & {metric.name + suffix for suffix in SUFFIXES[metric.kind]}, metric.name


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_panels_lie_side_by_side(dashboard: Dashboard) -> None:
    panels = model(dashboard)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    cells = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in panels)
    ]
    assert all(0 <= x < COLUMNS for cell in cells for x, _ in cell)
    assert not any(one & other for one, other in combinations(cells, 2))
    lines = {y for cell in cells for _, y in cell}
    assert len(set[tuple[int, int]]().union(*cells)) == COLUMNS * len(lines), "no hole"


def test_now_is_now() -> None:
    """A number is asked for at this moment: of a range the last one would be shown, however old."""
    for dashboard in DASHBOARDS:
        for panel in model(dashboard)["panels"]:
            for target in panel.get("targets", ()):
                assert target["instant"] is (panel["type"] == "stat")
                assert target["range"] is not target["instant"]
                assert target["datasource"] == panel["datasource"] == DATASOURCE


@pytest.mark.parametrize("rule", health.rules(), ids=lambda rule: rule.name)
def test_a_value_is_coloured_as_its_alert(rule: health.Rule) -> None:
    """Orange or red just beyond the bound, wherever it has a color."""
    where = ",".join(f'{name}="{value}"' for name, value in rule.labels.items())
    sample = (rule.metric, f"{{{where}}}" if where else "")
    beyond = {">": rule.bound * 1.001 or 1, "<": rule.bound * 0.999, "==": rule.bound}[rule.compare]
    shown = [
        (panel.words[int(beyond)][1] if panel.words else panel.steps[max(at for at in panel.steps if at <= beyond)])
        for _, panel in PANELS
        if (panel.steps or panel.words) and any(sample in selectors(query.expr) for query in panel.queries)
    ]
    assert set(shown) == {{"warning": "orange", "critical": "red"}[rule.severity]}


def test_prometheus_and_grafana_fit_together() -> None:
    assert "SUCCESS" in promtool("check", "config", str(PROMETHEUS))
    prometheus = yaml.safe_load(PROMETHEUS.read_text())
    (job,) = prometheus["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{load_settings().metrics_port}"]}]
    assert prometheus["rule_files"] == [RULES.name]
    (source,) = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "tg-assets.yml").read_text())["providers"]
    variable = provider["options"]["path"].removeprefix("$")
    assert f"{variable}=$PWD/{DIRECTORY}" in (ROOT / "docs" / "operating.md").read_text("utf-8")


@pytest.mark.parametrize("name", files())
def test_grafana_knows_every_option(name: str) -> None:
    """Its own models drop what they do not know; those of lists of alerts know no options at all."""
    register_default_plugins()
    made = json.loads(files()[name])
    known = json.loads(JSONEncoder(sort_keys=True).encode(GrafanaDashboard.from_json(made)))
    assert list(lost(made, known)) == []
    made["panels"][0]["options"]["colourMode"] = "background"
    known = json.loads(JSONEncoder(sort_keys=True).encode(GrafanaDashboard.from_json(made)))
    assert list(lost(made, known)) == [".panels.0.options.colourMode"]


def lost(made: Any, known: Any, at: str = "") -> Iterator[str]:
    """Places of what only the first has; nothing and empty are alike."""
    if isinstance(made, list):
        made, known = dict(enumerate(made)), dict(enumerate(known or ()))
    if isinstance(made, dict):
        for key, value in made.items():
            yield from lost(value, (known or {}).get(key), f"{at}.{key}")
    elif made != known:
        yield at
