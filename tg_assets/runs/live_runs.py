"""Jobs ``tail`` and ``refresh``: runs that follow live traffic while it lasts, and what they report to Dagster.

Each is one step that lingers: a run per batch would cost seconds of start for milliseconds of work, and an event
log that grows by 20 rows a run. They materialize exactly the partitions that they touched, under their own run.
What does not belong here: reading streams and running stages (``tg_assets.live``).
"""

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

import dagster as dg

from resources.postgres import Postgres
from resources.redis import Redis
from tg_assets import assets, ids
from tg_assets.assets.asset import StageConfig
from tg_assets.assets.materialize import metadata
from tg_assets.assets.order import live_round, stages
from tg_assets.assets.tools import Tools
from tg_assets.registry.tenants import known_feeds, register, tenant_slugs
from tg_assets.settings import Settings

# Which shard a run reads.
TAIL_TAG = "tg/tail"


# Messages are committed first: where processors are few, the stages take what the tail leaves.
NICE = 10


class FollowConfig(dg.Config):
    """How long a run follows: it ends after a quiet time, or when its time is over and another takes over."""

    linger_seconds: float = 45.0
    budget_seconds: float = 600.0


class TailConfig(FollowConfig):
    """Which shard of the streams to read; with ``standby``, once the run that reads it is over or dead."""

    shard: int = 0
    standby: bool = False


def partition_of(feed: str, day: date) -> dg.MultiPartitionKey:
    """Dagster's key of a partition."""
    return dg.MultiPartitionKey({"date": day.isoformat(), "feed": feed})


def _report(
    context: dg.OpExecutionContext, made: Iterable[str], partition: tuple[str, date], found: dict[str, Any]
) -> None:
    for asset in made:
        context.log_event(dg.AssetMaterialization(asset, partition=partition_of(*partition), metadata=found))


@dg.op
def tail_streams(
    context: dg.OpExecutionContext,
    config: TailConfig,
    postgres: Postgres,
    redis: Redis,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Read a shard of the streams into the database: raw messages, posts, facts, dead letters, dirty partitions."""
    from tg_assets.live.chats import Directory
    from tg_assets.live.keeping import Keep
    from tg_assets.live.process import Processor
    from tg_assets.live.state import waiting
    from tg_assets.live.tail import Flush, Tail

    client = redis.client()
    first = settings.start_date

    def report(flush: Flush) -> None:
        lag = waiting(client, config.shard)
        about = {
            "events": flush.events.total(),
            "rejected": flush.rejected,
            "lag": lag,
            "first_id": flush.first_id or "",
            "last_id": flush.last_id or "",
        }
        streams = ", ".join(f"{count:,} {stream}" for stream, count in flush.events.most_common())
        context.log.info(f"{streams}; {flush.rejected:,} dead letters; {lag:,} waiting; last {flush.last_id}")
        for partition, messages in sorted(flush.partitions.items()):
            if partition[1] >= first:
                made = ("telegram_messages",) if partition in flush.unparsed else ("telegram_messages", "posts")
                _report(context, made, partition, {**about, "messages": messages})

    directory = Directory(settings, lambda: len(known_feeds(context.instance)))
    tail = Tail(
        postgres,
        client,
        directory,
        Processor(directory, settings, context.run_id),
        config.shard,
        keep=Keep.of(settings.stream_keep),
        run_id=context.run_id,
        register=lambda feeds: _register(context, feeds),
        report=report,
        log=context.log.info,
    )
    why = tail.run(config.linger_seconds, config.budget_seconds, standby=config.standby)
    total: Counter[str] = tail.total
    left_out = f", {total['never_read']:,} of chats that are never read" if total["never_read"] else ""
    context.log.info(f"{total['events']:,} events, {total['rejected']:,} dead letters{left_out}; ended: {why}")
    context.add_output_metadata({**total, "ended": why})


def _register(context: dg.OpExecutionContext, feeds: set[str]) -> None:
    for feed in register(context.instance, sorted(feeds)):
        context.log.info(f"{feed} is new: it has partitions now")


@dg.op(required_resource_keys={"postgres", "settings", "redis", *(name for one in assets.ASSETS for name in one.needs)})
def refresh_partitions(context: dg.OpExecutionContext, config: FollowConfig) -> None:
    """Run the stages over what live traffic made dirty, until nothing is; relay outgoing events."""
    from tg_assets.live.refresh import Made, Refresh
    from tg_assets.live.state import waiting

    os.nice(NICE)
    tools = Tools(partial(getattr, context.resources), live=True)
    for asset in assets.ASSETS:
        if asset.live and asset.prepare:
            asset.prepare(tools)

    def report(made: Made) -> None:
        tables = {key: metadata({key[0]: one}, StageConfig()) for key, one in made.reports.items()}
        for partition, names in sorted(made.partitions.items()):
            for asset in sorted(names):
                _report(context, [asset], partition, tables[asset, partition[0]])
        context.log.info(f"{len(made.partitions):,} partitions are up to date")

    client, shards = tools.redis, range(tools.settings.stream_shards)
    refresh = Refresh(
        tools.database,
        client,
        stages(assets.ASSETS, tools),
        live_round(assets.ASSETS),
        lambda: [ids.NO_TENANT, *map(ids.tenant_id, tenant_slugs(known_feeds(context.instance)))],
        report=report,
        log=context.log.info,
        backlog=lambda: max(waiting(client, shard) for shard in shards),
        run_id=context.run_id,
    )
    why = refresh.run(config.linger_seconds, config.budget_seconds)
    context.log.info(f"{refresh.rounds:,} rounds; ended: {why}")
    if refresh.failures:
        told = "; ".join(f"{count:,} x {what}" for what, count in refresh.failures.most_common())
        raise dg.Failure(f"Some stages failed; their partitions stay dirty and the next run goes on: {told}.")


@dg.job(tags={"dagster/max_retries": "0"}, executor_def=dg.in_process_executor)
def tail() -> None:
    """Live messages of one shard into the database, while they come."""
    tail_streams()


@dg.job(tags={"dagster/max_retries": "0"}, executor_def=dg.in_process_executor)
def refresh() -> None:
    """Derived assets of the partitions that live messages touched, while they come."""
    refresh_partitions()
