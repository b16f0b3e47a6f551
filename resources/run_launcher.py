"""Dagster's launcher, and what it lacks: whether the process of a run lives, so that run monitoring ends runs.

Dagster's own notices only what the code server tells it: a run whose process died together with the code server stays
started for ever, and keeps its place in the queue. What does not belong here: how a process shows that it lives
(``run_lock``).
"""

import json
import os
import time
from typing import TYPE_CHECKING

from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.dagster_run import DagsterRun

if TYPE_CHECKING:
    from dagster._serdes.config_class import ConfigurableClassData

# A run that was just started does not hold its name yet, and after a restart of PostgreSQL it takes it again.
GONE_SECONDS = 25.0


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs on the code server. A run is gone when nobody has held its name for a while."""

    def __init__(self, inst_data: "ConfigurableClassData | None" = None) -> None:
        super().__init__(inst_data)
        self._missing: dict[str, float] = {}

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process lives; while PostgreSQL does not answer, every one does."""
        from sqlalchemy.exc import SQLAlchemyError

        from tg_assets.errors import TgAssetsError
        from tg_assets.stores.database import Database
        from tg_assets.stores.run_lock import living

        url = os.environ.get("TG_POSTGRES_URL")
        if url is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "TG_POSTGRES_URL is not set, so nobody can tell.")
        try:
            with Database(url=url).connection() as connection:
                lives = bool(living(connection, [run.run_id]))
        except (SQLAlchemyError, TgAssetsError):
            self._missing.clear()
            return CheckRunHealthResult(WorkerStatus.RUNNING, "PostgreSQL does not answer, so nobody can tell.")
        if lives:
            self._missing.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        now = time.monotonic()
        if now - self._missing.setdefault(run.run_id, now) < GONE_SECONDS or self._is_carried(run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._missing[run.run_id]
        return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone; what it left undone is for another run")

    def _is_carried(self, run_id: str) -> bool:
        """Whether the code server that launched a run has its process: on a busy machine a name may take longer."""
        from dagster import DagsterError
        from dagster._grpc.types import CanCancelExecutionRequest

        server = self._get_grpc_client_for_termination(run_id)  # type: ignore[no-untyped-call]
        if server is None:
            return False
        try:
            answer = server.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id))
        except DagsterError:
            return False
        return bool(json.loads(answer)["can_cancel"])
