"""Sensor ``start_tail``: entries wait on a shard's streams and nobody reads it, so a run is asked for.

A shard that is being read gets a second run, which stands by: starting one takes seconds, and a run that dies or ends
should be missed for less. The sensor reads no messages, only how many wait. Within a tick it looks again and again,
because the daemon ticks every five seconds at most and a message should not have to wait for that. No guarantee rests
on it: what it misses waits on the stream, and a run too many finds its shard's lock taken.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import dagster as dg

from resources.postgres import Postgres
from resources.redis import Redis
from sensors.runs import active_runs
from tg_assets.runs.live_runs import TAIL_TAG, tail
from tg_assets.settings import Settings

# The daemon begins a tick every five seconds, when the last one is over: so this leaves a gap of a second, not of four.
BUDGET_SECONDS = 13.5
LOOK_SECONDS = 0.25
# How often it asks which shards have a run: one that was killed leaves its shard to the next.
RUNS_SECONDS = 1.0
# A run has been reading for so long, and fewer entries wait, when another is started to stand by: never while
# somebody waits for the first one, nor when thousands of entries need the processors.
CALM_SECONDS, BACKLOG = 10.0, 5000


@dataclass(frozen=True, slots=True)
class Need:
    """A shard that needs a run: one that reads it, or one that stands by for when that is over or dead."""

    shard: int
    standby: bool

    def now(self, waiting: int) -> bool:
        """Whether this is the moment, by how many entries wait: without traffic nobody needs a run."""
        return 0 < waiting < BACKLOG if self.standby else waiting > 0


def wanted(shards: Iterable[int], runs: Iterable[dg.RunRecord], moment: float) -> list[Need]:
    """What shards need besides the runs that are not over, at a UNIX time; one whose only run is new needs nothing."""
    started: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        started[run.dagster_run.tags.get(TAIL_TAG, "")].append(run.start_time or moment)
    found = {shard: started[str(shard)] for shard in shards}
    return [
        Need(shard, standby=bool(those))
        for shard, those in found.items()
        if not those or (len(those) == 1 and those[0] <= moment - CALM_SECONDS)
    ]


def first_work(needs: Callable[[], list[Need]], waiting: Callable[[int], int], deadline: float) -> dict[Need, int]:
    """Needs and how many entries wait, as soon as enough do; empty when there was nothing until the deadline."""
    wanted, asked = needs(), time.monotonic()
    while not (found := {need: count for need in wanted if need.now(count := waiting(need.shard))}):
        if time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
        if time.monotonic() >= asked + RUNS_SECONDS:
            wanted, asked = needs(), time.monotonic()
    return found


@dg.sensor(job_name=tail.name, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def start_tail(
    context: dg.SensorEvaluationContext, redis: Redis, postgres: Postgres, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Ask for a tail run per shard that has entries waiting and no run, or none that stands by."""
    from tg_assets.live.state import shards as shards_of
    from tg_assets.live.state import waiting

    deadline, client = time.monotonic() + BUDGET_SECONDS, redis.client()
    shards = shards_of(client, settings.stream_shards)
    with postgres.connection() as connection:

        def needs() -> list[Need]:
            return wanted(shards, active_runs(context.instance, tail.name, connection), time.time())

        found = first_work(needs, lambda shard: waiting(client, shard), deadline)
        unread = sum(not need.standby for need in needs()) if not found else 0
    if not found:
        counts = ", ".join(f"shard {shard}: {waiting(client, shard):,} waiting" for shard in shards)
        return dg.SkipReason(f"{len(shards) - unread} of {len(shards)} shards are being read; {counts}")
    return dg.SensorResult(run_requests=[_request(need, count) for need, count in found.items()])


def _request(need: Need, count: int) -> dg.RunRequest:
    return dg.RunRequest(
        tags={TAIL_TAG: str(need.shard), "tg/waiting": str(count), **({"tg/standby": "yes"} if need.standby else {})},
        run_config={"ops": {"tail_streams": {"config": {"shard": need.shard, "standby": need.standby}}}},
    )
