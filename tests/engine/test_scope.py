"""Scopes: partitions of a run joined into as few stretches as possible, and narrowed by its options."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.errors import TgAssetsError
from tg_assets.scope import Scope, merge, parse_time

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def day(number: int) -> tuple[datetime, datetime]:
    return START + number * DAY, START + (number + 1) * DAY


windows = st.lists(
    st.tuples(st.sampled_from(["a.x", "a.y", "b.x"]), st.integers(0, 40)).map(lambda one: (one[0], *day(one[1]))),
    max_size=60,
)


@given(windows)
def test_merging_keeps_exactly_the_days_asked_for(given: list[tuple[str, datetime, datetime]]) -> None:
    """Nothing is lost, added or covered twice, whatever the order and however often a day is named."""
    asked = {(feed, start) for feed, start, _ in given}
    covered = [
        (scope.feed, scope.since + number * DAY)
        for scope in merge(given)
        for number in range((scope.until - scope.since).days)
    ]
    assert len(covered) == len(set(covered))
    assert set(covered) == asked


@given(windows)
def test_merged_stretches_do_not_touch(given: list[tuple[str, datetime, datetime]]) -> None:
    """As few as possible: between two stretches of a feed there is a gap; order is feed, then time."""
    merged = merge(given)
    assert merged == sorted(merged, key=lambda scope: (scope.feed, scope.since))
    for one, other in pairwise(merged):
        assert one.feed != other.feed or one.until < other.since


@given(windows, st.randoms())
def test_order_and_repetition_do_not_matter(given: list[tuple[str, datetime, datetime]], random: object) -> None:
    shuffled = given * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == merge(given)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(-5, 60), st.integers(-5, 60))
def test_narrowing_is_an_intersection(first: int, length: int, since: int, until: int) -> None:
    scope = Scope("a.x", START + first * DAY, START + (first + length) * DAY)
    narrowed = scope.narrowed(START + since * DAY, START + until * DAY, ["@one"])
    assert narrowed.since >= scope.since
    assert narrowed.until <= scope.until
    days = {number for number in range(first, first + length) if since <= number < until}
    left = {number for number in range(-10, 110) if narrowed.since <= START + number * DAY < narrowed.until}
    assert left == days
    assert (narrowed.feed, narrowed.channels) == ("a.x", ("@one",))


def test_times_are_aware_utc() -> None:
    assert parse_time("2026-01-05", "since") == datetime(2026, 1, 5, tzinfo=UTC)
    assert parse_time("2026-01-05T03:00:00+03:00", "since") == datetime(2026, 1, 5, tzinfo=UTC)
    assert parse_time(None, "since") is None
    with pytest.raises(TgAssetsError, match="until='soon' is not an ISO date"):
        parse_time("soon", "until")


def test_a_feed_belongs_to_the_tenant_before_its_first_dot() -> None:
    assert Scope("a.b.c", START, START + DAY).tenant_slug == "a"
