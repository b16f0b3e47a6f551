"""When the sensors ask for runs: by what waits and which runs are not over."""

import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

import sensors.dirty
import sensors.runs
import sensors.tail
from resources.run_launcher import WatchedRunLauncher
from sensors.dirty import Work
from sensors.runs import active_runs
from sensors.tail import BACKLOG, CALM_SECONDS, Need, wanted
from tests.support import pipeline
from tests.support.waiting import wait_for
from tg_assets.runs.live_runs import TAIL_TAG

STARTED, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED
NOW = 1e9
READ, STAND_BY = Need(0, standby=False), Need(0, standby=True)


def run(shard: int, age: float | None) -> Any:
    """A run that has been going on for so long; None: it is still starting."""
    return SimpleNamespace(
        dagster_run=SimpleNamespace(tags={TAIL_TAG: str(shard)}), start_time=None if age is None else NOW - age
    )


@pytest.mark.parametrize(
    ("ages", "needs"),
    [
        ([], [READ]),
        ([None], []),
        ([CALM_SECONDS - 1], []),
        ([CALM_SECONDS], [STAND_BY]),
        ([CALM_SECONDS, None], []),
        ([CALM_SECONDS, CALM_SECONDS], []),
    ],
)
def test_a_shard_needs_a_reader_and_then_one_that_stands_by(ages: list[float | None], needs: list[Need]) -> None:
    assert wanted([0], [run(0, age) for age in ages], NOW) == needs


def test_shards_need_runs_of_their_own() -> None:
    assert wanted([0, 1], [run(0, None)], NOW) == [Need(1, standby=False)]


def test_nobody_is_needed_without_traffic_and_no_second_run_in_a_backlog() -> None:
    assert [count for count in (0, 1, BACKLOG) if READ.now(count)] == [1, BACKLOG]
    assert [count for count in (0, 1, BACKLOG) if STAND_BY.now(count)] == [1]


def test_a_run_that_died_is_noticed_within_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors.tail, "RUNS_SECONDS", 0.0)
    answers = iter([[], [], [READ]])
    assert sensors.tail.first_work(lambda: next(answers), lambda _: 7, time.monotonic() + 60) == {READ: 7}
    assert sensors.tail.first_work(list, lambda _: 7, time.monotonic()) == {}


def test_a_run_whose_process_is_gone_is_not_going_on(servers: dict[str, str]) -> None:
    """Whatever its status says; one that has just begun is waited for, and one that only waits has no process yet."""
    from tg_assets.stores.database import engine
    from tg_assets.stores.run_lock import alive, living

    lives, gone, new, queued = (str(uuid4()) for _ in range(4))
    records = [
        SimpleNamespace(
            dagster_run=SimpleNamespace(run_id=one, status=status), start_time=age and time.time() - age
        )
        for one, status, age in (
            (lives, STARTED, 600.0), (gone, STARTED, 600.0), (new, STARTED, 1.0), (queued, QUEUED, None)
        )
    ]  # fmt: skip
    instance: Any = SimpleNamespace(get_run_records=lambda _: records)
    with pipeline.postgres().connection() as connection, alive(engine(servers["TG_POSTGRES_URL"]), lives):
        wait_for("its name", lambda: living(connection, [lives, gone]) == {lives}, pause=0.05)
        found = [one.dagster_run.run_id for one in active_runs(instance, "tail", connection)]
    assert found == [lives, new, queued]
    with pipeline.postgres().connection() as connection:
        assert living(connection, [lives]) == set()


def test_monitoring_ends_runs_whose_process_is_gone(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = WatchedRunLauncher()
    run: Any = SimpleNamespace(run_id=str(uuid4()))
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    with monkeypatch.context() as patch:  # it may still show that it lives
        patch.setenv("TG_POSTGRES_URL", "postgresql+psycopg2://nobody:x@127.0.0.1:9/x")
        patch.setattr("resources.run_launcher.GONE_SECONDS", 0.0)
        assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    monkeypatch.setattr("resources.run_launcher.GONE_SECONDS", 0.0)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.FAILED


def test_dirty_partitions_wait_for_the_run_that_is_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors.dirty, "RUNS_SECONDS", 0.0)
    running, found = iter([True, True, False]), iter([Work(), Work(partitions=2)])
    work = sensors.dirty.first_work(lambda: next(running, False), lambda: next(found), time.monotonic() + 60)
    assert work == Work(partitions=2)
    assert not sensors.dirty.first_work(lambda: True, lambda: Work(partitions=2), time.monotonic())


@pytest.mark.parametrize(("failed", "seconds"), [(0, 0.0), (1, 0.0), (2, 3.0), (3, 13.0), (4, 58.0), (9, 58.0)])
def test_after_failures_a_refresh_rests(failed: int, seconds: float) -> None:
    """The newest one ended two seconds ago; a success in between makes up for all before it."""
    fail, success = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
    runs = [(fail, NOW - 2 - number) for number in range(failed)]
    assert sensors.runs.rest(runs, NOW) == seconds
    assert sensors.runs.rest([*runs, (success, 0.0), (fail, 0.0)], NOW) == seconds
    assert sensors.runs.rest([(success, NOW), *runs], NOW) == 0.0
    assert sensors.runs.rest(runs, NOW + 60) == 0.0


@pytest.mark.parametrize(("failed", "most"), [(1, 0.0), (2, 5.0), (9, 60.0)])
def test_a_clock_that_was_set_back_makes_no_refresh_wait(failed: int, most: float) -> None:
    """The last run ended in an hour that is still to come."""
    runs = [(dg.DagsterRunStatus.FAILURE, NOW + 3600 - number) for number in range(failed)]
    assert sensors.runs.rest(runs, NOW) == most
