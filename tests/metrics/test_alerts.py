"""Every alert fires, is silent and clears: Prometheus' own tool on made-up series, a sample a minute."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.metrics.promql import faults, selectors
from tests.support.data import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
PROMTOOL = ROOT / ".venv" / "prometheus" / "usr" / "bin" / "promtool"
ALBUMS = (
    "AlbumAssemblyLagHigh", "AlbumAssemblyLagCritical", "AlbumItemsCountMismatch", "AlbumAssemblerNoActivity",
    "AlbumStateBacklogHigh", "AlbumAssemblyRateLow", "AlbumAssemblyErrorRateHigh", "AlbumAggregationDurationHigh",
)  # fmt: skip

# Series by alert, for an hour of calm, one of trouble and one of calm; the alert is looked at when each is nearly over.
Series = dict[str, str]
CALM, TROUBLE, AGAIN = "55m", "115m", "175m"


def gauge(calm: float, trouble: float) -> str:
    """A value in trouble, another before and after."""
    return f"{calm}x59 {trouble}x59 {calm}x60"


def counter(calm: float, trouble: float) -> str:
    """What is added each minute in trouble, and before and after."""
    return f"0+{calm}x59 {60 * calm}+{trouble}x59 {60 * (calm + trouble)}+{calm}x60"


def slow(name: str, bound: float, beyond: float) -> Series:
    """A histogram whose values are below one bound, and in trouble between it and another."""
    return {
        f'{name}_bucket{{le="{bound}"}}': counter(10, 0),
        f'{name}_bucket{{le="{beyond}"}}': counter(10, 10),
        f'{name}_bucket{{le="+Inf"}}': counter(10, 10),
    }


PENDING = 'album_items_count_gauge{status="pending"}'
ASSEMBLED = 'albums_assembled_total{status="ok"}'
CASES: dict[str, Series] = {
    "AlbumAssemblyLagHigh": slow("album_assembly_lag_seconds", 300.0, 600.0),
    "AlbumAssemblyLagCritical": slow("album_assembly_lag_seconds", 600.0, 1800.0),
    "AlbumItemsCountMismatch": {"albums_miscounted": gauge(0, 2)},
    "AlbumAssemblerNoActivity": {PENDING: gauge(5, 5), ASSEMBLED: counter(1, 0)},
    "AlbumStateBacklogHigh": {PENDING: gauge(400, 600)},
    "AlbumAssemblyRateLow": {
        PENDING: gauge(5, 5), ASSEMBLED: counter(10, 4), 'albums_parsed_total{status="ok"}': counter(10, 10),
    },
    "AlbumAssemblyErrorRateHigh": {
        ASSEMBLED: counter(100, 90), 'albums_assembled_total{status="failed"}': counter(1, 10),
    },
    "AlbumAggregationDurationHigh": slow("album_aggregation_duration_ms", 5000.0, 30000.0),
    "MetricsMissing": {'metrics_backend_up{target="redis"}': "1x59 _x60 1x60"},
    "BackendDown": {'metrics_backend_up{target="redis"}': gauge(1, 0)},
    "StreamNotRead": {'stream_oldest_seconds{stream="posts:parsed"}': gauge(2, 400)},
    "PartitionsNotRefreshed": {"dirty_oldest_seconds": gauge(20, 1000)},
    "EventsNotSent": {"outgoing_oldest_seconds": gauge(1, 700)},
    "DeadLetters": {"dead_letters": "7x59 7+1x58 65x180"},
    "ReceiverGivenUp": {"receivers_given_up": gauge(0, 1)},
    "StageFailing": {'stage_unsettled_items{stage="tags",outcome="failed"}': gauge(0, 3)},
    "StageWaiting": {'stage_unsettled_items{stage="tags",outcome="waiting"}': gauge(0, 3)},
    "NotMeasured": {'measured_ok{part="waiting"}': gauge(1, 0)},
    "LaneSwitchedOff": {'automation_on{name="start_tail"}': gauge(1, 0)},
    "RunsFailing": {"failed_runs": gauge(0, 2)},
    "ChatsQuiet": {"quiet_chats": gauge(0, 1)},
    "MessagesMissing": {"live_holes": gauge(0, 4)},
    "AccountMustWait": {"flood_wait_seconds": gauge(30, 3000)},
    "AccountStopped": {"accounts_stopped": gauge(0, 1)},
    "SessionUnused": {"session_unused_seconds": gauge(100, 8_000_000)},
    "TokensNearlySpent": {"token_budget_left_ratio": gauge(0.5, 0.05)},
    "CertificateEnds": {'certificate_left_seconds{target="redis"}': gauge(5_000_000, 500_000)},
    "EventLogGrows": {"event_log_rows": gauge(1_000_000, 21_000_000)},
    "DiskNearlyFull": {"disk_free_bytes": gauge(50, 5), "disk_size_bytes": gauge(100, 100)},
}  # fmt: skip


def rules() -> list[dict[str, Any]]:
    """All rules of the file."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def promtool(*arguments: str) -> str:
    """What the tool says; it must be content."""
    done = subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_well_formed() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", str(RULES))


def test_the_albums_alerts_are_those_of_the_contract() -> None:
    groups = {group["name"]: group["rules"] for group in yaml.safe_load(RULES.read_text())["groups"]}
    assert tuple(rule["alert"] for rule in groups["album_pipeline"]) == ALBUMS
    assert {rule["labels"]["component"] for rule in groups["album_pipeline"]} == {"album_assembler"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    assert list(selectors(rule["expr"]))
    assert faults(rule["expr"]) == []


def test_every_rule_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("alert", [rule["alert"] for rule in rules()])
def test_an_alert_fires_and_clears(alert: str, tmp_path: Path) -> None:
    series = [{"series": name, "values": values} for name, values in CASES[alert].items()]
    moments = ((CALM, False), ("185m" if alert == "DeadLetters" else AGAIN, False), (TROUBLE, True))
    for moment, fires in moments:
        assert is_firing(alert, series, moment, tmp_path) is fires, moment


@pytest.mark.parametrize(("away", "fires"), [("0", False), ("0x1", True)])
def test_a_server_that_is_away_for_a_minute_is_told_and_a_slow_answer_is_not(
    away: str, fires: bool, tmp_path: Path
) -> None:
    """It is seen to be away for two looks at least: a minute, less what it takes to see it."""
    series = [{"series": 'metrics_backend_up{target="objects"}', "values": f"1x8 {away} 1x8"}]
    told = [is_firing("BackendDown", series, f"{15 * look}s", tmp_path, "15s") for look in range(18)]
    assert any(told) is fires
    assert not told[-1]


def is_firing(alert: str, series: list[dict[str, str]], moment: str, folder: Path, interval: str = "1m") -> bool:
    """Whether an alert fires: a test that expects none fails exactly then."""
    said = folder / "test.yml"
    test = {
        "interval": interval, "input_series": series,
        "alert_rule_test": [{"eval_time": moment, "alertname": alert, "exp_alerts": []}],
    }  # fmt: skip
    said.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": interval, "tests": [test]}))
    done = subprocess.run([str(PROMTOOL), "test", "rules", str(said)], capture_output=True, text=True)
    assert "parse error" not in done.stdout + done.stderr
    if done.returncode:
        assert f"alertname: {alert}" in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode != 0
