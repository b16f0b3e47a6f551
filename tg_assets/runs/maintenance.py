"""Jobs ``maintenance`` and ``tidy``: what grows by itself is kept within bounds.

A chore is an op, and none waits for another: each is done although others fail; the run fails then, and says which
and why. A run that is killed loses nothing: the next one goes on. Metadata and logs hold counts only. What does not
belong here: how a chore is done (``stores.dagster_log``, ``stores.vacuum``, ``stores.embeddings``,
``doors.oauth.grants``, ``live.keeping``, ``metrics.tally``).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg
from pydantic import Field

from resources.postgres import Postgres
from resources.qdrant import Qdrant
from resources.redis import Redis
from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.faults import said
from tg_assets.registry.tenants import known_tenants
from tg_assets.settings import Settings

# Two at once would wait for each other's rows.
PURGE = "maintenance/purge"


class PurgeConfig(dg.Config):
    """How long a purge may take."""

    budget_seconds: float = Field(default=3600.0, gt=0, description="Then it stops; the next run goes on.")


@dg.op
def purge_event_log(context: dg.OpExecutionContext, config: PurgeConfig, settings: dg.ResourceParam[Settings]) -> None:
    """Remove what is old and needed by nothing from Dagster's event log and runs (TG_EVENT_LOG_KEEP, TG_RUNS_KEEP)."""
    from tg_assets.stores.dagster_database import dagster_database
    from tg_assets.stores.dagster_log import Before, purge
    from tg_assets.stores.database import advisory_lock

    deadline, now = time.monotonic() + config.budget_seconds, datetime.now(UTC)
    before = Before(now - timedelta(days=settings.event_log_keep), now - timedelta(days=settings.runs_keep))
    logs = context.instance.compute_log_manager

    def forget(runs: Sequence[str]) -> None:
        for run in runs:
            logs.delete_logs(prefix=[run])

    removed = Counter(events=0, evaluations=0, runs=0)
    url = settings.require("dagster_postgres_url")
    with dagster_database(url) as connection, advisory_lock(connection, PURGE) as held:
        if not held:
            context.log.info("another run is at it")
        for batch in purge(connection, before, forget) if held else ():
            removed.update(batch)
            if time.monotonic() > deadline:
                context.log.info("its time is over; the next run goes on")
                break
    _tell(context, removed)


@dg.op
def vacuum_tables(context: dg.OpExecutionContext, postgres: Postgres, settings: dg.ResourceParam[Settings]) -> None:
    """VACUUM and ANALYZE Dagster's tables, and ours as far as the role of runs may."""
    from sqlalchemy import text

    from tg_assets.stores.vacuum import vacuum

    failures: list[str] = []
    counts: Counter[str] = Counter()
    owned = "postgres_owner_url" if settings.postgres_owner_url else "postgres_url"
    for whose, name in (("dagster", "dagster_postgres_url"), ("our", owned)):
        variable = f"TG_{name.upper()}"
        try:
            found = vacuum(settings.require(name), variable)
            if found.left:
                context.log.info(
                    f"{found.left} tables of {variable} are left to PostgreSQL's autovacuum, for its role neither "
                    "owns them nor has MAINTAIN. Runs use TG_POSTGRES_OWNER_URL for ours where it is set."
                )
                if name == "postgres_url":
                    with postgres.connection() as connection, connection.begin():
                        connection.execute(text("SELECT refresh_statistics()"))
        except Exception as error:  # noqa: BLE001 - one server's trouble is not the other's
            failures.append(f"{whose}: {said(error)}")
            continue
        counts.update(
            {f"{whose}_tables": found.done, f"{whose}_tables_left": found.left, f"{whose}_bytes": found.bytes}
        )
    _tell(context, counts, failures)


@dg.op
def remove_expired_points(context: dg.OpExecutionContext, qdrant: Qdrant, postgres: Postgres) -> None:
    """Remove points whose ``expires_at`` is over, tenant by tenant; their words count no more."""
    from tg_assets.stores import word_counts

    now = datetime.now(UTC)

    def remove(tenant: UUID) -> int:
        removed = 0
        with qdrant.tenant(tenant) as index, postgres.tenant(tenant) as session:
            while index.exists() and (ended := index.expired(now)):
                with session.transaction() as connection:
                    word_counts.move(connection, (), ended)
                    index.delete(ended)
                removed += len(ended)
        return removed

    _by_tenant(context, "points", remove)


@dg.op
def trim_embeddings(context: dg.OpExecutionContext, postgres: Postgres, settings: dg.ResourceParam[Settings]) -> None:
    """Drop cached vectors that TG_EMBEDDINGS_KEEP does not keep, tenant by tenant."""
    from tg_assets.stores.embeddings import Keep, trim

    keep = Keep.of(settings.embeddings_keep)

    def drop(tenant: UUID) -> int:
        with postgres.tenant(tenant) as session, session.transaction() as connection:
            return trim(connection, keep)

    _by_tenant(context, "vectors", drop)


@dg.op
def remove_ended_grants(context: dg.OpExecutionContext, postgres: Postgres) -> None:
    """Remove what was given to assistants by OAuth and ended, tenant by tenant."""
    from tg_assets.doors.oauth.grants import remove_ended

    def remove(tenant: UUID) -> int:
        with postgres.tenant(tenant) as session, session.transaction() as connection:
            return remove_ended(connection)

    _by_tenant(context, "grants", remove)


@dg.op
def trim_streams(context: dg.OpExecutionContext, redis: Redis, settings: dg.ResourceParam[Settings]) -> None:
    """Drop what every group has acknowledged and TG_STREAM_KEEP does not keep, also where nobody reads or writes."""
    from redis.exceptions import ResponseError

    from tg_assets.live.keeping import Keep, trim
    from tg_assets.live.state import kept_by, shards

    client, keep = redis.client(), Keep.of(settings.stream_keep)
    failures: list[str] = []
    counts = Counter(entries=0, streams=0)
    for stream in [stream for shard in shards(client, settings.stream_shards) for stream in kept_by(shard)]:
        try:
            counts["entries"] += trim(client, stream, keep, exact=True)
            counts["streams"] += 1
        except ResponseError as error:  # one stream of which Redis does not want to know
            failures.append(f"{stream}: {said(error)}")
    _tell(context, counts, failures)


@dg.op
def fold_metrics(context: dg.OpExecutionContext, postgres: Postgres) -> None:
    """Fold counted amounts into totals, also where nobody reads metrics."""
    from tg_assets.metrics.tally import fold

    with postgres.connection() as connection:
        _tell(context, Counter(amounts=fold(connection)))


def _by_tenant(context: dg.OpExecutionContext, what: str, chore: Callable[[UUID], int]) -> None:
    """Do a chore for each tenant, and tell how many of ``what`` went; the trouble of one is not that of others."""
    failures: list[str] = []
    counts = Counter({what: 0, "tenants": 0})
    for slug in known_tenants(context.instance):
        try:
            counts[what] += chore(ids.tenant_id(slug))
            counts["tenants"] += 1
        except TgAssetsError:  # the server is away: it is for all of them
            raise
        except Exception as error:  # noqa: BLE001
            failures.append(f"{slug}: {said(error)}")
    _tell(context, counts, failures)


def _tell(context: dg.OpExecutionContext, counts: Counter[str], failures: Sequence[str] = ()) -> None:
    """The chore's last word; raises when something failed, after all that could be done was done."""
    context.log.info(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()))
    context.add_output_metadata(dict(counts))
    if failures:
        raise dg.Failure("; ".join(failures))


@dg.job(executor_def=dg.in_process_executor)
def maintenance() -> None:
    """What a night is for: Dagster's old events and runs, tables, expired points, vectors, grants, streams, metrics."""
    purge_event_log()
    remove_expired_points()
    trim_embeddings()
    remove_ended_grants()
    trim_streams()
    fold_metrics()
    vacuum_tables()


@dg.job(executor_def=dg.in_process_executor)
def tidy() -> None:
    """Streams and metrics, which do not wait for the night."""
    trim_streams()
    fold_metrics()


def untidy(settings: Settings, redis: Redis, postgres: Postgres) -> bool:
    """Whether ``tidy`` would find anything to do."""
    from tg_assets.live.keeping import Keep, overdue
    from tg_assets.live.state import kept_by, shards
    from tg_assets.metrics.tally import unfolded

    client, keep = redis.client(), Keep.of(settings.stream_keep)
    streams = (stream for shard in shards(client, settings.stream_shards) for stream in kept_by(shard))
    if any(overdue(client, stream, keep) for stream in streams):
        return True
    with postgres.connection() as connection:
        return unfolded(connection)
