"""The process that listens: accounts side by side in one event loop, one publisher for all of them.

An account whose connection breaks is connected again; one that Telegram does not accept any more stops with a
sentence, and the others go on. What does not belong here: what an account does while it is connected.
"""

import asyncio
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.accounts.budget import FloodTooLong, Log
from tg_assets.accounts.client import opened
from tg_assets.errors import ServerDown, TgAssetsError
from tg_assets.faults import is_down
from tg_assets.live.outages import DATABASE, TELEGRAM, Outages
from tg_assets.settings import Settings
from tg_assets.updates.account import AccountListener
from tg_assets.updates.asking import Reconnect
from tg_assets.updates.client import ListeningClient, ListeningSession
from tg_assets.updates.database import TenantDatabase
from tg_assets.updates.publisher import MakeProducer, Publisher
from tg_assets.updates.status import Status

if TYPE_CHECKING:
    from tg_assets.stores.database import Database

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# A connection that lasted this long was a good one: the next failure is a new trouble.
GOOD_SECONDS = 60.0


@dataclass(slots=True)
class _Running:
    tenant: UUID
    slug: str
    account: store.Account
    status: Status
    outages: Outages
    listener: AccountListener | None = None


@dataclass(slots=True)
class Listener:
    """Listens with accounts, given as (tenant's slug, account), until ``stop`` or until none is left."""

    postgres: "Database"
    settings: Settings
    make_producer: MakeProducer
    log: Log
    publisher: Publisher = field(init=False)
    _running: list[_Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.make_producer, directory(self.settings))

    @property
    def statuses(self) -> list[Status]:
        """How each account's listening goes."""
        return [one.status for one in self._running]

    async def run(self, chosen: Sequence[tuple[str, store.Account]], stop: asyncio.Event) -> None:
        """Listen; raises TgAssetsError when no account is left, or when events cannot be kept anywhere."""
        self._running = [self._of(slug, account) for slug, account in chosen]
        with ThreadPoolExecutor(4, "database") as thread:
            publishing = asyncio.create_task(self.publisher.run())
            stopping = asyncio.create_task(stop.wait())
            listening = [asyncio.create_task(self._account(one, thread)) for one in self._running]
            everybody = asyncio.create_task(self._all(listening))
            try:
                await asyncio.wait([publishing, stopping, everybody], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (stopping, *listening):
                    task.cancel()
                await asyncio.gather(stopping, everybody, *listening, return_exceptions=True)
                self.publisher.close()
                await publishing
            if not stop.is_set():
                raise TgAssetsError("No account listens any more. `tg-assets accounts` says why.")

    def _of(self, slug: str, account: store.Account) -> _Running:
        status = Status(slug, account.name)
        return _Running(ids.tenant_id(slug), slug, account, status, Outages(status.name, self.log))

    @staticmethod
    async def _all(tasks: Sequence["asyncio.Task[None]"]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _account(self, one: _Running, thread: ThreadPoolExecutor) -> None:
        """Listen with one account for as long as it can be used."""
        pause = FIRST_PAUSE
        while not one.status.is_over:
            started = time.monotonic()
            try:
                await self._connected(one, thread)
            except Reconnect:
                self.log(f"{one.status.name}: connecting again, since updates do not come")
                continue
            except FloodTooLong as error:
                self._trouble(one, str(error))
            except (ServerDown, OSError) as error:
                self._trouble(
                    one, str(error) if isinstance(error, ServerDown) else "the connection to Telegram is lost", TELEGRAM
                )
            except TgAssetsError as error:
                self._over(one, str(error))
            except Exception as error:  # noqa: BLE001 - told, and tried again
                if is_down(error):
                    self._trouble(one, "the database does not answer", DATABASE)
                else:  # a defect, which somebody has to see; what it was about is in no log
                    frame = traceback.extract_tb(error.__traceback__)[-1]
                    where = f"{Path(frame.filename).name}:{frame.lineno}"
                    self._trouble(one, f"an unexpected {type(error).__name__} in {where}")
            if one.status.is_over:
                break
            pause = FIRST_PAUSE if time.monotonic() - started > GOOD_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _connected(self, one: _Running, thread: ThreadPoolExecutor) -> None:
        async with opened(
            self.postgres, self.settings, one.tenant, one.account, self.log, session_type=ListeningSession,
            client_type=ListeningClient,
        ) as found:  # fmt: skip
            assert isinstance(found.client, ListeningClient)
            one.listener = AccountListener(
                found, found.client, TenantDatabase(self.postgres, one.tenant, thread), self.publisher, self.settings,
                one.slug, one.status, one.outages, self.log, lambda: self._earlier(one), lambda: self._listens(one),
            )  # fmt: skip
            try:
                await one.listener.run()
            finally:
                one.listener = None

    def _earlier(self, one: _Running) -> list[UUID]:
        """Accounts of the same tenant that chats go to before this one."""
        return [
            other.account.id
            for other in self._running
            if other.tenant == one.tenant and not other.status.is_over and other.account.name < one.account.name
        ]

    @staticmethod
    def _trouble(one: _Running, why: str, away: str = "") -> None:
        """What keeps an account from listening; ``away``: the server that is away. The same is told once."""
        one.status.state = "waiting"
        one.outages.began(away or why, f" is not listening: {why.rstrip('.')}. It tries again.")

    @staticmethod
    def _listens(one: _Running) -> None:
        """An account is connected again."""
        one.outages.over(TELEGRAM)
        one.outages.over(DATABASE)

    def _over(self, one: _Running, why: str) -> None:
        one.status.state, one.status.is_over = f"stopped: {why}", True
        self.log(f"{one.status.name} stops: {why}")
        for other in self._running:
            if other.listener is not None and other.tenant == one.tenant:
                other.listener.asking.check_soon()


def directory(settings: Settings) -> Path:
    """Where events are kept while Redis does not take them."""
    return settings.state_dir / "listen"
