"""Times and authors that a question names, in both languages, and what they do to an order."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.index.conditions import ASIDE, moved, recent, understand
from tg_assets.index.dates import OTHER_YEAR, Span, find

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("что было вчера", "2026-04-14", "2026-04-14"),
        ("позавчера шёл снег", "2026-04-13", "2026-04-13"),
        ("posts of today", "2026-04-15", "2026-04-15"),
        ("what broke last week", "2026-04-06", "2026-04-12"),
        ("на этой неделе", "2026-04-13", "2026-04-19"),
        ("отчёт в прошлом месяце", "2026-03-01", "2026-03-31"),
        ("news of last year", "2025-01-01", "2025-12-31"),
        ("в марте", "2026-03-01", "2026-03-31"),
        ("билеты в мае", "2025-05-01", "2025-05-31"),
        ("in February about ice", "2026-02-01", "2026-02-28"),
        ("март 2024", "2024-03-01", "2024-03-31"),
        ("во что играли в декабре 2023 года", "2023-12-01", "2023-12-31"),
        ("the trip in May 2023", "2023-05-01", "2023-05-31"),
        ("5 января", "2026-01-05", "2026-01-05"),
        ("31 декабря", "2025-12-31", "2025-12-31"),
        ("7 May, 2023", "2023-05-07", "2023-05-07"),
        ("on the 3rd of March", "2026-03-03", "2026-03-03"),
        ("March 3 2024", "2024-03-03", "2024-03-03"),
        ("29 февраля", "2024-02-29", "2024-02-29"),
        ("2026-01-05 маяк", "2026-01-05", "2026-01-05"),
        ("05.01.2026", "2026-01-05", "2026-01-05"),
        ("за последние 10 дней", "2026-04-05", "2026-04-15"),
        ("in the last 2 weeks", "2026-04-01", "2026-04-15"),
        ("3 дня назад", "2026-04-12", "2026-04-12"),
        ("two cats, 2 days ago", "2026-04-13", "2026-04-13"),
        ("в 2024 году", "2024-01-01", "2024-12-31"),
    ],
)
def test_days_that_are_named(query: str, first: str, last: str) -> None:
    found = find(query, TODAY)
    assert found is not None
    assert (str(found[0].first), str(found[0].last)) == (first, last)
    assert found[1] in query


@pytest.mark.parametrize(
    "query",
    ["маяк", "you may march", "may I", "31 февраля", "2026-13-45", "45.45.2026", "майка", "марте", "99999 years ago",
     "номер 2024", "в 5 утра", ""],
)  # fmt: skip
def test_nothing_is_read_into_other_words(query: str) -> None:
    found = find(query, TODAY)
    assert found is None or found[0].first.year < 1950


@given(st.text(max_size=60), st.dates())
def test_any_text(query: str, today: date) -> None:
    found = find(query, today)
    assert found is None or found[0].first <= found[0].last


def test_a_month_without_a_year_is_the_last_one_and_half_that_of_others() -> None:
    (span, _) = find("в марте", TODAY) or pytest.fail("nothing found")
    assert [span.fits(date(year, 3, 9)) for year in (2026, 2025, 2020)] == [1, OTHER_YEAR, OTHER_YEAR]
    assert span.fits(date(2026, 4, 1)) == 0
    assert Span(date(2024, 3, 1), date(2024, 3, 31)).fits(date(2026, 3, 9)) == 0


def test_days_are_those_of_the_zone_that_asks() -> None:
    zone = timezone(timedelta(hours=3))
    question = understand("что вчера", NOW.astimezone(zone))
    assert question.span
    since, until = question.span.bounds(zone)
    assert (since, until) == (datetime(2026, 4, 13, 21, tzinfo=UTC), datetime(2026, 4, 14, 21, tzinfo=UTC))
    assert question.fits_time(since) == 1 > question.fits_time(until)
    assert question.zone is zone
    assert understand("что 2 апреля", NOW.astimezone(zone)).zone is UTC


@pytest.mark.parametrize(
    ("query", "author", "names"),
    [
        ("от Кати про билеты", "Кати", ("Катя Новак", "Katya Novak")),
        ("from Katya", "Katya", ("Катя Новак", "katya")),
        ("что писал Павел", "Павел", ("Павел Громов",)),
        ("what did Tom say about Dune", "Tom", ("Tom Bakker",)),
        ("сказала Марина о сыре", "Марина", ("Марина",)),
    ],
)
def test_authors_that_are_named(query: str, author: str, names: tuple[str, ...]) -> None:
    question = understand(query, NOW)
    assert question.author == author
    assert all(map(question.fits_author, names))
    assert not question.fits_author("Илья")
    assert not question.fits_author(None)
    assert question.understood == [f"from {author}"]


def test_what_was_said_yesterday_need_not_say_so() -> None:
    assert understand("ремонт генератора вчера", NOW).about == "ремонт генератора"
    assert understand("вчера", NOW).about == "вчера"
    assert understand("завоз 2 апреля", NOW).about == "завоз 2 апреля"
    assert understand("отчёт в марте от Кати", NOW).understood == ["from Кати", "2026-03-01..2026-03-31"]


def test_what_fits_moves_up_and_nothing_is_left_out() -> None:
    """Where no result fits, nothing moves."""
    ranked = [("old", 0.8), ("new", 0.6), ("other", 0.1)]
    at = {"old": NOW - timedelta(days=300), "new": NOW - timedelta(days=1), "other": NOW}
    by = {"old": "Павел", "new": "Катя Новак", "other": None}
    for query in ("вчера", "от Кати"):
        found = moved(understand(query, NOW), ranked, by.get, at.__getitem__)
        assert found == [("new", 0.6), ("old", pytest.approx(0.8 * ASIDE)), ("other", pytest.approx(0.1 * ASIDE))]
    for query in ("маяк", "from Murmansk", "в 2020 году"):
        assert moved(understand(query, NOW), ranked, by.get, at.__getitem__) == ranked


def test_new_ones_come_first_where_they_are_wanted() -> None:
    """Half of what may be lost is lost after a half-life; nothing is left out, and much better ones stay ahead."""
    month = timedelta(days=30)
    at = {"new": NOW, "month": NOW - month, "old": NOW - 1000 * month, "best": NOW - 1000 * month, "ahead": NOW + month}
    ranked = [("best", 1.0), ("old", 0.4), ("month", 0.4), ("new", 0.4), ("ahead", 0.1)]
    found = recent(ranked, at.__getitem__, NOW, month)
    assert found == [("best", 0.5), ("new", 0.4), ("month", pytest.approx(0.3)), ("old", 0.2), ("ahead", 0.1)]
