"""Telethon's client with an account's flood budget, and opening one: a free session, used by this process alone.

What does not belong here: logging in, what is asked of Telegram.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from telethon import TelegramClient
from telethon.errors import FloodPremiumWaitError, FloodWaitError, RPCError
from telethon.network import MTProtoSender
from telethon.sessions import MemorySession, StringSession
from telethon.tl.alltlobjects import LAYER
from telethon.tl.functions import InvokeWithLayerRequest
from telethon.tl.functions.auth import ExportAuthorizationRequest, ImportAuthorizationRequest
from telethon.tl.functions.updates import GetStateRequest
from telethon.tl.functions.upload import GetFileRequest

from tg_assets.accounts import store
from tg_assets.accounts.budget import Budget, Log
from tg_assets.accounts.patience import Patience
from tg_assets.accounts.refusals import GARBLED, LOGGED_OUT, is_servers_trouble, logged_out, refused, why_logged_out
from tg_assets.accounts.vault import vault
from tg_assets.errors import ServerDown, TgAssetsError
from tg_assets.settings import Settings

if TYPE_CHECKING:
    from tg_assets.stores.database import Database, TenantConnection

# Telethon tells each failed attempt of an outage, and chat ids and file names at lower levels; what matters is raised.
logging.getLogger("telethon").setLevel(logging.CRITICAL)

POLL_SECONDS = 1.0
# Longer than all of a connection's attempts; a request that is never answered must not hang a run.
ANSWER_SECONDS = 300
# One file's trouble may be its own: others do not wait for it any longer.
FILE_SECONDS = 10.0


def application(settings: Settings) -> tuple[int, str]:
    """The application's id and hash; raises TgAssetsError. The key of a server of one's own is made known, too."""
    if settings.telegram_api_id is None or settings.telegram_api_hash is None:
        raise TgAssetsError(
            "TG_TELEGRAM_API_ID and TG_TELEGRAM_API_HASH are not set. Telegram gives them to an application of yours "
            "at my.telegram.org, under API development tools."
        )
    if settings.telegram_server_key is not None:
        from telethon.crypto import rsa

        try:
            rsa.add_key(settings.telegram_server_key.read_bytes(), old=False)
        except (OSError, ValueError):
            raise TgAssetsError(
                f"TG_TELEGRAM_SERVER_KEY={settings.telegram_server_key} is no PEM file with a public key."
            ) from None
    return settings.telegram_api_id, settings.telegram_api_hash.get_secret_value()


class Client(TelegramClient):  # type: ignore[misc]  # Telethon has no types
    """Telethon's client; every request waits for the account's budget and is asked again after a flood wait."""

    def __init__(self, session: MemorySession, settings: Settings, budget: Budget | None, **options: Any) -> None:
        api_id, api_hash = application(settings)
        super().__init__(
            session, api_id, api_hash, device_model="tg-assets", app_version="1", flood_sleep_threshold=0,
            connection_retries=5, retry_delay=1, request_retries=0 if budget else 5, raise_last_call_error=True,
            **options,
        )  # fmt: skip
        self.budget = budget
        self._patience = Patience(settings.telegram_patience_seconds, budget.name, budget.say) if budget else None

    async def connect(self) -> None:
        """Connect. A connection's first request does not go the way of all others, but may have to wait as well."""
        while True:
            if self.budget is not None:
                await self.budget.ready()
            try:
                await super().connect()
            except (FloodWaitError, FloodPremiumWaitError) as wait:
                await self.disconnect()
                if self.budget is None:
                    raise
                await self.budget.flooded("InitConnection", max(1, wait.seconds))
            else:
                return

    async def _create_exported_sender(self, dc_id: int) -> MTProtoSender:
        """A connection to another data centre, where files may be, with this account let in.

        It waits as any request; Telethon's own would also leave the connection open when it is not let in.
        """
        dc = await self._get_dc(dc_id)
        sender = MTProtoSender(None, loggers=self._log)
        way = self._connection(
            dc.ip_address, dc.port, dc.id, loggers=self._log, proxy=self._proxy, local_addr=self._local_addr
        )
        try:
            await sender.connect(way)
            while True:
                given = await self(ExportAuthorizationRequest(dc_id))
                self._init_request.query = ImportAuthorizationRequest(given.id, given.bytes)
                try:
                    await sender.send(InvokeWithLayerRequest(LAYER, self._init_request))
                except (FloodWaitError, FloodPremiumWaitError) as wait:
                    if self.budget is None:
                        raise
                    await self.budget.flooded("ImportAuthorization", max(1, wait.seconds))
                    await self.budget.ready()
                else:
                    return sender
        except BaseException:
            await sender.disconnect()
            raise

    async def _call(
        self, sender: Any, request: Any, ordered: bool = False, flood_sleep_threshold: int | None = None
    ) -> Any:
        if self.budget is None or self._patience is None:
            return await super()._call(sender, request, ordered, flood_sleep_threshold)
        is_file = isinstance(request, GetFileRequest)
        until = self._patience.deadline(FILE_SECONDS if is_file else None)
        while True:
            await self.budget.ready(paced=not is_file)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await super()._call(sender, request, ordered, 0)
            except TimeoutError:
                raise ServerDown(
                    f"Telegram did not answer a request of account {self.budget.name} for {ANSWER_SECONDS} s. What was "
                    "read so far is kept; run it again."
                ) from None
            except (FloodWaitError, FloodPremiumWaitError) as wait:
                await self.budget.flooded(type(request).__name__.removesuffix("Request"), max(1, wait.seconds))
            except RPCError as error:
                if not is_servers_trouble(error) or not await self._patience.waited(error, until):
                    raise
            else:
                self.budget.went_well()
                self._patience.over()
                return answer


@dataclass(slots=True)
class Opened:
    """A client that is logged in. ``now`` is the server's clock, aware UTC, at monotonic time ``opened``."""

    client: Client
    account: store.Account
    number: int
    now: datetime
    opened: float


@asynccontextmanager
async def opened(
    postgres: "Database",
    settings: Settings,
    tenant: UUID,
    account: store.Account,
    log: Log,
    *,
    wait: bool = True,
    session_type: type[StringSession] = StringSession,
    client_type: type[Client] = Client,
    **options: Any,
) -> AsyncIterator[Opened]:
    """A client of the account on a session that no other process uses.

    Without ``wait`` an account whose sessions are all in use is an error. Raises TgAssetsError; so do errors of
    Telegram's that leave the block: a session that it does not accept any more is forgotten.
    """
    with ExitStack() as stack:
        session = stack.enter_context(postgres.tenant(tenant))
        stored = await _free_session(stack, session, account, log, wait)
        kept = session_type(vault(settings).open(stored.secret))
        budget = Budget(session, account.id, account.name, settings.flood_limit_seconds, log)
        options.setdefault("receive_updates", False)
        client = client_type(kept, settings, budget, **options)
        try:
            try:
                await client.connect()
                state = await client(GetStateRequest())
            except OSError as error:
                raise ServerDown(f"Telegram does not answer: {error}. Is this machine online?") from None
            with session.transaction() as connection:
                store.session_used(connection, account.id, stored.number)
            yield Opened(client, account, stored.number, state.date.astimezone(UTC), time.monotonic())
        except LOGGED_OUT as error:
            with session.transaction() as connection:
                store.drop_session(connection, account.id, stored.number, why_logged_out(error))
            raise logged_out(error, account.name) from None
        except RPCError as error:
            raise refused(error, f"account {account.name}") from None
        except GARBLED as error:
            raise ServerDown(
                f"What answered account {account.name} is not Telegram ({type(error).__name__}). Is there a proxy on "
                "the way, or is this version too old? What was read so far is kept."
            ) from None
        except ConnectionError:
            raise ServerDown(
                f"The connection of account {account.name} to Telegram is lost. What was read so far is kept; run it "
                "again when this machine is online."
            ) from None
        finally:
            await client.disconnect()


async def _free_session(
    stack: ExitStack, session: "TenantConnection", account: store.Account, log: Log, wait: bool
) -> store.StoredSession:
    """Take the first session that nobody uses; it stays taken until the stack unwinds."""
    told = False
    while True:
        with session.transaction() as connection:
            found = store.sessions(connection, account.id)
        if not found:
            raise TgAssetsError(
                f"Account {account.name} has no session. Log in with `tg-assets login --account {account.name}`."
            )
        for one in found:
            attempt = ExitStack()
            if attempt.enter_context(session.lock(f"session/{account.id}/{one.number}", wait=False)):
                stack.push(attempt.pop_all())
                return one
            attempt.close()
        busy = (
            f"all {len(found)} sessions of account {account.name} are in use by other processes; "
            f"`tg-assets login --account {account.name}` adds another"
        )
        if not wait:
            raise TgAssetsError(f"{busy[0].upper()}{busy[1:]}.")
        if not told:
            log(f"Waiting: {busy}")
            told = True
        await asyncio.sleep(POLL_SECONDS)
