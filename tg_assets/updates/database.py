"""The tenant's database for listeners: asked from a thread, over a connection that lasts a question.

A listener runs for weeks and asks little, so it keeps no connection that a restart of the database would break.
What does not belong here: the questions.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from sqlalchemy import Connection

if TYPE_CHECKING:
    from tg_assets.stores.database import Database

T = TypeVar("T")


class TenantDatabase:
    """A tenant's database."""

    def __init__(self, postgres: "Database", tenant: UUID, thread: ThreadPoolExecutor) -> None:
        self._postgres, self.tenant, self._thread = postgres, tenant, thread

    async def ask(self, work: Callable[[Connection], T]) -> T:
        """The answer to ``work``, which runs in a transaction of the tenant."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, work)

    def _ask(self, work: Callable[[Connection], T]) -> T:
        with self._postgres.tenant(self.tenant) as session, session.transaction() as connection:
            return work(connection)
