"""The one partitions definition of every partitioned asset: ``date x feed``, identity mapping everywhere.

One definition means that a range of one feed is one run of all assets. The grain is chosen once per
deployment (changing it resets what Dagster knows about partitions); the feed dimension is dynamic, so a new
feed needs no deploy. Keys read ``2026-01-31|tenant.slug``; the time zone is UTC for ever.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import dagster as dg

from tg_assets.errors import TgAssetsError
from tg_assets.settings import PARTITION_BUDGET, Grain, Settings, load_settings

# Parts between single dots: in Dagster's UI three dots are a range, and an empty part is a name that nobody meant.
_FEED_KEY = re.compile(r"[a-z0-9_-]{1,40}(\.[a-z0-9_-]+)+")
LONGEST_KEY = 200

FEEDS = dg.DynamicPartitionsDefinition(name="feeds")

_DATES = {
    Grain.day: dg.DailyPartitionsDefinition,
    Grain.week: dg.WeeklyPartitionsDefinition,
    Grain.month: dg.MonthlyPartitionsDefinition,
}


def check_feed(key: str) -> str:
    """A key that a feed may have, ``tenant.slug``; raises TgAssetsError."""
    if not _FEED_KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise TgAssetsError(
            f"Feed {key!r} is not usable: a tenant, a dot and a name of a-z, 0-9, _, - and single dots please, such as "
            "me.news."
        )
    return key


def dates_definition(settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """Windows from the start date to the current one, which exists while it is still running."""
    start = datetime.combine(settings.start_date, datetime.min.time(), UTC)
    if settings.grain is Grain.month:
        start = start.replace(day=1)
    found: dg.TimeWindowPartitionsDefinition = _DATES[settings.grain](start_date=start, end_offset=1)
    return found


@lru_cache(maxsize=1)
def grain() -> Grain:
    """The deployment's grain. Settings take milliseconds to read, and keys are asked for by the thousand."""
    return load_settings().grain


@lru_cache(maxsize=1)
def dates() -> dg.TimeWindowPartitionsDefinition:
    """The deployment's date dimension."""
    return dates_definition(load_settings())


@lru_cache(maxsize=1)
def date_by_feed() -> dg.MultiPartitionsDefinition:
    """The deployment's partitions."""
    return dg.MultiPartitionsDefinition({"date": dates(), "feed": FEEDS})


def window(date_key: str) -> tuple[datetime, datetime]:
    """``[start, end)`` of a date key, aware UTC."""
    found = dates().time_window_for_partition_key(date_key)
    return found.start.astimezone(UTC), found.end.astimezone(UTC)


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
