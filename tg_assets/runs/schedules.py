"""Schedules. They request ranges, not single partitions: a range of one feed is one run."""

from datetime import timedelta

import dagster as dg

from resources.postgres import Postgres
from resources.redis import Redis
from tg_assets.assets.album_summaries import mark_overdue
from tg_assets.ids import tenant_id
from tg_assets.partitions import date_key
from tg_assets.registry.tenants import has_accounts, known_feeds, tenant_slugs
from tg_assets.runs.jobs import everything
from tg_assets.runs.maintenance import maintenance, tidy, untidy
from tg_assets.runs.telegram_runs import catch_up, current, feeds_with_missing_files, fetch, sweep
from tg_assets.settings import Settings

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


def _if_read(context: dg.ScheduleEvaluationContext, postgres: Postgres) -> dg.RunRequest | dg.SkipReason:
    """A run, unless nobody has an account to read Telegram with."""
    if any(has_accounts(postgres, slug) for slug in tenant_slugs(known_feeds(context.instance))):
        return dg.RunRequest()
    return dg.SkipReason("No account reads Telegram; `tg-assets login` logs one in.")


@dg.schedule(
    cron_schedule="7 * * * *",  # not on the hour, when everybody asks
    job=catch_up,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def hourly_catch_up(context: dg.ScheduleEvaluationContext, postgres: Postgres) -> dg.RunRequest | dg.SkipReason:
    """Every hour, one run over all feeds that an account reads: what the listener missed, or is not there for."""
    return _if_read(context, postgres)


@dg.schedule(
    cron_schedule="*/5 * * * *", job=fetch, execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
)
def frequent_fetch(
    context: dg.ScheduleEvaluationContext, postgres: Postgres, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Every five minutes, files of messages that came live, if there are any; albums no longer wait for old ones."""
    slugs = tenant_slugs(known_feeds(context.instance))
    for slug in slugs:
        with postgres.tenant(tenant_id(slug)) as session, session.transaction() as connection:
            mark_overdue(connection)
    if settings.media_download and any(feeds_with_missing_files(postgres, slug, *current()) for slug in slugs):
        return dg.RunRequest()
    return dg.SkipReason("No message of today or yesterday waits for its file.")


@dg.schedule(
    cron_schedule="40 4 * * *",
    job=sweep,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def daily_sweep(context: dg.ScheduleEvaluationContext, postgres: Postgres) -> dg.RunRequest | dg.SkipReason:
    """Every day, within a budget of requests: deletions and messages that Telegram never announced."""
    return _if_read(context, postgres)


@dg.schedule(
    cron_schedule="20 5 * * *",
    job=maintenance,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_maintenance() -> dg.RunRequest:
    """Every night: old events and runs of Dagster, tables, expired points, streams, metrics."""
    return dg.RunRequest()


@dg.schedule(
    cron_schedule="37 * * * *", job=tidy, execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
)
def hourly_tidying(
    postgres: Postgres, redis: Redis, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Every hour, if there is anything: what streams no longer keep, and amounts that nobody asked for."""
    if untidy(settings, redis, postgres):
        return dg.RunRequest()
    return dg.SkipReason("Streams hold nothing that is too old or too much, and all amounts are folded.")
