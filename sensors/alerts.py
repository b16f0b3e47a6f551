"""Sensors ``report_failed_runs`` and ``report_alerts``: tell ``TG_ALERT_WEBHOOK`` what Prometheus would.

For installations without one, and for what stands still while every process lives. Cursors know what was told: it is
remembered once the other side has it, so everything is told at least once. No message's text is.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
KEPT = 4 * RUNS
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
    """How far failed runs were told: all that changed before ``until``, the last of them by name, since a run that
    is over may change again."""

    until: float
    runs: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, cursor: str | None, now: float) -> "Told":
        """What a cursor says; the first time, what failed earlier is old news."""
        return cls(**orjson.loads(cursor)) if cursor else cls(now)

    def new(self, records: Iterable[dg.RunRecord]) -> list[dg.RunRecord]:
        """Those not told yet."""
        return [one for one in records if one.dagster_run.run_id not in self.runs]

    def and_these(self, records: Sequence[dg.RunRecord]) -> str:
        """The cursor once they were."""
        until = max((one.update_timestamp.timestamp() for one in records), default=self.until)
        names = [*self.runs, *(one.dagster_run.run_id for one in records)]
        return orjson.dumps({"until": until, "runs": names[-KEPT:]}).decode()


def of_run(record: dg.RunRecord) -> Alert:
    """What is told of a run that failed: job and id, and no word of what it worked on."""
    run = record.dagster_run
    job = "backfill" if run.job_name.startswith("__") else run.job_name
    labels = {"alertname": "RunFailed", "severity": "warning", "job": job, "run": run.run_id}
    began = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
    ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp
    what_to_do = "Its page in Dagster says why; what it had not finished is still to be done."
    return Alert(labels, f"A run of {job} failed.", what_to_do, began, ended)


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def report_failed_runs(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Tell the webhook of runs that failed."""
    told = Told.of(context.cursor, time.time())
    whom = told_to(settings)
    if whom is None:
        return dg.SensorResult(skip_reason=UNTOLD, cursor=Told(time.time()).and_these([]))
    # Exactly that moment is asked for again: two runs may have failed in it, and one be told.
    after = datetime.fromtimestamp(told.until - 1e-3, UTC)
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


def weigh(problems: Iterable[Problem], before: Mapping[str, Seen], now: float) -> tuple[list[Alert], dict[str, Seen]]:
    """What to tell of problems that lasted long enough or are over, and what to remember when it was told."""
    alerts: list[Alert] = []
    after: dict[str, Seen] = {}
    for one in problems:
        said = {"name": one.name, "severity": one.severity, "labels": dict(one.labels), "summary": one.summary,
                "description": one.description}  # fmt: skip
        key = orjson.dumps([one.name, said["labels"]], option=orjson.OPT_SORT_KEYS).decode()
        known = before.get(key, Seen(now, False, said))
        lasted = now - known.since >= one.lasts
        after[key] = Seen(known.since, known.told or lasted, said)
        if lasted and not known.told:
            alerts.append(_alert(after[key]))
    alerts += [_alert(gone, now) for key, gone in before.items() if key not in after and gone.told]
    return alerts, after


def _alert(seen: Seen, ended: float | None = None) -> Alert:
    said = seen.problem
    over = {} if ended is None else {"ended": datetime.fromtimestamp(ended, UTC)}
    return Alert(
        {"alertname": said["name"], "severity": said["severity"], **said["labels"]}, said["summary"],
        said["description"], datetime.fromtimestamp(seen.since, UTC), **over,
    )  # fmt: skip


def measure(instance: dg.DagsterInstance, postgres: Postgres, redis: Redis, settings: Settings) -> Iterator[Gauge]:
    """What may stand still: streams, partitions, events to be sent, and sensors that are off."""
    from redis.exceptions import RedisError

    from tg_assets.events.streams import INBOUND, shard_names
    from tg_assets.live.state import stream_states
    from tg_assets.monitoring import gauges

    tenants = [ids.NO_TENANT, *map(ids.tenant_id, tenant_slugs(known_feeds(instance)))]
    yield from gauges.waiting(postgres, tenants)
    try:
        names = [name for stream in INBOUND for name in shard_names(stream.name, settings.stream_shards)]
        yield from gauges.of_streams(stream_states(redis.client(), names))
    except (RedisError, OSError) as error:
        dg.get_dagster_logger().warning(f"Redis does not answer ({type(error).__name__}).")
        yield "metrics_backend_up", {"target": "redis"}, 0.0
    off = {one.instigator_name for one in instance.all_instigator_state() if one.status.value == "STOPPED"}
    for name in AUTOMATIONS:
        yield "automation_on", {"name": name}, float(name not in off)


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def report_alerts(
    context: dg.SensorEvaluationContext, postgres: Postgres, redis: Redis, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Tell the webhook what does not move, and when it does again."""
    whom = told_to(settings)
    if whom is None:
        return UNTOLD
    before = {key: Seen(**one) for key, one in orjson.loads(context.cursor or "{}").items()}
    problems = judge(measure(context.instance, postgres, redis, settings))
    alerts, after = weigh(problems, before, time.time())
    if alerts:
        send(*whom, alerts, settings.dagster_url or "")
    cursor = {key: {"since": one.since, "told": one.told, "problem": one.problem} for key, one in after.items()}
    said = f"{len(after)} things are wrong, {len(alerts)} were told now" if after or alerts else "everything moves"
    return dg.SensorResult(skip_reason=said, cursor=orjson.dumps(cursor).decode())
