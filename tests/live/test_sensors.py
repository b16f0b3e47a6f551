"""When the sensors ask for runs: by what waits and which runs are not over."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

import sensors.dirty
import sensors.tail
from sensors.dirty import Work
from sensors.tail import BACKLOG, CALM_SECONDS, Need, wanted
from tg_assets.live_runs import TAIL_TAG

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


def test_dirty_partitions_wait_for_the_run_that_is_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors.dirty, "RUNS_SECONDS", 0.0)
    running, found = iter([True, True, False]), iter([Work(), Work(partitions=2)])
    work = sensors.dirty.first_work(lambda: next(running, False), lambda: next(found), time.monotonic() + 60)
    assert work == Work(partitions=2)
    assert not sensors.dirty.first_work(lambda: True, lambda: Work(partitions=2), time.monotonic())
