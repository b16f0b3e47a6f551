"""The running Dagster over its GraphQL: launching a backfill as the UI does, and watching it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tg_assets.errors import TgAssetsError

_LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on PartitionKeysNotFoundError { message }
    ... on UnauthorizedError { message }
    ... on InvalidStepError { invalidStepKey }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
_WATCH = """
query Watch($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    __typename
    ... on PartitionBackfill {
      status
      error { message }
      runs(limit: 50) { id status startTime }
    }
    ... on PythonError { message }
    ... on BackfillNotFoundError { message }
  }
}
"""
_STATUSES = """
query Statuses($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    partitionStats { numMaterialized numPartitions numFailed numMaterializing }
  }
}
"""
_LATEST = """
query Latest($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetMaterializations(limit: 1) {
      metadataEntries { label ... on IntMetadataEntry { intValue } }
    }
  }
}
"""
_EVENTS = """
query Events($run: ID!, $after: String) {
  logsForRun(runId: $run, afterCursor: $after, limit: 500) {
    __typename
    ... on EventConnection { cursor hasMore events { __typename ... on MessageEvent { message stepKey level } } }
  }
}
"""
FINISHED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "COMPLETED", "CANCELED", "FAILED"}


@dataclass(frozen=True, slots=True)
class Progress:
    """A backfill now: its status and its runs' statuses."""

    status: str
    runs: dict[str, str]
    error: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in FINISHED


class DagsterApi:
    """A Dagster webserver by address."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        # One client: httpx reads the CA certificates for each new one, 0.17 s of CPU per request. No connection is
        # kept, because a poll must not meet one that the server is just closing.
        self._client = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        try:
            answer = self._client.post(f"{self.address}/graphql", json={"query": query, "variables": variables})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise TgAssetsError(
                f"Dagster's webserver at {self.address} does not answer ({type(error).__name__}). "
                "Start it with `tg-assets up`, or set TG_DAGSTER_URL."
            ) from None
        body: dict[str, Any] = answer.json()
        if body.get("errors"):
            raise TgAssetsError(f"Dagster refused the request: {body['errors'][0]['message']}")
        data: dict[str, Any] = body["data"]
        return data

    def launch_backfill(
        self, assets: Sequence[str], partitions: Sequence[str], title: str, run_config: dict[str, Any] | None = None
    ) -> str:
        """Launch a backfill of assets over partitions; returns its id."""
        params: dict[str, Any] = {
            "assetSelection": [{"path": [asset]} for asset in assets],
            "partitionNames": list(partitions),
            "title": title,
        }
        if run_config:
            params["runConfigData"] = run_config
        answer = self._ask(_LAUNCH, params=params)["launchPartitionBackfill"]
        if answer["__typename"] != "LaunchBackfillSuccess":
            raise TgAssetsError(f"Dagster did not take the backfill: {answer.get('message') or answer}")
        return str(answer["backfillId"])

    def progress(self, backfill: str) -> Progress:
        """Where a backfill is."""
        answer = self._ask(_WATCH, id=backfill)["partitionBackfillOrError"]
        if answer["__typename"] != "PartitionBackfill":
            raise TgAssetsError(f"Backfill {backfill}: {answer.get('message')}")
        error = answer["error"]["message"] if answer.get("error") else None
        return Progress(answer["status"], {run["id"]: run["status"] for run in answer["runs"]}, error)

    def partition_counts(self, assets: Sequence[str]) -> dict[str, dict[str, int]]:
        """Per asset: numMaterialized, numPartitions, numFailed, numMaterializing."""
        nodes = self._ask(_STATUSES, keys=[{"path": [asset]} for asset in assets])["assetNodes"]
        return {node["assetKey"]["path"][-1]: node["partitionStats"] for node in nodes}

    def latest_metadata(self, assets: Sequence[str]) -> dict[str, dict[str, int]]:
        """Per asset: the whole numbers of its latest materialization."""
        nodes = self._ask(_LATEST, keys=[{"path": [asset]} for asset in assets])["assetNodes"]
        return {
            node["assetKey"]["path"][-1]: {
                entry["label"]: entry["intValue"]
                for event in node["assetMaterializations"]
                for entry in event["metadataEntries"]
                if entry.get("intValue") is not None
            }
            for node in nodes
        }

    def messages(self, run: str, after: str | None) -> tuple[list[tuple[str, str]], str | None]:
        """New log lines of a run as (step, message), and the cursor behind them."""
        answer = self._ask(_EVENTS, run=run, after=after)["logsForRun"]
        if answer["__typename"] != "EventConnection":
            return [], after
        lines = [
            (event.get("stepKey") or "", event["message"])
            for event in answer["events"]
            if event["__typename"] == "LogMessageEvent"
        ]
        return lines, answer["cursor"] or after

    def wait(self, backfills: Sequence[str], tell: Callable[[str], None], seconds: float = 3600) -> list[Progress]:
        """Wait until backfills are finished, passing on what their runs say; raises when time is up."""
        deadline = time.monotonic() + seconds
        cursors: dict[str, str | None] = {}
        while True:
            states = [self.progress(backfill) for backfill in backfills]
            for run in {run for state in states for run in state.runs}:
                lines, cursors[run] = self.messages(run, cursors.get(run))
                for _, message in lines:
                    tell(message)
            if all(state.finished for state in states):
                return states
            if time.monotonic() > deadline:
                raise TgAssetsError(f"The backfill did not finish within {seconds:.0f} s; see {self.address}/runs.")
            time.sleep(1)
