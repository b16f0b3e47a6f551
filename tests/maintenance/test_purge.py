"""What is old leaves Dagster's event log, and nothing that anybody needs: counts of rows, never times."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import Connection

from tests.maintenance.past import FINE, Past, run
from tg_assets.stores import dagster_log
from tg_assets.stores.dagster_database import dagster_database
from tg_assets.stores.dagster_log import Before, purge

NOW = datetime.now(UTC)
EVALUATED = """SELECT count(*) FROM asset_check_executions
               WHERE NOT EXISTS (SELECT FROM event_logs e WHERE e.id = evaluation_event_storage_id)"""
FEEDS = ["a.one", "a.two", "a.three", "b.one", "b.two"]
Forget = Callable[[Sequence[str]], object]


def ago(days: float) -> datetime:
    """A moment in the past."""
    return NOW - timedelta(days=days)


def before(now: datetime = NOW) -> Before:
    """Thirty and ninety days."""
    return Before(now - timedelta(days=30), now - timedelta(days=90))


def purged(connection: Connection, now: datetime = NOW, forget: Forget = len) -> Counter[str]:
    """Purge to the end; what went."""
    return sum(purge(connection, before(now), forget), Counter())


def test_a_year_of_nights_does_not_grow(past: Past, connection: Connection) -> None:
    """Three runs and an evaluation a day, a purge a night: from the hundredth night on no table grows."""
    past.instance.add_dynamic_partitions("feeds", FEEDS)
    nights = []
    for day in range(365, 0, -1):
        feeds = [FEEDS[(3 * day + place) % len(FEEDS)] for place in range(3)]
        past.add(past.made, [(feed, ago(day)) for feed in feeds[:2]])
        past.add(past.failed, [(feeds[2], ago(day))])
        past.add(past.runless, [(feeds[0], ago(day))])
        purged(connection, ago(day) + timedelta(hours=1))
        nights.append(past.sizes())
    assert nights[20]["event_logs"] > nights[10]["event_logs"], "it would grow"
    assert {tuple(night.items()) for night in nights[100:]} == {tuple(nights[-1].items())}
    ended = nights[-1]
    assert ended["runs"] == 3 * 90
    assert ended["event_logs"] < nights[29]["event_logs"] * 2


@pytest.fixture
def needed(past: Past) -> dict[str, list[str]]:
    """Old runs by what is needed of them, and some of which nothing is."""
    past.instance.add_dynamic_partitions("feeds", [*FEEDS, "never"])
    found = {
        "replaced": past.add(past.made, [("a.one", ago(400)), ("a.one", ago(200)), ("a.two", ago(60))]),
        "newest": past.add(past.made, [("a.two", ago(50)), ("a.three", ago(300))]),
        "failed for good": past.add(past.failed, [("b.one", ago(300))]),
        "failed and made": [
            *past.add(past.failed, [("b.two", ago(280))]), *past.add(past.made, [("b.two", ago(270))])
        ],
        "going on": past.add(past.made, [("b.two", ago(200))], status="STARTED"),
        "waiting": past.add(past.made, [("a.one", ago(150))], status="QUEUED"),
    }  # fmt: skip
    past.add(past.runless, [("", ago(day)) for day in (140, 130, 120)])
    return found | {"now": [run(past.instance, "a.one")]}


def test_what_is_needed_stays(past: Past, connection: Connection, needed: dict[str, list[str]]) -> None:
    """Partitions, their status, who made them, checks and lists of keys are the same; what goes on is untouched."""
    facts = past.facts([*FEEDS, "never"])
    assert {one and one.name for one in facts["status"].values()} == {"MATERIALIZED", "FAILED", None}
    assert all(facts["makers"].values())
    untouched = past.events([*needed["going on"], *needed["waiting"], *needed["now"]])
    had = past.sizes()
    removed = purged(connection)
    assert past.facts([*FEEDS, "never"]) == facts
    assert past.events([*needed["going on"], *needed["waiting"], *needed["now"]]) == untouched
    left = past.sizes()
    assert removed["events"] == had["event_logs"] - left["event_logs"] > 0
    assert removed["runs"] == had["runs"] - left["runs"] > 0
    assert removed["evaluations"] == had["asset_check_executions"] - left["asset_check_executions"] > 0
    assert not purged(connection).total(), "nothing is left to remove"


def test_what_is_not_needed_goes(past: Past, connection: Connection, needed: dict[str, list[str]]) -> None:
    """Old runs of which nothing is the newest, and how others went; not how a run of last month ended."""
    forgotten: list[str] = []
    purged(connection, forget=forgotten.extend)
    there = {run for (run,) in past.rows("SELECT run_id FROM runs")}
    assert not there & set(needed["replaced"][:2])
    assert set(needed["replaced"][2:]) <= there, "it is younger than ninety days"
    assert set(forgotten) == {one for those in needed.values() for one in those} - there
    kinds = {
        kind
        for (kind,) in past.rows(
            "SELECT dagster_event_type FROM event_logs WHERE run_id = :run", run=needed["newest"][0]
        )
    }
    assert {"PIPELINE_START", "PIPELINE_SUCCESS", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION"} <= kinds
    assert not {kind for kind in kinds if kind is None or kind.startswith(("STEP_", "ENGINE", "RESOURCE", "LOGS"))}
    (lonely,) = past.rows("SELECT count(*) FROM run_tags WHERE run_id NOT IN (SELECT run_id FROM runs)")
    (tags,) = past.rows("SELECT count(*) FROM asset_event_tags WHERE event_id NOT IN (SELECT id FROM event_logs)")
    (evaluated,) = past.rows(EVALUATED)
    assert lonely == tags == evaluated == (0,)


def test_the_last_result_of_a_check_stays_though_later_runs_failed(past: Past, connection: Connection) -> None:
    """And so do the runs: the one that evaluated it, and the one that meant to."""
    runs = past.add(past.made, [("a.one", ago(400)), ("a.one", ago(300))])
    runs += past.add(past.failed, [("a.one", ago(200))])
    storage = past.instance.event_log_storage
    said = storage.get_asset_check_summary_records([FINE])[FINE]
    assert said.last_check_execution_record != said.last_completed_check_execution_record
    assert purged(connection)["runs"] == 1
    assert storage.get_asset_check_summary_records([FINE])[FINE] == said
    assert {run for (run,) in past.rows("SELECT run_id FROM runs")} == set(runs[1:])


def test_runs_of_a_backfill_that_goes_on_stay(past: Past, connection: Connection) -> None:
    (old,) = past.add(past.failed, [("a.one", ago(300))])
    past.add(past.failed, [("a.one", ago(1))])
    past.rows("UPDATE runs SET backfill_id = 'backfill' WHERE run_id = :run RETURNING 1", run=old)
    past.rows(
        "INSERT INTO bulk_actions (key, status, timestamp) VALUES ('backfill', 'REQUESTED', :at) RETURNING 1",
        at=ago(300),
    )
    assert not purged(connection)["runs"]
    past.rows("UPDATE bulk_actions SET status = 'COMPLETED_SUCCESS' RETURNING 1")
    assert purged(connection)["runs"] == 1


def test_batches_are_bounded(past: Past, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dagster_log, "ROWS", 30)
    monkeypatch.setattr(dagster_log, "RUNS", 4)
    past.add(past.made, [("a.one", ago(300 - number)) for number in range(20)])
    past.add(past.made, [("a.one", ago(1))])
    batches = list(purge(connection, before(), len))
    assert len(batches) > 10
    assert max(one["runs"] for one in batches) == 4
    assert all(one["events"] <= 30 for one in batches if "runs" not in one)
    assert past.sizes()["runs"] == 1


def die_after(url: str, batches: int, in_forget: bool) -> None:
    """Purge in small batches, and be killed between two of them or when a batch of runs is about to be committed."""
    dagster_log.ROWS, dagster_log.RUNS = 30, 4

    def kill(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with dagster_database(url) as connection:
        for number, _ in enumerate(purge(connection, before(), kill if in_forget else len), 1):
            if number == batches:
                kill()


@pytest.mark.parametrize("in_forget", [False, True])
def test_what_is_killed_is_finished_by_the_next(
    past: Past, connection: Connection, dagster_url: str, needed: dict[str, list[str]], in_forget: bool
) -> None:
    facts, had = past.facts(FEEDS), past.sizes()
    process = multiprocessing.get_context("spawn").Process(
        target=die_after, args=(dagster_url, 10**9 if in_forget else 4, in_forget)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    between = past.sizes()
    assert between["event_logs"] < had["event_logs"]
    assert between["runs"] == had["runs"]
    forgotten: list[str] = []
    removed = purged(connection, forget=forgotten.extend)
    assert removed["runs"] == len(forgotten) == had["runs"] - past.sizes()["runs"] > 0
    assert past.facts(FEEDS) == facts
    assert not purged(connection).total()


def test_an_empty_log_is_nothing_to_do(connection: Connection, instance: dg.DagsterInstance) -> None:
    assert not purged(connection).total()
