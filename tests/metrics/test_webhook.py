"""Who is told elsewhere: signed, at least once, and nothing that is secret or private."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

import sensors.alerts
from sensors.alerts import Told, report_alerts, report_failed_runs, weigh
from tests.support import pipeline
from tests.support.receiver import Receiver, is_signed
from tests.support.receiver import receiver as receiver
from tg_assets.errors import TgAssetsError
from tg_assets.monitoring.health import Problem, judge
from tg_assets.monitoring.webhook import Alert, send, signed
from tg_assets.settings import Settings

SECRET = "sixteen-characters-at-least"
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALERT = Alert({"alertname": "BackendDown", "target": "redis"}, "redis does not answer.", "Look at it.", BEGAN)


def settings(receiver: Receiver) -> Settings:
    """Settings that tell it."""
    return Settings(alert_webhook=receiver.url, alert_secret=SECRET, dagster_url="http://dagster:3000")


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md."""
    secret, message, moment = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    body = b'{"test": 2432232314}'
    assert signed(body, secret, message, moment) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_arrives_is_what_alertmanager_sends(receiver: Receiver) -> None:
    over = Alert({"alertname": "DiskNearlyFull"}, "Full.", "Make room.", BEGAN, BEGAN.replace(hour=4))
    send(receiver.url, SECRET, [ALERT, over], "http://dagster:3000")
    ((headers, body),) = receiver.heard
    said = json.loads(body)
    assert (said["version"], said["status"], said["receiver"]) == ("4", "firing", "tg-assets")
    first, second = said["alerts"]
    assert first["labels"] == dict(ALERT.labels)
    assert (first["status"], first["startsAt"], first["endsAt"]) == (
        "firing", "2026-01-02T03:04:05Z", "0001-01-01T00:00:00Z",
    )  # fmt: skip
    assert (second["status"], second["endsAt"]) == ("resolved", "2026-01-02T04:04:05Z")
    assert first["fingerprint"] != second["fingerprint"]
    assert is_signed(headers, body, SECRET.encode())


def test_the_same_message_has_the_same_id(receiver: Receiver) -> None:
    for alerts in ([ALERT], [ALERT], [ALERT, ALERT]):
        send(receiver.url, SECRET, alerts)
    first, again, other = (headers["webhook-id"] for headers, _ in receiver.heard)
    assert first == again != other


@pytest.mark.parametrize("code", [301, 404, 500])
def test_a_refusal_names_no_secret(receiver: Receiver, code: int) -> None:
    receiver.codes.append(code)
    with pytest.raises(TgAssetsError, match=rf"127\.0\.0\.1 answered {code}") as raised:
        send(receiver.url, SECRET, [ALERT])
    assert "very-secret-path" not in str(raised.value)
    assert SECRET not in str(raised.value)


def test_nobody_there_names_no_secret() -> None:
    with pytest.raises(TgAssetsError, match="cannot be reached") as raised:
        send("http://127.0.0.1:9/very-secret-path", SECRET, [ALERT])
    assert "very-secret-path" not in str(raised.value)


def test_an_address_needs_a_secret_to_sign_with(receiver: Receiver) -> None:
    with pytest.raises(TgAssetsError, match="TG_ALERT_SECRET"):
        sensors.alerts.told_to(Settings(alert_webhook=receiver.url))
    shown = repr(settings(receiver))
    assert "very-secret-path" not in shown
    assert SECRET not in shown


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None, **resources: Any) -> Any:
    """One evaluation."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return sensor(context, **resources)


def failed(instance: dg.DagsterInstance, job: str) -> str:
    """A run that failed; its id."""
    run = instance.create_run_for_job(dg.JobDefinition(name=job, graph_def=dg.GraphDefinition(name=job)))
    instance.report_run_failed(run, "Jane wrote: hello")
    return run.run_id


def test_failed_runs_are_told_once_and_again_until_it_arrives(receiver: Receiver) -> None:
    given = settings(receiver)
    with pipeline.new_instance() as instance:
        failed(instance, "old_news")
        first = tick(report_failed_runs, instance, None, settings=given)
        run = failed(instance, "sweep")
        receiver.codes.append(500)
        with pytest.raises(TgAssetsError, match="answered 500"):
            tick(report_failed_runs, instance, first.cursor, settings=given)
        second = tick(report_failed_runs, instance, first.cursor, settings=given)
        third = tick(report_failed_runs, instance, second.cursor, settings=given)
        another = failed(instance, "tail")
        instance.add_run_tags(run, {"somebody": "looked"})
        tick(report_failed_runs, instance, third.cursor, settings=given)
    told = [(one["labels"]["job"], one["labels"]["run"]) for one in receiver.alerts()]
    assert told == [("sweep", run), ("sweep", run), ("tail", another)]
    assert {one["status"] for one in receiver.alerts()} == {"firing"}
    assert "Jane" not in str(receiver.heard)


def test_who_tells_nobody_remembers_no_old_news(receiver: Receiver) -> None:
    with pipeline.new_instance() as instance:
        silent = tick(report_failed_runs, instance, None, settings=Settings())
        failed(instance, "sweep")
        silent = tick(report_failed_runs, instance, silent.cursor, settings=Settings())
        tick(report_failed_runs, instance, silent.cursor, settings=settings(receiver))
    assert receiver.heard == []


def problem(name: str, lasts: float) -> Problem:
    return Problem(
        name, "critical", "It stands still.", "Push it.", "stream_oldest_seconds", {"stream": "posts:parsed"}, lasts
    )


def test_a_problem_is_told_when_it_lasts_and_when_it_is_over() -> None:
    slow, quick = problem("Slow", 120.0), problem("Quick", 0.0)
    alerts, seen = weigh([slow, quick], {}, 1000.0)
    assert [one.labels["alertname"] for one in alerts] == ["Quick"]
    alerts, seen = weigh([slow], seen, 1060.0)
    assert [(one.labels["alertname"], one.status) for one in alerts] == [("Quick", "resolved")]
    alerts, seen = weigh([slow], seen, 1120.0)
    assert [(one.labels["alertname"], one.status) for one in alerts] == [("Slow", "firing")]
    assert alerts[0].began.timestamp() == 1000.0
    assert weigh([slow], seen, 1180.0)[0] == []
    alerts, seen = weigh([], seen, 1240.0)
    assert [(one.status, one.ended.timestamp()) for one in alerts] == [("resolved", 1240.0)]
    assert seen == {}


def test_a_clock_that_was_set_back_keeps_nothing_from_being_told() -> None:
    """What was seen in the hour to come lasts from now on, and a run that fails now is new."""
    slow = problem("Slow", 120.0)
    _, seen = weigh([slow], {}, 4600.0)
    _, seen = weigh([slow], seen, 1000.0)
    assert [one.status for one in weigh([slow], seen, 1120.0)[0]] == ["firing"]
    told = Told.of(Told(4600.0, 4600.0, ["one"]).and_these([]), 1000.0)
    assert (told.began, told.until, told.runs) == (1000.0, 1000.0, ["one"])


def test_what_is_not_known_is_not_over() -> None:
    """Its server went away meanwhile."""
    _, seen = weigh([problem("Quick", 0.0)], {}, 1000.0)
    assert weigh([], seen, 1010.0, {"stream_oldest_seconds"}) == ([], seen)
    assert [one.status for one in weigh([], seen, 1020.0)[0]] == ["resolved"]


def test_one_that_was_never_told_is_not_told_to_be_over() -> None:
    _, seen = weigh([problem("Slow", 120.0)], {}, 1000.0)
    assert weigh([], seen, 1010.0) == ([], {})


def test_a_sensor_that_is_switched_off_is_told(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although every process lives; and it is told again until it arrives."""
    off: list[Any] = [("automation_on", {"name": "start_refresh"}, 0.0)]
    monkeypatch.setattr(sensors.alerts, "measure", lambda *_: (off, set()))
    given: dict[str, Any] = {"settings": settings(receiver), "postgres": None, "redis": None}
    (found,) = judge(off)
    with pipeline.new_instance() as instance:
        clock = iter([1000.0, 1000.0 + found.lasts, 1001.0 + found.lasts, 1002.0 + found.lasts, 1003.0 + found.lasts])
        monkeypatch.setattr(sensors.alerts, "time", SimpleNamespace(time=lambda: next(clock)))
        first = tick(report_alerts, instance, None, **given)
        receiver.codes.append(503)
        with pytest.raises(TgAssetsError):
            tick(report_alerts, instance, first.cursor, **given)
        second = tick(report_alerts, instance, first.cursor, **given)
        third = tick(report_alerts, instance, second.cursor, **given)
        off.clear()
        tick(report_alerts, instance, third.cursor, **given)
    assert [(one["labels"].get("name"), one["status"]) for one in receiver.alerts()] == [
        ("start_refresh", "firing"), ("start_refresh", "firing"), ("start_refresh", "resolved"),
    ]  # fmt: skip


def test_what_stands_still_is_measured(servers: dict[str, str], tenant: str, receiver: Receiver) -> None:
    from resources.postgres import Postgres
    from resources.redis import Redis

    redis = Redis(url=servers["TG_REDIS_URL"])
    postgres = Postgres(url=servers["TG_POSTGRES_URL"])
    with dg.instance_for_test() as instance:
        measured, unknown = sensors.alerts.measure(instance, postgres, redis, settings(receiver))
        found = {name for name, _, _ in measured}
        assert unknown == set()
        assert {"dirty_oldest_seconds", "stream_oldest_seconds", "automation_on"} <= found
        nowhere = Redis(url="redis://127.0.0.1:9/0")
        away = Postgres(url="postgresql+psycopg2://tg_app:x@127.0.0.1:9/x")
        for one, two, server in ((postgres, nowhere, "redis"), (away, redis, "postgres")):
            measured, unknown = sensors.alerts.measure(instance, one, two, settings(receiver))
            assert ("metrics_backend_up", {"target": server}, 0.0) in measured
            assert unknown == {*sensors.alerts.METRICS_OF[server]}
