"""Partitions as Dagster has them: ``date x feed``, one definition for every asset, identity mapping everywhere.

One definition means that a range of one feed is one run of all assets. The feed dimension is dynamic, so a new feed
needs no deploy. What does not belong here: keys and their windows (``tg_assets.partitions``).
"""

from datetime import UTC, datetime
from functools import lru_cache

import dagster as dg

from tg_assets.partitions import FEEDS_NAME
from tg_assets.settings import Grain, Settings, load_settings

FEEDS = dg.DynamicPartitionsDefinition(name=FEEDS_NAME)

_DATES = {
    Grain.day: dg.DailyPartitionsDefinition,
    Grain.week: dg.WeeklyPartitionsDefinition,
    Grain.month: dg.MonthlyPartitionsDefinition,
}


def dates_definition(settings: Settings) -> dg.TimeWindowPartitionsDefinition:
    """Windows from the start date to the current one, which exists while it is still running."""
    start = datetime.combine(settings.start_date, datetime.min.time(), UTC)
    if settings.grain is Grain.month:
        start = start.replace(day=1)
    found: dg.TimeWindowPartitionsDefinition = _DATES[settings.grain](start_date=start, end_offset=1)
    return found


@lru_cache(maxsize=1)
def dates() -> dg.TimeWindowPartitionsDefinition:
    """The deployment's date dimension."""
    return dates_definition(load_settings())


@lru_cache(maxsize=1)
def date_by_feed() -> dg.MultiPartitionsDefinition:
    """The deployment's partitions."""
    return dg.MultiPartitionsDefinition({"date": dates(), "feed": FEEDS})
