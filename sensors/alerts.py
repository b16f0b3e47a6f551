"""Sensors ``report_failed_runs`` and ``report_alerts``: tell ``TG_ALERT_WEBHOOK`` what Prometheus would.

For installations without one, and for what stands still while every process lives. Cursors know what was told: it is
remembered once the other side has it, so everything is told at least once. No message's text is.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import orjson
from dagster import DagsterRunStatus

from resources.postgres import Postgres
from resources.redis import Redis
from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.metrics.catalogue import AUTOMATIONS
from tg_assets.monitoring.gauges import Gauge
from tg_assets.monitoring.health import Problem, judge
from tg_assets.monitoring.webhook import Alert, send
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.settings import Settings

RUNS = 50
"""Failed runs that one message tells of."""
KEPT = 20 * RUNS
LATE_SECONDS = 600.0
"""A failure may become visible so much later than one that happened after it."""
UNTOLD = dg.SkipReason("TG_ALERT_WEBHOOK is not set, so nobody is told.")


def told_to(settings: Settings) -> tuple[str, str] | None:
    """Address and secret of who is told; raises TgAssetsError when the secret is missing."""
    if settings.alert_webhook is None:
        return None
    if settings.alert_secret is None:
        raise TgAssetsError("TG_ALERT_SECRET is not set. It signs what TG_ALERT_WEBHOOK is told; choose one.")
    return settings.alert_webhook.get_secret_value(), settings.alert_secret.get_secret_value()


@dataclass(slots=True)
class Told:
    """Which failed runs were told: by name, since one may become visible later than another that failed after it, and
    since a run that is over may change again. What failed before ``began`` is old news."""

    began: float
    until: float
    runs: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, cursor: str | None, now: float) -> "Told":
        """What a cursor says; the first time, what failed earlier is old news. A clock that was set back since leaves
        no time in which nothing is told."""
        known = cls(**orjson.loads(cursor)) if cursor else cls(now, now)
        return cls(min(known.began, now), min(known.until, now), known.runs)

    def new(self, records: Iterable[dg.RunRecord]) -> list[dg.RunRecord]:
        """Those not told yet."""
        return [one for one in records if one.dagster_run.run_id not in self.runs and _end(one) >= self.began]

    def and_these(self, records: Sequence[dg.RunRecord]) -> str:
        """The cursor once they were."""
        until = max((one.update_timestamp.timestamp() for one in records), default=self.until)
        names = [*self.runs, *(one.dagster_run.run_id for one in records)]
        return orjson.dumps({"began": self.began, "until": until, "runs": names[-KEPT:]}).decode()


def of_run(record: dg.RunRecord) -> Alert:
    """What is told of a run that failed: job and id, and no word of what it worked on."""
    run = record.dagster_run
    job = "backfill" if run.job_name.startswith("__") else run.job_name
    labels = {"alertname": "RunFailed", "severity": "warning", "job": job, "run": run.run_id}
    what_to_do = "Its page in Dagster says why; what it had not finished is still to be done."
    return Alert(labels, f"A run of {job} failed.", what_to_do, datetime.fromtimestamp(_end(record), UTC))


def _end(record: dg.RunRecord) -> float:
    return record.end_time or record.update_timestamp.timestamp()


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def report_failed_runs(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Tell the webhook of runs that failed."""
    told = Told.of(context.cursor, time.time())
    whom = told_to(settings)
    if whom is None:
        return dg.SensorResult(skip_reason=UNTOLD, cursor=Told.of(None, time.time()).and_these([]))
    after = datetime.fromtimestamp(told.until - LATE_SECONDS, UTC)
    records = context.instance.get_run_records(
        dg.RunsFilter(statuses=[DagsterRunStatus.FAILURE], updated_after=after),
        limit=RUNS + len(told.runs), order_by="update_timestamp", ascending=True,
    )  # fmt: skip
    new = told.new(records)[:RUNS]
    if new:
        send(*whom, [of_run(record) for record in new], settings.dagster_url or "")
    said = f"{len(new)} failed runs were told" if new else "no run failed since"
    return dg.SensorResult(skip_reason=said, cursor=told.and_these(new))


@dataclass(slots=True)
class Seen:
    """A problem since when it is seen, and whether it was told."""

    since: float
    told: bool
    problem: dict[str, Any]


def weigh(
    problems: Iterable[Problem], before: Mapping[str, Seen], now: float, unknown: Collection[str] = ()
) -> tuple[list[Alert], dict[str, Seen]]:
    """What to tell of problems that lasted long enough or are over, and what to remember when it was told.

    Of metrics that are ``unknown`` now nothing is over.
    """
    alerts: list[Alert] = []
    after: dict[str, Seen] = {}
    for one in problems:
        said = {
            "name": one.name, "severity": one.severity, "labels": dict(one.labels), "metric": one.metric,
            "summary": one.summary, "description": one.description,
        }  # fmt: skip
        key = orjson.dumps([one.name, said["labels"]], option=orjson.OPT_SORT_KEYS).decode()
        known = before.get(key, Seen(now, False, said))
        lasted = now - known.since >= one.lasts
        after[key] = Seen(min(known.since, now), known.told or lasted, said)
        if lasted and not known.told:
            alerts.append(_alert(after[key]))
    after |= {key: seen for key, seen in before.items() if key not in after and seen.problem["metric"] in unknown}
    alerts += [_alert(gone, now) for key, gone in before.items() if key not in after and gone.told]
    return alerts, after


def _alert(seen: Seen, ended: float | None = None) -> Alert:
    said = seen.problem
    over = {} if ended is None else {"ended": datetime.fromtimestamp(ended, UTC)}
    return Alert(
        {"alertname": said["name"], "severity": said["severity"], **said["labels"]}, said["summary"],
        said["description"], datetime.fromtimestamp(seen.since, UTC), **over,
    )  # fmt: skip


def measure(
    instance: dg.DagsterInstance, postgres: Postgres, redis: Redis, settings: Settings
) -> tuple[list[Gauge], set[str]]:
    """What may stand still (streams, partitions, events to be sent, sensors that are off), and metrics that are not
    known because their server does not answer."""
    from redis.exceptions import RedisError
    from sqlalchemy.exc import SQLAlchemyError

    from tg_assets.live.state import shards, stream_states, streams_of
    from tg_assets.monitoring import gauges

    tenants = [ids.NO_TENANT, *map(ids.tenant_id, tenant_slugs(known_feeds(instance)))]

    def streams() -> Iterable[Gauge]:
        client = redis.client()
        names = [name for shard in shards(client, settings.stream_shards) for name in streams_of(shard)]
        return gauges.of_streams(stream_states(client, names))

    asked: Mapping[str, Callable[[], Iterable[Gauge]]] = {
        "postgres": lambda: gauges.waiting(postgres, tenants, albums=False),
        "redis": streams,
    }
    found: list[Gauge] = []
    unknown = set[str]()
    for server, ask in asked.items():
        try:
            found += ask()
            found.append(("metrics_backend_up", {"target": server}, 1.0))
        except (RedisError, SQLAlchemyError, TgAssetsError, OSError) as error:
            dg.get_dagster_logger().warning(f"{server} does not answer ({type(error).__name__}).")
            found.append(("metrics_backend_up", {"target": server}, 0.0))
            unknown.update(METRICS_OF[server])
    off = {one.instigator_name for one in instance.all_instigator_state() if one.status.value == "STOPPED"}
    return [*found, *(("automation_on", {"name": name}, float(name not in off)) for name in AUTOMATIONS)], unknown


METRICS_OF = {
    "postgres": ("dirty_oldest_seconds", "outgoing_oldest_seconds", "stage_unsettled_items"),
    "redis": ("stream_oldest_seconds",),
}
"""What alerts judge of the measures of each server."""


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def report_alerts(
    context: dg.SensorEvaluationContext, postgres: Postgres, redis: Redis, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Tell the webhook what does not move, and when it does again."""
    whom = told_to(settings)
    if whom is None:
        return UNTOLD
    before = {key: Seen(**one) for key, one in orjson.loads(context.cursor or "{}").items()}
    found, unknown = measure(context.instance, postgres, redis, settings)
    alerts, after = weigh(judge(found), before, time.time(), unknown)
    if alerts:
        send(*whom, alerts, settings.dagster_url or "")
    cursor = {key: {"since": one.since, "told": one.told, "problem": one.problem} for key, one in after.items()}
    said = f"{len(after)} things are wrong, {len(alerts)} were told now" if after or alerts else "everything moves"
    return dg.SensorResult(skip_reason=said, cursor=orjson.dumps(cursor).decode())
