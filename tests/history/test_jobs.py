"""The jobs that ask Telegram for many chats at once, and the schedules that launch them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tests.telegram_server.entities import Channel, User
from tg_assets.definitions import build_defs
from tg_assets.errors import TgAssetsError
from tg_assets.registry.tenants import register
from tg_assets.runs.schedules import daily_sweep, frequent_fetch, hourly_catch_up
from tg_assets.settings import load_settings

Connect = Callable[[World], Loopback]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's memory, with schedules."""
    with pipeline.new_instance(in_memory=False) as found:
        yield found


@pytest.fixture
def reader(connect: Connect, instance: dg.DagsterInstance) -> Loopback:
    """An account that follows a channel of today and of last month, with a picture today, and has a private chat."""
    now = datetime.now(UTC)
    world = World(now - timedelta(days=40))
    me, friend = world.user("Me", username="me"), world.user("Friend")
    news = world.channel("News", [me], username="news")
    world.send(news, "long ago", date=now - timedelta(days=40))
    world.send(news, "today", date=now - timedelta(minutes=5))
    world.send(news, "a picture of today", media=world.photo(b"picture"), date=now - timedelta(minutes=4))
    world.send(me, "hello", sender=friend, date=now - timedelta(minutes=3))
    world.clock = now
    found = connect(world)
    found.log_in(me, "me")
    register(instance, found.follow().feeds)
    return found


def run(job: str, instance: dg.DagsterInstance, **config: Any) -> dg.ExecuteInProcessResult:
    """Run a job of the installation as the daemon would."""
    name = {
        "catch_up": "catch_up_feeds",
        "fetch": "fetch_files",
        "sweep": "sweep_chats",
        "sideload": "sideload_dialogs",
    }
    loggers = {"console": {"config": {"log_level": "CRITICAL"}}}
    return (
        build_defs()
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance,
            run_config={"loggers": loggers, **({"ops": {name[job]: {"config": config}}} if config else {})},
        )
    )


def tick(schedule: dg.ScheduleDefinition, instance: dg.DagsterInstance) -> Any:
    """What a schedule answers now."""
    # Left to the collector, the context would put Dagster's idea of the current instance back whenever it likes.
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=datetime.now(UTC),
        resources={"postgres": pipeline.postgres(), "settings": load_settings()},
    ) as context:
        return schedule(context)


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    """Partitions of ``telegram_messages`` that a run reported."""
    return {
        str(event.materialization.partition)
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("telegram_messages")
    }  # fmt: skip


def channel(loop: Loopback) -> Channel:
    (found,) = loop.world.channels.values()
    return found


def test_a_catch_up_reads_the_current_window(reader: Loopback, instance: dg.DagsterInstance) -> None:
    """What is new today comes in, is reported, and is left dirty for the refresh; history is a backfill's."""
    result = run("catch_up", instance)
    assert reader.stored() == [2, 3]
    feed = f"{reader.tenant}.news"
    assert materialized(result) == {f"{datetime.now(UTC):%Y-%m-%d}|{feed}"} or len(materialized(result)) == 2
    assert {row[0] for row in reader.rows("SELECT feed FROM dirty")} == {feed}
    assert not materialized(run("catch_up", instance))


def test_files_of_live_messages_are_fetched(reader: Loopback, instance: dg.DagsterInstance) -> None:
    """The schedule asks for a run when a message waits for its file, and for none afterwards."""
    assert isinstance(tick(frequent_fetch, instance), dg.SkipReason)
    run("catch_up", instance)
    assert isinstance(tick(frequent_fetch, instance), dg.RunRequest)
    run("fetch", instance)
    assert isinstance(tick(frequent_fetch, instance), dg.SkipReason)
    assert reader.scalar("SELECT media->0->>'size' FROM telegram_messages WHERE media <> '[]'") == "7"


def test_a_sweep_within_its_budget(reader: Loopback, instance: dg.DagsterInstance) -> None:
    """The job compares and reports what changed."""
    run("catch_up", instance)
    reader.world.delete(channel(reader).box.messages[2], announce=False)
    assert len(materialized(run("sweep", instance, requests=3))) == 1
    assert reader.stored() == [3]


def test_a_sideload_as_a_job(reader: Loopback, instance: dg.DagsterInstance) -> None:
    """The same as the command: feeds get their partitions, stats are the output's metadata."""
    result = run("sideload", instance, tenant=reader.tenant, types=["dm"])
    assert reader.stored("channel_id IN (SELECT id FROM channels WHERE source = 'dm')")
    assert f"{reader.tenant}.me-dm" in instance.get_dynamic_partitions("feeds")
    (output,) = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    assert output.step_output_data.metadata["dm_messages"].value == 1
    with pytest.raises(TgAssetsError, match="dm or group"):
        run("sideload", instance, tenant=reader.tenant, types=["channel"])


def test_an_account_in_trouble_does_not_stop_other_tenants(reader: Loopback, instance: dg.DagsterInstance) -> None:
    """The run fails at its end, with a sentence, after what could be read was read."""
    other = Loopback(reader.world, reader.server, pipeline.new_tenant())
    me: User = next(iter(reader.world.users.values()))
    other.log_in(me, "me")
    register(instance, other.follow().feeds)
    reader.rows("UPDATE accounts SET flood_until = now() + interval '9 hours', flood_method = 'GetHistory' RETURNING 1")
    with pytest.raises(dg.Failure, match=r"asks account me to wait until .* \(GetHistory\)"):
        run("catch_up", instance)
    assert other.stored() == [2, 3]
    assert reader.stored() == []


def test_schedules_skip_where_nobody_reads(servers: dict[str, str], instance: dg.DagsterInstance) -> None:
    """Without an account there are no runs, and the tick says what to do."""
    register(instance, [f"{pipeline.new_tenant()}.feed"])
    for schedule in (hourly_catch_up, daily_sweep):
        skipped = tick(schedule, instance)
        assert isinstance(skipped, dg.SkipReason)
        assert "tg-assets login" in str(skipped.skip_message)


def test_schedules_run_where_somebody_reads(reader: Loopback, instance: dg.DagsterInstance) -> None:
    """One account of one tenant is enough."""
    assert isinstance(tick(hourly_catch_up, instance), dg.RunRequest)
