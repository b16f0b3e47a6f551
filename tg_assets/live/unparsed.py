"""Messages that a backlog made durable without parsing them: the tail parses them once it has caught up.

Nothing is lost with this list: the stage ``posts`` finds the same messages stale, whoever runs it.
"""

import logging
from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection

from tg_assets.faults import is_down
from tg_assets.landing import posts
from tg_assets.ledger.engine import run_stage
from tg_assets.partitions import window
from tg_assets.scope import merge
from tg_assets.stores.database import TenantConnection

log = logging.getLogger(__name__)


class Unparsed:
    """Partitions, by (feed, first day of the window), that hold such messages."""

    def __init__(self, run_id: str | None) -> None:
        self._run_id = run_id
        self._partitions: set[tuple[str, date]] = set()

    def __bool__(self) -> bool:
        return bool(self._partitions)

    def add(self, partitions: Iterable[tuple[str, date]]) -> None:
        """Remember partitions."""
        self._partitions.update(partitions)

    def parse(self, connection: Connection, limit: int) -> None:
        """Parse at most ``limit`` messages of one stretch.

        One that another process is at, or whose stage fails, is left to ``refresh``, which reports failures. Raises
        only what says that the server is away.
        """
        scope = merge((feed, *window(day.isoformat())) for feed, day in self._partitions)[0]
        session = TenantConnection(connection, scope.tenant)
        try:
            report = run_stage(posts.STAGE, session, scope, limit=limit, wait=False, run_id=self._run_id)
            over = not report.left or not report.done
        except Exception as error:
            if is_down(error):
                raise
            log.error("posts of %s are left to the next refresh: %s", scope.feed, type(error).__name__)
            over = True
        if over:
            self._partitions = {one for one in self._partitions if not scope.holds(*one)}
