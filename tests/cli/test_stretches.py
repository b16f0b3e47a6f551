"""A range is backfilled by stretches, the newest first."""

from datetime import date, timedelta

import pytest

from tg_assets import partitions
from tg_assets.cli.stretches import MOST, stretches, told
from tg_assets.partitions import date_key, keys_between
from tg_assets.settings import Grain


@pytest.fixture(params=list(Grain))
def grain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Grain:
    chosen: Grain = request.param
    monkeypatch.setattr(partitions, "grain", lambda: chosen)
    return chosen


def keys(first: str, last: str) -> list[str]:
    return keys_between(date_key(date.fromisoformat(first)), date_key(date.fromisoformat(last)))


@pytest.mark.parametrize("last", ["2026-02-28", "2026-03-31", "2026-07-15", "2024-02-29"])
@pytest.mark.parametrize("days", [1, 20, 62, 63, 100, 1000, 3000, 10_000])
def test_every_window_is_in_one_stretch_the_newest_first(grain: Grain, days: int, last: str) -> None:
    wanted = keys((date.fromisoformat(last) - timedelta(days=days - 1)).isoformat(), last)
    found = stretches(wanted)
    assert [key for part in reversed(found) for key in part] == wanted
    assert all(found)
    assert len(found) <= MOST


def test_stretches_are_months_and_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "grain", lambda: Grain.day)
    assert [told(part) for part in stretches(keys("2018-01-01", "2025-12-31"))] == [
        "2025-12-01..2025-12-31", "2025-10-01..2025-11-30", "2025-06-01..2025-09-30", "2024-10-01..2025-05-31",
        "2023-06-01..2024-09-30", "2020-10-01..2023-05-31", "2018-01-01..2020-09-30",
    ]  # fmt: skip
    assert [told(part) for part in stretches(keys("2025-01-15", "2025-03-31"))] == [
        "2025-03-01..2025-03-31", "2025-01-15..2025-02-28",
    ]  # fmt: skip


def test_of_weeks_and_months_the_newest_whole_ones_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "grain", lambda: Grain.week)
    assert [told(part) for part in stretches(keys("2025-01-05", "2025-04-05"))] == [
        "2025-03-09..2025-04-05", "2025-01-12..2025-03-08", "2025-01-05..2025-01-11",
    ]  # fmt: skip
    monkeypatch.setattr(partitions, "grain", lambda: Grain.month)
    assert [told(part) for part in stretches(keys("2025-01-01", "2025-04-20"))] == [
        "2025-04-01..2025-04-30", "2025-02-01..2025-03-31", "2025-01-01..2025-01-31",
    ]  # fmt: skip


def test_a_short_range_stays_whole(grain: Grain) -> None:
    for first, last in (("2025-03-30", "2025-03-30"), ("2025-03-03", "2025-03-31"), ("2024-02-01", "2024-03-31")):
        assert stretches(keys(first, last)) == [keys(first, last)] or grain is Grain.week
    assert len(stretches(keys("2025-02-02", "2025-03-29"))) == 1
