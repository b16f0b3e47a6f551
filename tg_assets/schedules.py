"""Schedules. They request ranges, not single partitions: a range of one feed is one run."""

from datetime import timedelta

import dagster as dg

from tg_assets.jobs import everything
from tg_assets.partitions import date_key
from tg_assets.tenants import known_feeds

DAYS = 7


@dg.schedule(cron_schedule="30 3 * * *", job=everything, execution_timezone="UTC")
def nightly_refresh(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """Every night, one run per feed over its last seven days: what arrived late or failed is made up for."""
    now = context.scheduled_execution_time
    feeds = known_feeds(context.instance)
    if not feeds:
        return dg.SkipReason("There are no feeds yet; `tg-assets import` registers one.")
    first, last = date_key(now - timedelta(days=DAYS)), date_key(now)
    return [
        dg.RunRequest(
            run_key=f"nightly/{last}/{feed}",
            tags={
                "dagster/asset_partition_range_start": f"{first}|{feed}",
                "dagster/asset_partition_range_end": f"{last}|{feed}",
                "tg/feed": feed,
            },
        )
        for feed in feeds
    ]
