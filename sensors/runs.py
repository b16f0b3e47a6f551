"""Which runs of a job are not over, and how the last ones ended: sensors ask before they request another.

A run that goes on, by its status, counts only while its process lives; Dagster's run monitoring ends the others.
"""

import time
from collections.abc import Sequence
from itertools import takewhile

import dagster as dg
from sqlalchemy import Connection

from tg_assets.stores.run_lock import living

ACTIVE = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
# A run has a process that can show that it lives; whoever does not get that far is ended by run monitoring.
GOING_ON = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
# So soon after its start a run shows that it lives, also on a busy machine.
NEW_SECONDS = 15.0
# After so many failed runs in a row, the next one waits for so long: while a server is away each would fail within
# seconds. One failure alone, such as a run that was killed, is made up for at once.
RESTS = (0.0, 0.0, 5.0, 15.0, 60.0)


def unfinished_runs(instance: dg.DagsterInstance, job: str) -> Sequence[dg.RunRecord]:
    """A job's runs that wait, start or go on, by their status alone."""
    return instance.get_run_records(dg.RunsFilter(job_name=job, statuses=list(ACTIVE)))


def active_runs(instance: dg.DagsterInstance, job: str, connection: Connection) -> Sequence[dg.RunRecord]:
    """A job's runs that are not over, without those whose process is gone."""
    records = unfinished_runs(instance, job)
    old = time.time() - NEW_SECONDS
    going_on = {
        record.dagster_run.run_id
        for record in records
        if record.dagster_run.status in GOING_ON and (record.start_time or 0.0) < old
    }
    gone = going_on - living(connection, sorted(going_on)) if going_on else set()
    return [record for record in records if record.dagster_run.run_id not in gone]


def rest(ended: Sequence[tuple[dg.DagsterRunStatus, float]], now: float) -> float:
    """Seconds until a run may be asked for; ``ended`` are status and end of runs that are over, the newest first.

    However late it is by the clock that told their ends: one that was set back since makes nobody wait for it.
    """
    failed = list(takewhile(lambda run: run[0] is dg.DagsterRunStatus.FAILURE, ended))
    pause = RESTS[min(len(failed), len(RESTS) - 1)]
    return min(pause, max(0.0, failed[0][1] + pause - now)) if failed else 0.0


def newest(instance: dg.DagsterInstance, job: str) -> list[tuple[dg.DagsterRunStatus, float]]:
    """Status and end of a job's last runs that are over, the newest first: as many as ``rest`` looks at."""
    over = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
    records = instance.get_run_records(over, limit=len(RESTS) - 1)
    return [(one.dagster_run.status, one.end_time or one.update_timestamp.timestamp()) for one in records]
