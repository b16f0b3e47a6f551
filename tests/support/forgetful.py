"""A Dagster that remembers no event of the runs that a process of tests makes, one after the other.

A run hands its events to whoever started it, and a test looks at those. That Dagster writes each of them into tables
and looks for earlier ones before every step took more time than the assets did; tests of what Dagster itself shows
start installations, or bring an instance that remembers. What does not belong here: what is materialized.
"""

import atexit
from collections.abc import Sequence
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
from dagster._core.instance import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class NoEvents(InMemoryEventLogStorage):
    """Knows the keys of partitions, and no event."""

    def __init__(self) -> None:
        super().__init__()
        self._there: set[tuple[str, str]] = set()

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Forget it."""

    def get_asset_records(self, asset_keys: Sequence[dg.AssetKey] | None = None) -> Sequence[Any]:
        """None: nothing is remembered of any asset."""
        return []

    def fetch_observations(self, *_: Any, **__: Any) -> dg.EventRecordsResult:
        """None."""
        return dg.EventRecordsResult(records=[], cursor="", has_more=False)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether there is a key; it is asked a dozen times a step, and one that is there stays."""
        asked = partitions_def_name, partition_key
        if asked not in self._there and super().has_dynamic_partition(*asked):
            self._there.add(asked)
        return asked in self._there


@cache
def forgetful() -> dg.DagsterInstance:
    """The one of this process."""
    directory = TemporaryDirectory()
    atexit.register(directory.cleanup)
    return dg.DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=LocalArtifactStorage(directory.name),
        run_storage=InMemoryRunStorage(),
        event_storage=NoEvents(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )
