"""Sensor ``find_gaps``: it says how many ids are missing and what brings them, or asks for it, not too often."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

from sensors.gaps import AGAIN_SECONDS, Found, Window, due, find_gaps, request, told, windows
from tests.live.support import Live
from tests.support import pipeline
from tg_assets.landing.holes import Hole
from tg_assets.registry.tenants import register
from tg_assets.runs.jobs import everything
from tg_assets.settings import load_settings

START, TODAY = date(2018, 1, 1), date(2026, 6, 1)
A = Window("t.a", date(2026, 3, 1), date(2026, 3, 2))
LATER = Window("t.a", date(2026, 4, 1), date(2026, 4, 2))
B, C, D = (Window(f"t.{name}", A.first, A.last) for name in "bcd")


def hole(feed: str, since: str, until: str) -> Hole:
    ends = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (since, until)]
    return Hole(feed, uuid4(), 3, 4, ends[0], ends[1])


def test_holes_of_the_same_days_are_one_window() -> None:
    found = [hole("t.a", "2026-03-01", "2026-03-02")] * 2 + [hole("t.b", "2026-03-01", "2026-03-02")]
    assert windows([*found, hole("t.a", "2010-01-01", "2010-01-02")], START, TODAY) == [A, B]


def test_one_window_per_feed_and_three_at_most() -> None:
    assert due([A, LATER, B, C, D], set(), {}, 1e9) == [A, B, C]


def test_a_feed_with_a_run_is_left_alone() -> None:
    assert due([A, LATER, B], {"t.a"}, {}, 1e9) == [B]


def test_a_window_is_not_asked_for_again_within_the_hour() -> None:
    """And those that were never asked for come first, so none waits for ever behind one that cannot be filled."""
    asked = {str(A): 1e9}
    assert due([A], set(), asked, 1e9 + AGAIN_SECONDS - 1) == []
    assert due([A], set(), asked, 1e9 + AGAIN_SECONDS) == [A]
    assert due([A, LATER], set(), asked, 1e9 + AGAIN_SECONDS) == [LATER]


def test_a_clock_that_was_set_back_leaves_no_window_unasked() -> None:
    assert due([A], set(), {str(A): 1e9 + 86_400}, 1e9) == [A]


def test_a_request_covers_the_window_as_a_range() -> None:
    """Another hour has another run key; before the first partition there is nothing."""
    asked = request(A, 0.0, START)
    assert asked.tags == {
        "dagster/asset_partition_range_start": "2026-03-01|t.a",
        "dagster/asset_partition_range_end": "2026-03-02|t.a",
        "tg/feed": "t.a",
    }
    assert asked.run_key != request(A, 3600.0, START).run_key
    assert asked.run_key == request(A, 3599.0, START).run_key


def test_what_is_said() -> None:
    assert told(Found(tenants=2), None, 2) == "no holes on the live path"
    assert told(Found(1, 1, 1), A, 1) == (
        "1 hole in 1 chat; e.g. `tg-assets backfill t.a 2026-03-01..2026-03-02` fills the first"
    )
    assert told(Found(1200, 3, 1), A, 4).startswith("1,200 holes in 3 chats; e.g. ")
    assert told(Found(tenants=1), None, 4).endswith("; looked at 1 of 4 tenants")


# -- the sensor


@pytest.fixture
def gap(live: Live) -> str:
    """A feed with a hole that has settled."""
    live.send(live.event(1), live.event(5, posted_at="2026-03-02T00:00:00Z"))
    live.drain()
    live.rows("UPDATE telegram_messages SET received_at = now() - interval '61 seconds' RETURNING 1")
    return f"{live.tenant}.live"


def tick(instance: dg.DagsterInstance, resources: dict[str, Any], cursor: str | None = None) -> dg.SensorResult:
    given = {"postgres": resources["postgres"], "settings": load_settings()}
    with dg.build_sensor_context(instance=instance, cursor=cursor, resources=given) as context:
        found = find_gaps(context)
    assert isinstance(found, dg.SensorResult)
    return found


def said(result: dg.SensorResult) -> str:
    assert result.skip_reason is not None
    return result.skip_reason.skip_message or ""


def test_it_suggests(resources: dict[str, Any], live: Live, gap: str) -> None:
    with pipeline.new_instance() as instance:
        assert said(tick(instance, resources)) == "no holes on the live path"
        register(instance, [gap])
        found = tick(instance, resources)
    assert not found.run_requests
    assert said(found) == (f"1 hole in 1 chat; e.g. `tg-assets backfill {gap} 2026-03-01..2026-03-02` fills the first")


def test_it_asks_when_told_to(resources: dict[str, Any], live: Live, gap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; and never beside a run of the feed."""
    monkeypatch.setenv("TG_GAP_BACKFILL", "auto")
    with pipeline.new_instance() as instance:
        register(instance, [gap])
        first = tick(instance, resources)
        (asked,) = first.run_requests or ()
        assert asked.tags["dagster/asset_partition_range_start"] == f"2026-03-01|{gap}"
        assert asked.tags["dagster/asset_partition_range_end"] == f"2026-03-02|{gap}"
        again = tick(instance, resources, first.cursor)
        assert not again.run_requests
        assert "1 hole in 1 chat" in said(again)
        assert again.cursor == first.cursor
        instance.add_run(dg.DagsterRun(everything.name, status=dg.DagsterRunStatus.STARTING, tags={"tg/feed": gap}))
        assert not tick(instance, resources).run_requests
