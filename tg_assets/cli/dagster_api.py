"""The running Dagster over its GraphQL: launching a backfill as the UI does, and watching it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from tg_assets.encrypted import shows_certificate
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from tg_assets.stores.dagster_lines import Line, RunLog

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
fragment Watched on PartitionBackfillOrError {
  __typename
  ... on PartitionBackfill {
    status
    error { message }
    runs(limit: 50) { id status startTime endTime }
  }
  ... on PythonError { message }
  ... on BackfillNotFoundError { message }
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
    ... on EventConnection { cursor hasMore events {
      __typename
      ... on MessageEvent { stepKey }
      ... on ExecutionStepFailureEvent { error { ...Fault } }
      ... on RunFailureEvent { error { ...Fault } }
    } }
  }
}
fragment Fault on PythonError { className message errorChain { error { className message } } }
"""
_DAEMON = '{ instance { daemonHealth { daemonStatus(daemonType: "BACKFILL") { healthy } } } }'
# Sentences that are meant for a person arrive with their class in front.
SENTENCES = (
    "TgAssetsError", "ServerDown", "ServerRefuses", "WrongSetting", "NotAllowed", "Refused", "LoggedOut",
    "FloodTooLong", "NotThere", "CursorRefused", "NoSuch", "NoKey", "WrongParameter",
)  # fmt: skip
# A daemon that was heard of at this distance is alive; it may be busy.
DAEMON_SECONDS = 600.0
FINISHED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "COMPLETED", "CANCELED", "FAILED"}


# A poll takes a tenth of the time, unless that would be too seldom for people.
REST, LONGEST_SECONDS = 9, 5.0
RUN_OVER = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass(frozen=True, slots=True)
class Progress:
    """A backfill now: its status, its runs' statuses, and when the first began and the last ended, in Unix time."""

    status: str
    runs: dict[str, str]
    error: str | None = None
    causes: tuple[str, ...] = ()
    """Why its runs failed, as far as they say it."""
    began: float | None = None
    ended: float | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in FINISHED


class Follower(Protocol):
    """Whoever is told how backfills go on, each by its place among those that are waited for."""

    def said(self, place: int, line: "Line") -> None:
        """A run said something."""

    def seen(self, place: int, state: Progress) -> None:
        """Where a backfill is; again and again, for the last time when it is finished."""


class DagsterApi:
    """A Dagster webserver by address."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        # One client: httpx reads the CA certificates for each new one, 0.17 s of CPU per request, and here only where
        # there will be any. No connection is kept, because a poll must not meet one that the server is just closing.
        # An answer may take its time on a busy machine; who does not listen at all is known at once.
        patience = httpx.Timeout(60, read=600)
        try:
            limits = httpx.Limits(max_keepalive_connections=0)
            self._client = httpx.Client(timeout=patience, limits=limits, verify=shows_certificate(self.address))
        except (httpx.InvalidURL, ValueError):
            raise TgAssetsError("HTTP_PROXY or its like is not usable. Correct or unset it.") from None

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        try:
            answer = self._client.post(f"{self.address}/graphql", json={"query": query, "variables": variables})
            answer.raise_for_status()
            body: dict[str, Any] = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise TgAssetsError(
                f"Dagster's webserver at {self.address} does not answer ({type(error).__name__}). "
                "Start it with `tg-assets up`, or set TG_DAGSTER_URL."
            ) from None
        if body.get("errors"):
            raise TgAssetsError(f"Dagster refused the request: {body['errors'][0]['message']}")
        data: dict[str, Any] = body["data"]
        return data

    def launch_backfill(
        self,
        assets: Sequence[str],
        partitions: Sequence[str],
        title: str,
        run_config: dict[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Launch a backfill of assets over partitions, whose runs have these tags too; returns its id."""
        params: dict[str, Any] = {
            "assetSelection": [{"path": [asset]} for asset in assets],
            "partitionNames": list(partitions),
            "title": title,
            "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
        }
        if run_config:
            params["runConfigData"] = run_config
        answer = self._ask(_LAUNCH, params=params)["launchPartitionBackfill"]
        if answer["__typename"] != "LaunchBackfillSuccess":
            raise TgAssetsError(f"Dagster did not take the backfill: {answer.get('message') or answer}")
        return str(answer["backfillId"])

    def progress(self, backfills: Sequence[str]) -> list[Progress]:
        """Where backfills are."""
        asked = "\n".join(
            f"b{place}: partitionBackfillOrError(backfillId: $b{place}) {{ ...Watched }}"
            for place in range(len(backfills))
        )
        ids = {f"b{place}": backfill for place, backfill in enumerate(backfills)}
        query = f"query Watch({', '.join(f'${name}: String!' for name in ids)}) {{ {asked} }} {_WATCH}"
        answers = self._ask(query, **ids)
        return [_progress(backfill, answers[name]) for name, backfill in ids.items()]

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

    def causes(self, run: str) -> list[str]:
        """Why a run's steps or itself failed."""
        found: list[str] = []
        after, more = None, True
        while more:
            answer = self._ask(_EVENTS, run=run, after=after)["logsForRun"]
            if answer["__typename"] != "EventConnection":
                break
            for event in answer["events"]:
                if event.get("error") and (told := cause(event.get("stepKey") or "", event["error"])):
                    found.append(told)
            after, more = answer["cursor"] or after, answer["hasMore"]
        return found

    def has_daemon(self) -> bool:
        """Whether a daemon works on backfills."""
        return bool(self._ask(_DAEMON)["instance"]["daemonHealth"]["daemonStatus"]["healthy"])

    def wait(self, backfills: Sequence[str], log: "RunLog", follower: Follower) -> list[Progress]:
        """Wait until backfills are finished, however long they take, passing on what their runs say.

        Raises TgAssetsError when nobody is there who would go on with them.
        """
        finished: dict[str, Progress] = {}
        places: dict[str, int] = {}
        read: set[str] = set()
        alive = time.monotonic()
        while True:
            begun = time.monotonic()
            pending = [backfill for backfill in backfills if backfill not in finished]
            for backfill, state in zip(pending, self.progress(pending), strict=True):
                number = backfills.index(backfill)
                for run, status in state.runs.items():
                    if run not in read and status not in ("QUEUED", "NOT_STARTED"):
                        lines, places[run] = log.lines(run, places.get(run, 0))
                        for line in lines:
                            follower.said(number, line)
                    if status in RUN_OVER:
                        read.add(run)
                if state.finished:
                    failed = [run for run, status in state.runs.items() if status == "FAILURE"]
                    causes = dict.fromkeys(one for run in failed for one in self.causes(run))
                    finished[backfill] = state = replace(state, causes=tuple(causes))
                follower.seen(number, state)
            if len(finished) == len(backfills):
                return [finished[backfill] for backfill in backfills]
            if self.has_daemon():
                alive = time.monotonic()
            elif time.monotonic() - alive > DAEMON_SECONDS:
                raise TgAssetsError(
                    "Dagster's daemon, which works on backfills, has not been heard of for "
                    f"{DAEMON_SECONDS / 60:.0f} minutes. Start it with `tg-assets up`; the backfill then goes on."
                )
            time.sleep(min(LONGEST_SECONDS, max(1.0, REST * (time.monotonic() - begun))))


def _progress(backfill: str, answer: Mapping[str, Any]) -> Progress:
    if answer["__typename"] != "PartitionBackfill":
        raise TgAssetsError(f"Backfill {backfill}: {answer.get('message')}")
    runs = answer["runs"]
    return Progress(
        answer["status"],
        {run["id"]: run["status"] for run in runs},
        answer["error"]["message"] if answer.get("error") else None,
        began=min((run["startTime"] for run in runs if run["startTime"]), default=None),
        ended=max((run["endTime"] for run in runs if run["endTime"]), default=None),
    )


def cause(step: str, error: dict[str, Any]) -> str:
    """What a failure says: its sentence where there is one, else its class; the words of others may quote messages.

    Empty for a run that failed because its steps did: they say it themselves.
    """
    chain = [error, *(link["error"] for link in error.get("errorChain") or ())]
    at = f"{step}: " if step else ""
    for one in chain:
        if one["className"] in SENTENCES:
            return at + str(one["message"]).strip().partition(": ")[2].strip()
    if not step and chain[0]["className"] in (None, "DagsterExecutionStepExecutionError"):
        return ""
    kind = chain[-1]["className"]
    return f"{at}{kind}, which is a fault of tg-assets or of something below it; the run's page shows all of it."
