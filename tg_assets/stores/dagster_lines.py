"""What a run's own code said, read from Dagster's own database.

Its webserver has no filter: of a run over three years it gives sixty thousand events, five hundred at a time, for two
hundred lines. What does not belong here: why a run failed, which the webserver tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import text

from tg_assets.stores.dagster_database import dagster_database

_LINES = """
    SELECT id, CASE WHEN dagster_event_type IS NULL THEN event END FROM event_logs
    WHERE run_id = :run AND id > :after ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a run's log; ``at`` is a Unix time."""

    at: float
    said: str


class RunLog:
    """Dagster's PostgreSQL by URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def lines(self, run: str, after: int) -> tuple[Sequence[Line], int]:
        """Lines that came after a place, and the place behind them. Raises TgAssetsError without a database."""
        found = list[Line]()
        with dagster_database(self._url) as connection:
            for place, event in connection.execute(text(_LINES), {"run": run, "after": after}):
                after = place
                if event is not None:
                    body = orjson.loads(event)
                    found.append(Line(body["timestamp"], body["user_message"]))
        return found, after
