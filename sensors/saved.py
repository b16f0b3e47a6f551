"""Sensor ``start_telling``: a saved question has something new to be asked about, or a receiver waits to be told.

It asks for one run, which goes on while there is more; never for a second one. No guarantee rests on it: what was
indexed waits in ``newly_indexed``, what was found in ``saved_matches``. Its cursor is the place of the tenant that is
looked at next, so that none is too far behind the others to be looked at in time.
"""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

import dagster as dg
from sqlalchemy import Connection

from resources.postgres import Postgres
from sensors.runs import active_runs, newest, rest
from tg_assets import ids
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.runs.saved_runs import tell

BUDGET_SECONDS = 12.0


def first_due(tenants: Iterable[UUID], is_due: Callable[[UUID], bool], deadline: float) -> tuple[bool, int]:
    """Whether a tenant has anything to be told of, and how many were looked at until that one or the deadline."""
    looked = 0
    for looked, tenant in enumerate(tenants, 1):
        if is_due(tenant):
            return True, looked
        if time.monotonic() > deadline:
            break
    return False, looked


def asker(connection: Connection) -> Callable[[UUID], bool]:
    """Asks one tenant after the other on a connection."""
    from tg_assets.saved.rounds import is_due
    from tg_assets.stores.database import TenantConnection

    def ask(tenant: UUID) -> bool:
        with TenantConnection(connection, tenant).transaction() as inside:
            return is_due(inside)

    return ask


@dg.sensor(job_name=tell.name, minimum_interval_seconds=15, default_status=dg.DefaultSensorStatus.RUNNING)
def start_telling(context: dg.SensorEvaluationContext, postgres: Postgres) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run when a saved question has something new, and none is going on."""
    deadline = time.monotonic() + BUDGET_SECONDS
    tenants = [ids.tenant_id(slug) for slug in tenant_slugs(known_feeds(context.instance))]
    first = int(context.cursor or 0) % max(1, len(tenants))
    with postgres.connection() as connection:
        if active_runs(context.instance, tell.name, connection):
            return dg.SkipReason("a run is at it")
        found, looked = first_due([*tenants[first:], *tenants[:first]], asker(connection), deadline)
    context.update_cursor(str(first + looked))
    if found and (seconds := rest(newest(context.instance, tell.name), time.time())):
        return dg.SkipReason(f"the last runs failed; the next one begins in {seconds:.0f} s")
    if found:
        return dg.SensorResult(run_requests=[dg.RunRequest()])
    return dg.SkipReason(f"nothing is new to saved questions; looked at {looked} of {len(tenants)} tenants")
