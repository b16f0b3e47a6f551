"""Dagster's runs that are not over, by its webserver."""

from dataclasses import dataclass

from tg_assets.cli.dagster_api import DagsterApi

_RUNS = """
query Runs($statuses: [RunStatus!]) {
  runsOrError(filter: {statuses: $statuses}, limit: 100) {
    __typename
    ... on Runs { results { runId jobName status creationTime startTime tags { key value } } }
  }
}
"""
ACTIVE = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is not over. ``what`` is the feed or shard it is about; ``since`` a Unix time."""

    id: str
    job: str
    status: str
    what: str
    since: float


class RunsApi(DagsterApi):
    """The webserver's runs."""

    def active(self) -> list[Run]:
        """Runs that wait, start or go on, the oldest first."""
        found = self._ask(_RUNS, statuses=list(ACTIVE))["runsOrError"].get("results", [])
        return sorted(map(_run, found), key=lambda run: run.since)


def _run(one: dict[str, object]) -> Run:
    tags = {tag["key"]: tag["value"] for tag in one["tags"]}  # type: ignore[attr-defined]
    what = tags.get("tg/feed") or (f"shard {tags['tg/tail']}" if "tg/tail" in tags else "")
    what = what or tags.get("dagster/asset_partition_range_start", "").partition("|")[2]
    job = "backfill" if str(one["jobName"]).startswith("__") else str(one["jobName"])
    return Run(str(one["runId"]), job, str(one["status"]), what, float(str(one["startTime"] or one["creationTime"])))
