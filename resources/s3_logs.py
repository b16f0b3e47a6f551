"""The output of runs in the bucket of the objects, so that the UI shows it whichever host a run was on.

Credentials, endpoint and region are those of the objects (``AWS_*``). An upload every half minute is what is left of a
run that is killed. While S3 is away runs go on, and their output stays on the machine that they ran on.
"""

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import botocore.session
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from dagster_aws.s3 import S3ComputeLogManager
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

from tg_assets.errors import ServerDown

if TYPE_CHECKING:
    from dagster._core.storage.compute_log_manager import ComputeIOType
    from dagster._serdes import ConfigurableClassData

PROBLEMS = (BotoCoreError, ClientError, Boto3Error, RetriesExceededError, S3DownloadFailedError)
UPLOAD_SECONDS = 30
# A run waits so long for a server that swallows what it is sent, twice for each of its two files.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 30, 2

log = logging.getLogger(__name__)


class S3Logs(S3ComputeLogManager):
    """``dagster-aws``' own, which says what is wrong and leaves nothing half done."""

    def __init__(self, objects: str, directory: str, inst_data: "ConfigurableClassData | None" = None) -> None:
        _session()
        address = urlsplit(objects)
        super().__init__(
            bucket=address.netloc,
            prefix=f"{address.path}/dagster",
            local_dir=directory,
            inst_data=inst_data,
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
            skip_empty_files=True,
            upload_interval=UPLOAD_SECONDS,
        )

    def upload_to_cloud_storage(self, log_key: Sequence[str], io_type: "ComputeIOType", partial: bool = False) -> None:
        """Raises ServerDown, after which the local files stay; Dagster tells it in the run's events."""
        try:
            super().upload_to_cloud_storage(log_key, io_type, partial)
        except PROBLEMS as error:
            raise ServerDown(
                f"The output of this run stays on the machine that it ran on: {_why(error)}. What it made is not "
                "concerned."
            ) from None

    def on_progress(self, log_key: Sequence[str]) -> None:
        """Upload what there is so far; what fails is tried again later, and told at the end."""
        try:
            super().on_progress(log_key)  # type: ignore[no-untyped-call]
        except ServerDown:
            return

    def cloud_storage_has_logs(self, log_key: Sequence[str], io_type: "ComputeIOType", partial: bool = False) -> bool:
        """Whether there is something; while S3 is away there is nothing."""
        try:
            return bool(super().cloud_storage_has_logs(log_key, io_type, partial))
        except PROBLEMS as error:
            log.warning("Output of runs cannot be shown: %s.", _why(error))
            return False

    def download_from_cloud_storage(
        self, log_key: Sequence[str], io_type: "ComputeIOType", partial: bool = False
    ) -> None:
        """Fetch it whole: a piece of it would be taken for all of it for ever."""
        try:
            super().download_from_cloud_storage(log_key, io_type, partial)
        except PROBLEMS as error:
            self.local_manager.delete_logs(log_key=log_key)
            log.warning("Output of runs cannot be shown: %s.", _why(error))

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        """Raises ServerDown: who removes what belongs to a run goes on another time."""
        try:
            super().delete_logs(log_key, prefix)
        except PROBLEMS as error:
            raise ServerDown(f"Output of runs cannot be removed: {_why(error)}.") from None


def _why(error: BaseException) -> str:
    return f"S3 does not answer or refuses it ({type(error).__name__}; see TG_OBJECTS_URL and the AWS_* variables)"


def _session() -> None:
    """What dagster-aws has no setting for: patience, and the region that the objects' client reads."""
    session = botocore.session.get_session()
    session.set_default_client_config(
        Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            request_checksum_calculation="when_required",  # not every server that speaks S3 knows the newer ones
            response_checksum_validation="when_required",
        )
    )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    boto3.setup_default_session(botocore_session=session, region_name=region)
