"""Health by the thresholds of the alerts: what is wrong now, and what to do about it."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
import yaml

from tests.metrics.test_alerts import RULES
from tg_assets.metrics.catalogue import BY_NAME
from tg_assets.monitoring.gauges import Gauge, Seen, gathered
from tg_assets.monitoring.health import Status, detailed, judge, rules, status_of
from tg_assets.monitoring.page import Counted
from tg_assets.stores.database import Database

# By alert, what is wrong and what is not.
CASES: dict[str, tuple[Gauge, Gauge]] = {
    "BackendDown": (("metrics_backend_up", {"target": "redis"}, 0.0), ("metrics_backend_up", {"target": "redis"}, 1.0)),
    "StreamNotRead": (
        ("stream_oldest_seconds", {"stream": "posts:parsed"}, 301.0),
        ("stream_oldest_seconds", {"stream": "posts:parsed"}, 300.0),
    ),
    "StageFailing": (
        ("stage_unsettled_items", {"stage": "tags", "outcome": "failed"}, 1.0),
        ("stage_unsettled_items", {"stage": "tags", "outcome": "failed"}, 0.0),
    ),
    "LaneSwitchedOff": (("automation_on", {"name": "start_tail"}, 0.0), ("automation_on", {"name": "start_tail"}, 1.0)),
    "TokensNearlySpent": (("token_budget_left_ratio", {}, 0.05), ("token_budget_left_ratio", {}, 1.0)),
}


def test_every_alert_on_one_measured_value_is_judged() -> None:
    """Those that need a rate, a quantile or an absence are Prometheus' alone."""
    alone = {
        "AlbumAssemblyLagHigh", "AlbumAssemblyLagCritical", "AlbumAssemblerNoActivity", "AlbumAssemblyRateLow",
        "AlbumAssemblyErrorRateHigh", "AlbumAggregationDurationHigh", "MetricsMissing", "DeadLetters",
    }  # fmt: skip
    every = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    assert {rule.name for rule in rules()} == every - alone
    for rule in rules():
        assert rule.metric in BY_NAME
        assert set(rule.labels) <= set(BY_NAME[rule.metric].labels)


@pytest.mark.parametrize("name", CASES)
def test_a_threshold_is_that_of_the_alert(name: str) -> None:
    wrong, right = CASES[name]
    assert [problem.name for problem in judge([wrong])] == [name]
    assert judge([right]) == []


def test_a_ratio_is_judged_by_both_of_its_values() -> None:
    size: Gauge = ("disk_size_bytes", {}, 1000.0)
    assert [one.name for one in judge([("disk_free_bytes", {}, 99.0), size])] == ["DiskNearlyFull"]
    assert judge([("disk_free_bytes", {}, 100.0), size]) == []


def test_what_fails_and_what_waits_are_told_apart() -> None:
    labels = {"stage": "tags", "outcome": "waiting"}
    assert [one.name for one in judge([("stage_unsettled_items", labels, 3.0)])] == ["StageWaiting"]


@pytest.mark.parametrize(
    ("gauge", "said"),
    [
        (CASES["BackendDown"][0], "redis does not answer."),
        (("dirty_oldest_seconds", {}, 7265.0), "A partition that live traffic changed has waited for 2h 1m 5s."),
        (("token_budget_left_ratio", {}, 0.05), "5% of a tenant's tokens of today are left."),
        (("albums_miscounted", {}, 3.0), "3 albums say another number of items than they have."),
    ],
)
def test_a_problem_is_told_as_prometheus_tells_it(gauge: Gauge, said: str) -> None:
    assert [problem.summary for problem in judge([gauge])] == [said]


def test_the_worst_problem_decides() -> None:
    critical, warning = CASES["StreamNotRead"][0], CASES["StageFailing"][0]
    assert status_of(judge([])) is Status.healthy
    assert status_of(judge([warning])) is Status.degraded
    assert status_of(judge([warning, critical])) is Status.unhealthy
    assert [one.name for one in judge([warning, critical])] == ["StreamNotRead", "StageFailing"]


def test_details_are_by_what_they_are_of() -> None:
    behind = ("stage_oldest_seconds", {"stage": "tags"}, 12.0)
    said = detailed([*(wrong for wrong, _ in CASES.values()), ("dirty_partitions", {}, 4.0), behind])
    assert said["servers"] == {"redis": False}
    assert said["automations"] == {"start_tail": False}
    assert said["streams"] == {"posts:parsed": {"oldest_seconds": 301.0}}
    assert said["stages"] == {"tags": {"failed": {"items": 1.0}, "oldest_seconds": 12.0}}
    assert said["measured"] == {"token_budget_left_ratio": 0.05, "dirty_partitions": 4.0}
    assert len(said["problems"]) == len(CASES)


def test_a_server_that_hangs_does_not_answer() -> None:
    """Before whoever asks it has given up; what it said earlier is not told again. And once it answers it does."""
    answers, asked = threading.Event(), threading.Event()

    def hang() -> tuple[Gauge, ...]:
        asked.set()
        assert answers.wait(60)
        return ()

    seen = Seen(lambda: (("dirty_partitions", {}, 3.0),), 60, patience=0.0)
    seen.look()
    assert seen.ok
    assert seen.values
    seen._measure = hang
    seen.begin()
    assert asked.wait(60)
    assert not seen.ok
    assert not seen.values
    answers.set()
    while seen._asked is not None:
        time.sleep(0.01)
    assert seen.ok


def test_what_could_not_be_measured_is_told() -> None:
    """Not that everything moves."""

    def broken() -> tuple[Gauge, ...]:
        raise KeyError("what was being looked at")

    parts = {"waiting": Seen(broken, 60), "disk": Seen(lambda: (), 60)}
    for seen in parts.values():
        seen.look()
    said = detailed(gathered({}, parts, 0.0))
    assert said["status"] == "degraded"
    assert [one["said"] for one in said["problems"]] == ["What is measured of waiting is not known."]


def test_a_database_that_hangs_holds_up_no_page() -> None:
    """Counters are left out meanwhile; each scrape asks once more only when the last question is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        counted = Counted(Database(url=f"postgresql+psycopg2://tg_app:x@{address}/x"))
        threads = threading.active_count()
        assert [counted.get(0.05) for _ in range(3)] == [None] * 3
        assert threading.active_count() == threads + 1
    assert Counted(Database(url="postgresql+psycopg2://tg_app:x@127.0.0.1:9/x")).get(60.0) is None


def ask(address: str) -> tuple[int, Any]:
    """Status and body of an answer."""
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if error.headers["Content-Type"] == "application/json" else body.decode()


def test_the_page_says_503_when_a_server_is_away(page: str) -> None:
    base = page.removesuffix("/metrics")
    code, short = ask(f"{base}/health")
    assert (code, short["status"], set(short)) == (503, "unhealthy", {"status", "version"})
    code, long = ask(f"{base}/health/detailed")
    assert code == 503
    assert long["servers"] == {"postgres": True, "redis": False}
    assert long["measured"]["measured_ok_disk"] == 1
    assert [(one["name"], one["said"]) for one in long["problems"]] == [("BackendDown", "redis does not answer.")]
    assert "secret words" not in json.dumps(long)
    assert ask(f"{base}/elsewhere")[0] == 404
