"""Days that a question names in Russian or English: «вчера», «в марте», «3 апреля», last week, in May 2023, 2026-01-05.

Spans of time in, nothing but the words looked at: ``now`` is given, its time zone is that of the days. Months and days
without a year are the last ones that have begun, and those of other years fit half as well. What does not belong here:
what is done with posts of such a time (``conditions``).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

OTHER_YEAR = 0.5
_MONTHS = {
    "январ": 1, "феврал": 2, "март": 3, "апрел": 4, "май": 5, "мая": 5, "мае": 5, "июн": 6, "июл": 7, "август": 8,
    "сентябр": 9, "октябр": 10, "ноябр": 11, "декабр": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_RU = r"(?:январ|феврал|март|апрел|июн|июл|август|сентябр|октябр|ноябр|декабр)[а-я]{0,2}|ма[йяе]"
_EN = (
    r"january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_UNITS = {"д": 1, "d": 1, "н": 7, "w": 7, "м": 30, "m": 30, "г": 365, "л": 365, "y": 365}
_UNIT = r"(?:дн\w*|день|дней|недел\w*|месяц\w*|год\w*|лет|days?|weeks?|months?|years?)"
_MOST_YEARS = 100


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` to ``last``, both inclusive; ``yearly``: the year is not said. ``relative``: to today."""

    first: date
    last: date
    yearly: bool = False
    relative: bool = False

    def bounds(self, zone: tzinfo | None) -> tuple[datetime, datetime]:
        """Begin and end, which does not belong to it; aware, in UTC."""
        begin, end = (datetime.combine(day, time(), zone) for day in (self.first, self.last + timedelta(days=1)))
        return begin.astimezone(UTC), end.astimezone(UTC)

    def fits(self, day: date) -> float:
        """1 for its days, ``OTHER_YEAR`` for the same days of another year when none is said, else 0."""
        if self.first <= day <= self.last:
            return 1.0
        around = ((day.month, day.day), (self.first.month, self.first.day), (self.last.month, self.last.day))
        return OTHER_YEAR if self.yearly and around[1] <= around[0] <= around[2] else 0.0


def find(query: str, today: date) -> tuple[Span, str] | None:
    """The days that a query names and the words that do, as they stand there; None when it names none."""
    for pattern, make in _PATTERNS:
        for match in pattern.finditer(query):
            try:
                span = make(match, today)
            except (ValueError, OverflowError):  # 31 February, a hundred thousand weeks ago
                continue
            return span, match[0].strip()
    return None


def _month(name: str) -> int:
    said = name.lower()
    return next(number for begin, number in _MONTHS.items() if said.startswith(begin))


def _whole(year: int, month: int) -> tuple[date, date]:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), following - timedelta(days=1)


def _of_month(match: re.Match[str], today: date) -> Span:
    month = _month(match["month"])
    if match["year"]:
        return Span(*_whole(int(match["year"]), month))
    return Span(*_whole(today.year if month <= today.month else today.year - 1, month), yearly=True)


def _of_day(match: re.Match[str], today: date) -> Span:
    month, day = _month(match["month"]), int(match["day"])
    if match["year"]:
        found = date(int(match["year"]), month, day)
        return Span(found, found)
    years = (today.year - back for back in range(8))
    found = next(one for one in _days(years, month, day) if one <= today)
    return Span(found, found, yearly=True)


def _days(years: Iterator[int], month: int, day: int) -> Iterator[date]:
    """The day in those years that have it; ``ValueError`` when none has."""
    date(2024, month, day)
    for year in years:
        if (month, day) != (2, 29) or year % 4 == 0:
            yield date(year, month, day)


def _numbers(match: re.Match[str], _: date) -> Span:
    found = date(int(match["year"]), int(match["number"]), int(match["day"]))
    return Span(found, found)


def _of_year(match: re.Match[str], _: date) -> Span:
    year = int(match["year"])
    return Span(date(year, 1, 1), date(year, 12, 31))


def _ago(match: re.Match[str], today: date) -> Span:
    size = _size(match["unit"])
    middle = today - timedelta(days=_many(match["many"]) * size)
    return Span(middle - timedelta(days=size // 2), middle + timedelta(days=size // 2), relative=True)


def _past(match: re.Match[str], today: date) -> Span:
    return Span(today - timedelta(days=_many(match["many"]) * _size(match["unit"])), today, relative=True)


def _many(said: str | None) -> int:
    return min(int(said), 366 * _MOST_YEARS) if said else 1


def _size(unit: str) -> int:
    return _UNITS[unit[0].lower()]


def _days_back(back: int) -> Callable[[re.Match[str], date], Span]:
    def make(_: re.Match[str], today: date) -> Span:
        day = today - timedelta(days=back)
        return Span(day, day, relative=True)

    return make


def _unit_back(match: re.Match[str], today: date) -> Span:
    """The week, month or year before this one, or this one."""
    back = 0 if match["which"].lower().startswith(("эт", "this", "тек")) else 1
    size = _size(match["unit"])
    if size == _UNITS["w"]:
        first = today - timedelta(days=today.weekday() + 7 * back)
        return Span(first, first + timedelta(days=6), relative=True)
    if size == _UNITS["y"]:
        return Span(date(today.year - back, 1, 1), date(today.year - back, 12, 31), relative=True)
    number = today.year * 12 + today.month - 1 - back
    return Span(*_whole(number // 12, number % 12 + 1), relative=True)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


# The more a pattern says, the earlier it is tried.
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span]], ...] = (
    (_compiled(rf"(?P<year>{_YEAR})-(?P<number>\d\d)-(?P<day>\d\d)"), _numbers),
    (_compiled(rf"(?P<day>\d\d?)\.(?P<number>\d\d?)\.(?P<year>{_YEAR})"), _numbers),
    (_compiled(rf"(?P<day>{_DAY})(?:-?го)? (?P<month>{_RU})(?: (?P<year>{_YEAR})(?: года?)?)?"), _of_day),
    (_compiled(rf"(?P<day>{_DAY})(?:st|nd|rd|th)?(?: of)? (?P<month>{_EN}),?(?: (?P<year>{_YEAR}))?"), _of_day),
    (_compiled(rf"(?P<month>{_EN}) (?P<day>{_DAY})(?:st|nd|rd|th)?(?:,? (?P<year>{_YEAR}))?"), _of_day),
    (_compiled(rf"(?:(?:в|за|с|к|до) )?(?P<month>{_RU}) (?P<year>{_YEAR})(?: года?)?"), _of_month),
    (_compiled(rf"(?:(?:in|during|of|since) )?(?P<month>{_EN}),? (?P<year>{_YEAR})"), _of_month),
    (_compiled(rf"(?:в|за|весь) (?P<month>{_RU})(?P<year>(?!))?"), _of_month),
    (_compiled(rf"(?:in|during|last) (?P<month>{_EN})(?P<year>(?!))?"), _of_month),
    (_compiled(rf"(?:(?P<many>\d{{1,9}}) )?(?P<unit>{_UNIT}) (?:назад|ago)"), _ago),
    (_compiled(rf"за последни[ейх]\w* (?:(?P<many>\d{{1,9}}) )?(?P<unit>{_UNIT})"), _past),
    (_compiled(rf"(?:in|over|during|for) the (?:last|past) (?:(?P<many>\d{{1,9}}) )?(?P<unit>{_UNIT})"), _past),
    (_compiled(r"(?:на|в) (?P<which>прошло[йм]|это[йм]|текуще[йм]) (?P<unit>недел\w*|месяце|году)"), _unit_back),
    (_compiled(r"(?P<which>last|this) (?P<unit>week|month|year)"), _unit_back),
    (_compiled(r"позавчера|the day before yesterday"), _days_back(2)),
    (_compiled(r"вчера|yesterday"), _days_back(1)),
    (_compiled(r"сегодня|today"), _days_back(0)),
    (_compiled(rf"(?:в|за|in|during) (?P<year>{_YEAR})(?: году?)?"), _of_year),
)
