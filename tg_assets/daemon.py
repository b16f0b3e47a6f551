"""Dagster's daemon, and what it lacks: ``python -m tg_assets.daemon run …``.

Dagster's own looks after backfills every 30 s and has no setting for it: a backfill of two seconds took a minute, half
of it before it began and half until its end was noticed. A run that a daemon was about to launch when it died is taken
to be starting until its time is over, ten minutes in which nobody else does its work. Each look at an open backfill
listed all partitions there are, once for each asset: a third of a processor with ten feeds. And somebody who is always
there has to keep the logs of this machine's services small. What does not belong here: sensors and schedules, which
have settings of their own (``minimum_interval_seconds``, ``dagster.yaml``).
"""

import time
from logging import Logger
from typing import Any

from dagster import AssetKey, DagsterInstance, DagsterRunStatus, MultiPartitionsDefinition, RunRecord
from dagster._core.execution import asset_backfill
from dagster._core.launcher.base import WorkerStatus
from dagster._daemon import controller
from dagster._daemon.monitoring import run_monitoring

from tg_assets.collector import look_seldom
from tg_assets.logs.processes import take_over
from tg_assets.logs.rotation import rotating
from tg_assets.settings import load_settings

BACKFILL_SECONDS = 3
"""From the end of a look at the backfills that are open to the next one."""

_BEGUN = time.time()
_monitor_starting_run = run_monitoring.monitor_starting_run
_there: tuple[MultiPartitionsDefinition, frozenset[str], float] | None = None
_check_target = asset_backfill._check_target_partitions_subset_is_valid


def monitor_starting_run(instance: DagsterInstance, run_record: RunRecord, logger: Logger) -> None:
    """Fail a run that an earlier daemon began to launch and that no process carries; the rest is as Dagster does it."""
    run = run_record.dagster_run
    if run.status is DagsterRunStatus.STARTING:
        launched = instance.get_run_stats(run.run_id).launch_time
        if launched is not None and launched < _BEGUN:
            health = instance.run_launcher.check_run_worker_health(run)
            now = instance.get_run_by_id(run.run_id)
            if health.status is WorkerStatus.FAILED and now is not None and now.status is run.status:
                logger.info(f"The daemon that launched run {run.run_id} is gone, and so is its process.")
                instance.report_run_failed(run, "The daemon died while it launched this run; nothing was done.")
                return
    _monitor_starting_run(instance, run_record, logger)


def check_target(asset_key: AssetKey, asset_graph: Any, target_partitions_subset: Any, instance_queryer: Any) -> None:
    """Fail a backfill with partitions that are no longer there, as Dagster does; only its own are looked up, and once
    for all its assets."""
    global _there
    target = target_partitions_subset
    found = asset_graph.get(asset_key).partitions_def if target and asset_graph.has(asset_key) else None
    if isinstance(found, MultiPartitionsDefinition):
        keys, now = frozenset(target.get_partition_keys()), time.monotonic()
        if _there and _there[:2] == (found, keys) and now < _there[2]:
            return
        if len(found.filter_valid_partition_keys(set(keys))) == len(keys):
            _there = (found, keys, now + BACKFILL_SECONDS)
            return
    _check_target(asset_key, asset_graph, target, instance_queryer)


def main() -> None:
    """Dagster's command line with these."""
    from dagster._daemon.cli import main as dagster

    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = BACKFILL_SECONDS
    run_monitoring.monitor_starting_run = monitor_starting_run
    asset_backfill._check_target_partitions_subset_is_valid = check_target
    take_over()
    look_seldom()
    with rotating(load_settings().state_dir / "logs"):
        dagster()


if __name__ == "__main__":
    main()
