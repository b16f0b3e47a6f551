"""Which runs of a job are not over: sensors ask before they request another."""

from collections.abc import Sequence

import dagster as dg

ACTIVE = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def active_runs(instance: dg.DagsterInstance, job: str) -> Sequence[dg.RunRecord]:
    """A job's runs that wait, start or go on."""
    return instance.get_run_records(dg.RunsFilter(job_name=job, statuses=list(ACTIVE)))
