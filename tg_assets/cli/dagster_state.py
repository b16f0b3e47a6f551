"""Whether Dagster's own parts are at work, by its webserver: daemon, sensors and schedules, failed runs."""

import time
from collections.abc import Iterator, Mapping

from tg_assets.cli.dagster_api import DagsterApi
from tg_assets.errors import TgAssetsError
from tg_assets.metrics.catalogue import AUTOMATIONS

_HEARTBEATS = "{ instance { daemonHealth { allDaemonStatuses { required lastHeartbeatTime } } } }"
_STATE = """
query State($since: Float!) {
  repositoriesOrError {
    __typename
    ... on RepositoryConnection { nodes {
      sensors { name sensorState { status } }
      schedules { name scheduleState { status } }
    } }
  }
  runsOrError(filter: {statuses: [FAILURE], updatedAfter: $since}) { __typename ... on Runs { count } }
}
"""
FAILED_SECONDS = 3600.0


class StateApi(DagsterApi):
    """The webserver's view of the instance."""

    def answers(self) -> None:
        """Raises TgAssetsError when the webserver does not answer."""
        self._ask("{ version }")

    def require_daemon(self, seconds: float) -> None:
        """Raises TgAssetsError unless every part of the daemon that is needed was heard of within this time."""
        statuses = self._ask(_HEARTBEATS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        oldest = min((one["lastHeartbeatTime"] or 0.0 for one in statuses if one["required"]), default=0.0)
        if oldest < time.time() - seconds:
            raise TgAssetsError("Dagster's daemon has not been heard of for minutes. Start it with `tg-assets up`.")

    def gauges(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        """Whether sensors and schedules are on, and how many runs failed within the hour."""
        found = self._ask(_STATE, since=time.time() - FAILED_SECONDS)
        repositories = found["repositoriesOrError"].get("nodes")
        if not repositories or "count" not in found["runsOrError"]:
            raise TgAssetsError(
                "Dagster does not load our code. See the log of dagster-code (`tg-assets status`), and Deployment in "
                "Dagster."
            )
        yield "failed_runs", {}, float(found["runsOrError"]["count"])
        for repository in repositories:
            for one in (*repository["sensors"], *repository["schedules"]):
                if one["name"] in AUTOMATIONS:
                    state = one.get("sensorState") or one["scheduleState"]
                    yield "automation_on", {"name": one["name"]}, float(state["status"] == "RUNNING")
