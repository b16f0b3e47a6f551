"""Sensor ``start_tail``: entries wait on a shard's streams and nobody reads it, so a run is asked for.

It reads no messages, only how many wait. Within a tick it looks again and again, because the daemon ticks every
five seconds at most and a message should not have to wait for that. No guarantee rests on it: what it misses
waits on the stream, and a run too many finds its shard's lock taken.
"""

import time
from collections.abc import Callable, Iterable

import dagster as dg

from resources.redis import Redis
from sensors.runs import active_runs
from tg_assets.live_runs import TAIL_TAG, tail
from tg_assets.settings import load_settings

BUDGET_SECONDS = 12.0
LOOK_SECONDS = 0.1
# How often it asks which shards have a run: one that was killed leaves its shard to the next.
RUNS_SECONDS = 1.0


def first_work(free: Callable[[], Iterable[int]], waiting: Callable[[int], int], deadline: float) -> dict[int, int]:
    """Free shards with entries that wait, as soon as there is one; empty when there was none until the deadline."""
    shards, asked = list(free()), time.monotonic()
    while not (found := {shard: count for shard in shards if (count := waiting(shard))}):
        if time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
        if time.monotonic() >= asked + RUNS_SECONDS:
            shards, asked = list(free()), time.monotonic()
    return found


@dg.sensor(job_name=tail.name, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def start_tail(context: dg.SensorEvaluationContext, redis: Redis) -> dg.SensorResult | dg.SkipReason:
    """Ask for a tail run per shard that has entries waiting and no run."""
    from tg_assets.live.state import waiting

    deadline = time.monotonic() + BUDGET_SECONDS
    client, shards = redis.client(), load_settings().stream_shards

    def free() -> list[int]:
        busy = {run.tags.get(TAIL_TAG) for run in active_runs(context.instance, tail.name)}
        return [shard for shard in range(shards) if str(shard) not in busy]

    found = first_work(free, lambda shard: waiting(client, shard), deadline)
    if not found:
        counts = ", ".join(f"shard {shard}: {waiting(client, shard):,} waiting" for shard in range(shards))
        return dg.SkipReason(f"{shards - len(free())} of {shards} shards are being read; {counts}")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                tags={TAIL_TAG: str(shard), "tg/waiting": str(count)},
                run_config={"ops": {"tail_streams": {"config": {"shard": shard}}}},
            )
            for shard, count in found.items()
        ]
    )
