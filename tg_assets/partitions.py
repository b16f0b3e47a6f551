"""Keys of partitions, ``2026-01-31|tenant.slug``, and the windows of time that they stand for; UTC for ever.

The grain is chosen once per deployment (changing it resets what Dagster knows about partitions). What does not belong
here: Dagster's definition of them (``tg_assets.assets.partitioning``).
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from tg_assets.errors import TgAssetsError
from tg_assets.settings import PARTITION_BUDGET, Grain, Settings, load_settings

# Parts between single dots: in Dagster's UI three dots are a range, and an empty part is a name that nobody meant.
_FEED_KEY = re.compile(r"[a-z0-9_-]{1,40}(\.[a-z0-9_-]+)+")
LONGEST_KEY = 200

FEEDS_NAME = "feeds"
"""Of the feed dimension, in Dagster."""


def check_feed(key: str) -> str:
    """A key that a feed may have, ``tenant.slug``; raises TgAssetsError."""
    if not _FEED_KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise TgAssetsError(
            f"Feed {key!r} is not usable: a tenant, a dot and a name of a-z, 0-9, _, - and single dots please, such as "
            "me.news."
        )
    return key


@lru_cache(maxsize=1)
def grain() -> Grain:
    """The deployment's grain. Settings take milliseconds to read, and keys are asked for by the thousand."""
    return load_settings().grain


def window(key: str) -> tuple[datetime, datetime]:
    """``[start, end)`` of a date key, aware UTC; of any day, those of the window that holds it.

    Raises TgAssetsError for what is no date.
    """
    try:
        first = date.fromisoformat(date_key(date.fromisoformat(key)))
    except ValueError:
        raise TgAssetsError(f"{key!r} is no date such as 2024-03-01.") from None
    return _midnight(first), _midnight(_next(first))


def first_key(start: date) -> str:
    """Key of the first window that exists: the first that begins on the ``start`` date or after it.

    Months begin with that of the start date.
    """
    if grain() is Grain.month:
        return start.replace(day=1).isoformat()
    if grain() is Grain.week:
        start += timedelta(days=-(start.weekday() + 1) % 7)
    return start.isoformat()


def keys_between(first: str, last: str) -> list[str]:
    """Date keys from one to another, both included."""
    found, day = [], date.fromisoformat(first)
    while (key := day.isoformat()) <= last:
        found.append(key)
        day = _next(day)
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _next(first: date) -> date:
    """First day of the next window."""
    if grain() is Grain.month:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=7 if grain() is Grain.week else 1)


def date_key(moment: datetime | date) -> str:
    """Key of the window that holds a moment; windows before the start date do not exist."""
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    if grain() is Grain.month:
        day = day.replace(day=1)
    elif grain() is Grain.week:  # Dagster's weeks begin on Sunday
        day -= timedelta(days=(day.weekday() + 1) % 7)
    return day.isoformat()


def window_sql(moment: str) -> str:
    """SQL of the first day of the window that holds a moment, given as a column; ``date_key`` for the database."""
    day = f"({moment} AT TIME ZONE 'UTC')::date"
    return {
        Grain.day: day,
        Grain.week: f"{day} - extract(dow FROM {day})::int",
        Grain.month: f"date_trunc('month', {day})::date",
    }[grain()]


def feed_budget(settings: Settings, today: date) -> int:
    """How many feeds keep the number of partitions usable: 100,000 divided by the number of windows."""
    days = max(1, (today - settings.start_date).days + 1)
    windows = {Grain.day: days, Grain.week: days // 7 + 1, Grain.month: days // 30 + 1}[settings.grain]
    return max(1, PARTITION_BUDGET // windows)
