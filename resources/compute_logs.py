"""Where the output of runs is kept: with the objects when they are in S3, else on this machine, as Dagster does it.

What does not belong here: S3 (``s3_logs``), which is imported only where it is used.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import StringSource
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData

from tg_assets.settings import load_settings

log = logging.getLogger(__name__)


class ComputeLogs(LocalComputeLogManager):
    """What ``dagster.yaml`` names; ``home`` is Dagster's directory on this machine."""

    @classmethod
    def config_type(cls) -> Any:
        """The keys in ``dagster.yaml``."""
        return {"home": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Any:
        """The one that the address of the objects asks for. A run does not fail for want of it."""
        directory, objects = str(Path(config_value["home"], "storage")), load_settings().objects_url or ""
        if objects.startswith("s3://"):
            from resources.s3_logs import PROBLEMS, S3Logs

            try:
                return S3Logs(objects, directory, inst_data)
            except (*PROBLEMS, ValueError) as error:
                kind = type(error).__name__
                log.warning("Output of runs stays in %s: S3 cannot be used for it (%s).", directory, kind)
        return LocalComputeLogManager(directory, inst_data=inst_data)
