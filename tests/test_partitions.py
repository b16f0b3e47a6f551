"""Windows of dates are computed here and by Dagster: both must mean the same ones."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tg_assets import partitions
from tg_assets.assets.partitioning import dates_definition
from tg_assets.errors import TgAssetsError
from tg_assets.partitions import date_key, first_key, keys_between, window
from tg_assets.settings import Grain, Settings


@pytest.fixture(params=list(Grain))
def grain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Grain:
    chosen: Grain = request.param
    monkeypatch.setattr(partitions, "grain", lambda: chosen)
    return chosen


@pytest.mark.parametrize("start", [date(2023, 12, day) for day in (1, 2, 3, 4, 9, 31)])
def test_keys_and_windows_are_those_of_dagster(grain: Grain, start: date) -> None:
    """Whatever day of a week or month is the first: across a new year, and a leap day."""
    expected = dates_definition(Settings(start_date=start, grain=grain))
    now = datetime(2024, 3, 20, 12, tzinfo=UTC)
    keys = list(expected.get_partition_keys(current_time=now))
    assert keys_between(first_key(start), date_key(now)) == keys
    for key in keys:
        found = expected.time_window_for_partition_key(key)
        assert window(key) == (found.start.astimezone(UTC), found.end.astimezone(UTC))


def test_every_moment_is_in_the_window_of_its_key(grain: Grain) -> None:
    """And the windows of all days touch without overlapping."""
    moment = datetime(2023, 12, 30, 23, 59, 59, tzinfo=UTC)
    ends = set()
    for _ in range(100):
        since, until = window(date_key(moment))
        assert since <= moment < until
        assert window(moment.date().isoformat()) == (since, until)
        ends |= {since, until}
        moment += timedelta(days=1)
    assert len(ends) == len(keys_between(date_key(date(2023, 12, 30)), date_key(moment - timedelta(days=1)))) + 1


def test_what_is_no_date_is_a_sentence(grain: Grain) -> None:
    with pytest.raises(TgAssetsError, match="is no date such as"):
        window("yesterday")
