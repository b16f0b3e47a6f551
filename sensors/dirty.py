"""Sensor ``start_refresh``: live traffic touched partitions, or events wait in an outbox, and no run is at it.

It counts marks, and asks for one run that works on the fewest stretches that cover them and goes on while there
is traffic; never for a second one, never for one without work.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import dagster as dg
from sqlalchemy import Connection

from resources.postgres import Postgres
from sensors.runs import active_runs, newest, rest
from tg_assets import ids
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.runs.live_runs import refresh

# The daemon begins a tick every five seconds, when the last one is over: so this leaves a gap of a second, not of four.
BUDGET_SECONDS = 13.5
LOOK_SECONDS = 0.5
# How often it asks whether a run is at it: one that was killed leaves its work to the next.
RUNS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What waits, over all tenants."""

    partitions: int = 0
    stretches: int = 0
    outgoing: int = 0

    def __bool__(self) -> bool:
        return bool(self.partitions or self.outgoing)


def find_work(connection: Connection, slugs: Iterable[str]) -> Work:
    """What waits for these tenants: one question each, and two counts where something does."""
    from tg_assets.ledger import dirty, outbox
    from tg_assets.stores.database import TenantConnection

    partitions = stretches = outgoing = 0
    for tenant in [ids.NO_TENANT, *map(ids.tenant_id, slugs)]:
        with TenantConnection(connection, tenant).transaction():
            if not dirty.is_due(connection):
                continue
            found = dirty.due_partitions(connection)
            partitions += len(found.partitions)
            stretches += len(found.scopes())
            outgoing += outbox.waiting(connection)
    return Work(partitions, stretches, outgoing)


def first_work(running: Callable[[], bool], find: Callable[[], Work], deadline: float) -> Work:
    """What waits and no run is at, as soon as something does; empty when nothing did until the deadline."""
    busy, asked = running(), time.monotonic()
    while busy or not (found := find()):
        if time.monotonic() >= deadline:
            return Work()
        time.sleep(RUNS_SECONDS if busy else LOOK_SECONDS)
        if time.monotonic() >= asked + RUNS_SECONDS:
            busy, asked = running(), time.monotonic()
    return found


@dg.sensor(job_name=refresh.name, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def start_refresh(context: dg.SensorEvaluationContext, postgres: Postgres) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run of the stages when partitions are dirty and none is going on."""
    deadline = time.monotonic() + BUDGET_SECONDS
    slugs = tenant_slugs(known_feeds(context.instance))
    with postgres.connection() as connection:
        found = first_work(
            lambda: bool(active_runs(context.instance, refresh.name, connection)),
            lambda: find_work(connection, slugs),
            deadline,
        )
        left = found or find_work(connection, slugs)
    if not found and left:
        return dg.SkipReason(f"a run is at it; {left.partitions:,} partitions are dirty")
    if found and (seconds := rest(newest(context.instance, refresh.name), time.time())):
        return dg.SkipReason(f"the last runs failed; the next one begins in {seconds:.0f} s")
    if not found:
        return dg.SkipReason("no partition is dirty and no event waits to be sent")
    tags = {"tg/partitions": str(found.partitions), "tg/stretches": str(found.stretches)}
    return dg.SensorResult(run_requests=[dg.RunRequest(tags=tags)])
