"""Chores of a night: each does its own, whatever becomes of the others."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from resources.redis import Redis
from tests.maintenance.past import QUIET, Past
from tests.support import pipeline
from tg_assets import ids
from tg_assets.definitions import build_defs
from tg_assets.doors import tokens
from tg_assets.doors.oauth import grants
from tg_assets.embedder import UseEmbedder
from tg_assets.events.streams import GROUP
from tg_assets.metrics.tally import Tally
from tg_assets.registry.channels import register_tenant
from tg_assets.registry.tenants import register
from tg_assets.runs.schedules import hourly_tidying, nightly_maintenance
from tg_assets.settings import Settings, load_settings
from tg_assets.stores.vectors import DENSE

STREAM = "stream:posts:parsed"
CHORES = {
    "purge_event_log", "remove_expired_points", "trim_embeddings", "remove_ended_grants", "trim_streams",
    "fold_metrics", "vacuum_tables",
}  # fmt: skip
DIMENSION = 512


@pytest.fixture
def redis(servers: dict[str, str]) -> Iterator[Any]:
    """The session's Redis, empty."""
    server = pipeline.redis()
    server.flushall()
    yield server
    server.flushall()


def work(instance: dg.DagsterInstance, job: str = "maintenance", **overrides: Any) -> dg.ExecuteInProcessResult:
    """Run a job of the installation as the daemon would."""
    defs = build_defs(resource_overrides=overrides)
    return defs.resolve_job_def(job).execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False)


def counts(result: dg.ExecuteInProcessResult, chore: str) -> dict[str, Any]:
    """What a chore reported."""
    (output,) = [one for one in result.all_events if one.is_successful_output and one.step_key == chore]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def failed(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Chores that failed, and why."""
    return {
        str(event.step_key): event.step_failure_data.error_display_string
        for event in result.all_events
        if event.is_step_failure
    }


def count_something(tenant: str) -> None:
    """Append an amount."""
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        tally = Tally()
        tally.count("albums_parsed", status="ok")
        tally.save(connection)


def amounts() -> int:
    """Amounts that are not folded."""
    with pipeline.postgres().connection() as connection:
        return int(connection.execute(text("SELECT count(*) FROM metrics.amounts")).scalar_one())


def fill(redis: Any, entries: int, days: int) -> None:
    """Entries of so many days ago that the group has acknowledged."""
    seconds, _ = redis.time()
    for number in range(entries):
        redis.xadd(STREAM, {"data": b"{}"}, id=f"{(seconds - days * 86_400) * 1000}-{number + 1}")
    redis.xgroup_create(STREAM, GROUP, id="0")
    ((_, read),) = redis.xreadgroup(GROUP, "somebody", {STREAM: ">"}, count=entries)
    redis.xack(STREAM, GROUP, *(entry_id for entry_id, _ in read))


def point(tenant: str, ends: datetime | None) -> Any:
    """A point of a tenant."""
    payload = {"tenant_id": str(ids.tenant_id(tenant)), "expires_at": ends and ends.isoformat()}
    return {"id": str(uuid4()), "vector": {DENSE: [0.5] * DIMENSION}, "payload": payload}


def ending(*tenants: str) -> None:
    """Three points a tenant: one whose time is over, one whose time will be, and one without."""
    now = datetime.now(UTC)
    pipeline.qdrant().create_collection(UseEmbedder())
    for tenant in tenants:
        with pipeline.qdrant().tenant(ids.tenant_id(tenant)) as index:
            index.upsert(
                [point(tenant, now - timedelta(hours=1)), point(tenant, now + timedelta(hours=1)), point(tenant, None)]
            )


def give(*tenants: str) -> None:
    """A token of each that was given to an assistant, for which the first's did not ask in time."""
    database = pipeline.postgres()
    for slug in tenants:
        with database.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
            token = tokens.make(connection, register_tenant(connection, slug), "given")
        assert grants.give(database, token, "client", "https://assistant.example/", "challenge")
    with database.tenant(ids.tenant_id(tenants[0])) as session, session.transaction() as connection:
        connection.execute(text("UPDATE oauth_grants SET expires_at = now()"))


def test_a_tenants_expired_points_go_and_the_others_stay(tenant: str) -> None:
    other = pipeline.new_tenant()
    ending(tenant, other)
    with pipeline.qdrant().tenant(ids.tenant_id(tenant)) as index:
        ended = index.expired(datetime.now(UTC))
        assert len(ended) == 1
        index.delete(ended)
        assert index.expired(datetime.now(UTC)) == []
    assert (pipeline.points(tenant), pipeline.points(other)) == (2, 3)


def test_a_night(past: Past, redis: Any, tenant: str, tmp_path: Path) -> None:
    """Everything at once, through the job: what it found is told in numbers, and a second night finds nothing."""
    other = pipeline.new_tenant()
    register(past.instance, [f"{tenant}.feed", f"{other}.feed"])
    now = datetime.now(UTC)
    old, newest = past.add(past.made, [("a.one", now - timedelta(days=days)) for days in (300, 200)])
    kept = tmp_path / "storage" / newest / "compute_logs"
    gone = tmp_path / "storage" / old / "compute_logs"
    for directory in (kept, gone):
        directory.mkdir(parents=True)
        (directory / "thing.out").write_text("said")
    ending(tenant, other)
    fill(redis, 40, days=2)
    count_something(tenant)
    give(tenant, other)
    result = work(past.instance)
    assert result.success, failed(result)
    purged = counts(result, "purge_event_log")
    assert purged["runs"] == 1
    assert purged["events"] > 20
    assert (kept / "thing.out").exists()
    assert not gone.exists()
    assert counts(result, "remove_expired_points") == {"points": 2, "tenants": 2}
    assert counts(result, "trim_embeddings") == {"vectors": 0, "tenants": 2}
    assert counts(result, "remove_ended_grants") == {"grants": 1, "tenants": 2}
    assert counts(result, "trim_streams")["entries"] == 40
    assert redis.xlen(STREAM) == 0
    assert counts(result, "fold_metrics")["amounts"] >= 1
    assert amounts() == 0
    again = work(past.instance)
    assert again.success, failed(again)
    assert counts(again, "purge_event_log") == {"events": 0, "evaluations": 0, "runs": 0}
    assert counts(again, "remove_expired_points")["points"] == counts(again, "trim_streams")["entries"] == 0


def test_settings_say_what_is_old(past: Past, redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    past.add(past.failed, [("a.one", now - timedelta(days=days)) for days in (12, 10)])
    past.add(past.failed, [("a.one", now)])
    assert counts(work(past.instance), "purge_event_log")["runs"] == 0
    monkeypatch.setenv("TG_RUNS_KEEP", "11")
    monkeypatch.setenv("TG_EVENT_LOG_KEEP", "5")
    found = counts(work(past.instance), "purge_event_log")
    assert found["runs"] == 1
    assert found["events"] > 20
    with pytest.raises(ValueError, match="runs_keep"):
        Settings(runs_keep=0)


def test_a_purge_ends_when_its_time_is_over(past: Past, redis: Any) -> None:
    """What it did is done; the rest is for the next night."""
    past.add(past.failed, [("a.one", datetime.now(UTC) - timedelta(days=days)) for days in (300, 1)])
    config = {**QUIET, "ops": {"purge_event_log": {"config": {"budget_seconds": 1e-9}}}}
    job = build_defs().resolve_job_def("maintenance")
    first = job.execute_in_process(instance=past.instance, run_config=config)
    assert counts(first, "purge_event_log")["runs"] == 0
    assert counts(work(past.instance), "purge_event_log")["runs"] == 1


def test_a_chore_that_fails_does_not_stop_the_others(past: Past, redis: Any, tenant: str) -> None:
    """A server that is away costs its own chore; the run says which failed and why."""
    past.add(past.failed, [("a.one", datetime.now(UTC) - timedelta(days=days)) for days in (300, 1)])
    count_something(tenant)
    result = work(past.instance, redis=Redis(url="redis://127.0.0.1:9/0"))
    assert not result.success
    assert failed(result).keys() == {"trim_streams"}
    assert "Connection" in failed(result)["trim_streams"]
    assert {event.step_key for event in result.all_events if event.is_step_success} == CHORES - {"trim_streams"}
    assert counts(result, "purge_event_log")["runs"] == 1
    assert amounts() == 0
    (end,) = [event.message for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
    assert "trim_streams" in (end or "")


def test_one_bad_stream_does_not_stop_the_others(past: Past, redis: Any) -> None:
    fill(redis, 40, days=2)
    redis.set("stream:posts:tagged", "no stream")
    result = work(past.instance, "tidy")
    assert failed(result).keys() == {"trim_streams"}
    assert "stream:posts:tagged" in failed(result)["trim_streams"]
    assert redis.xlen(STREAM) == 0


def vacuumed(url: str) -> set[str]:
    """Tables that somebody cleaned by hand."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        found = "SELECT relname FROM pg_stat_user_tables WHERE last_vacuum > now() - interval '5 minutes'"
        return set(connection.execute(text(found)).scalars())


def test_tables_are_cleaned_where_the_role_may(
    past: Past, redis: Any, dagster_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's by their owner; ours by theirs, or not at all, which is told and is no failure."""
    owner = os.environ["TG_POSTGRES_OWNER_URL"]
    monkeypatch.delenv("TG_POSTGRES_OWNER_URL")
    limited = work(past.instance)
    assert limited.success, failed(limited)
    found = counts(limited, "vacuum_tables")
    assert {"event_logs", "runs"} <= vacuumed(dagster_url)
    assert found["dagster_tables"] > 20
    assert (found["our_tables"], found["dagster_tables_left"]) == (0, 0)
    assert found["our_tables_left"] > 30
    messages = [
        record.event_log_entry.user_message for record in past.instance.get_records_for_run(limited.run_id).records
    ]
    assert any("TG_POSTGRES_OWNER_URL" in message for message in messages)
    monkeypatch.setenv("TG_POSTGRES_OWNER_URL", owner)
    found = counts(work(past.instance), "vacuum_tables")
    assert found["our_tables_left"] == 0
    assert found["our_tables"] > 30
    assert {"posts", "group_messages", "tenants", "amounts"} <= vacuumed(owner)


def test_schedules_are_on_and_the_hourly_one_asks_only_for_work(redis: Any, tenant: str, past: Past) -> None:
    for schedule in (nightly_maintenance, hourly_tidying):
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert isinstance(nightly_maintenance(), dg.RunRequest)

    def tick() -> Any:
        return hourly_tidying(
            postgres=pipeline.postgres(), redis=Redis(url=os.environ["TG_REDIS_URL"]), settings=load_settings()
        )

    assert work(past.instance, "tidy").success
    skipped = tick()
    assert isinstance(skipped, dg.SkipReason)
    assert "nothing" in (skipped.skip_message or "")
    count_something(tenant)
    assert isinstance(tick(), dg.RunRequest)
    assert counts(work(past.instance, "tidy"), "fold_metrics") == {"amounts": 1}
    fill(redis, 1, days=2)
    assert isinstance(tick(), dg.RunRequest)
    assert counts(work(past.instance, "tidy"), "trim_streams")["entries"] == 1
    assert isinstance(tick(), dg.SkipReason)
