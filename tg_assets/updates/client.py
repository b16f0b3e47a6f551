"""Telethon's client for listening: updates go to one receiver, in order and at once, with whom they mention.

Telethon's own handlers run apart from its count of what was taken in, so a state saved between the two would lose
what was not handled yet. The receiver is called in the same step in which the box takes updates in. What does not
belong here: what becomes of updates.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from telethon.errors import FloodWaitError, RPCError
from telethon.sessions import MemorySession, StringSession
from telethon.tl.functions.updates import GetChannelDifferenceRequest, GetDifferenceRequest, GetStateRequest
from telethon.tl.types import UpdateChannelTooLong, UpdateShort

from tg_assets.accounts.budget import Budget, FloodTooLong
from tg_assets.accounts.client import Client
from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings
from tg_assets.telegram.telethon_raw import peers_of
from tg_assets.updates.box import OURS, Box

# It tells ids of channels; what matters of it is told by ``account``.
logging.getLogger("telethon.client.updates").setLevel(logging.CRITICAL)

DIFFERENCES = (GetDifferenceRequest, GetChannelDifferenceRequest)

# A new connection that brings no answer for so long is none.
LOST_SECONDS = 2.0

Receiver = Callable[[Sequence[Any]], None]


class ListeningSession(StringSession):  # type: ignore[misc]  # Telethon has no types
    """A session that does not collect everybody it ever met: requests name peers with their access hashes."""

    def process_entities(self, tlo: Any) -> None:
        """Forget them."""


class ListeningClient(Client):
    """A client whose updates go to ``receive``; open it without updates, then ``listen``."""

    def __init__(self, session: MemorySession, settings: Settings, budget: Budget | None, **options: Any) -> None:
        super().__init__(session, settings, budget, **options)
        self.box = self._message_box = Box(self._log["messagebox"])
        self.receive: Receiver = lambda _: None
        self.reconnected: Callable[[], None] = lambda: None
        self._connections, self._is_asking = 0, False
        self.lost: Callable[[], None] = lambda: None
        self.found: Callable[[], None] = lambda: None
        """Told that connections are made and bring no answer, and that one does."""
        self.too_long: Callable[[FloodTooLong], None] = lambda _: None
        """Told that Telegram wants a longer pause before it says what was missed."""

    def know_channel(self, channel: int, access_hash: int | None) -> None:
        """Learn how to ask about a channel by its bare id."""
        from telethon._updates import Entity, EntityType

        if access_hash is not None and self._mb_entity_cache.get(channel) is None:
            self._mb_entity_cache.put(Entity(EntityType.CHANNEL, channel, access_hash))

    async def listen(self) -> None:
        """Have Telegram send updates from now on."""
        await self.set_receive_updates(True)

    async def ask_channel(self, channel: int) -> None:
        """Ask what was missed of a channel, as soon as the updates at hand are taken in."""
        update = UpdateChannelTooLong(channel)
        await self._updates_queue.put(UpdateShort(update, OURS))

    @property
    def problem(self) -> BaseException | None:
        """What ended the taking in of updates."""
        error: BaseException | None = self._updates_error
        return error

    async def _preprocess_updates(self, updates: Any, users: Any, chats: Any) -> Any:
        self._mb_entity_cache.extend(users, chats)
        self.box.remember(peers_of(users, chats))
        self.receive(updates)
        return []

    async def _handle_auto_reconnect(self) -> None:
        """A new connection gets updates once it has asked something; what came meanwhile has to be asked for.

        Connections may be cut as soon as they are made, many a second: one question is under way, and the last
        connection is asked over.
        """
        self._connections += 1
        if self._is_asking:
            return
        self._is_asking, asked_over = True, 0
        try:
            while asked_over < self._connections:
                asked_over = self._connections
                with suppress(TgAssetsError, RPCError, OSError):  # whatever it is, the next look finds what is missing
                    await self._ask_anew()
            self.reconnected()
        finally:
            self._is_asking = False

    async def _ask_anew(self) -> None:
        asked = asyncio.ensure_future(self(GetStateRequest()))
        if not (await asyncio.wait([asked], timeout=LOST_SECONDS))[0]:
            self.lost()
        await asked
        self.found()
        await self.catch_up()

    async def _call(
        self, sender: Any, request: Any, ordered: bool = False, flood_sleep_threshold: int | None = None
    ) -> Any:
        try:
            return await super()._call(sender, request, ordered, flood_sleep_threshold)
        except FloodTooLong as error:
            if not isinstance(request, DIFFERENCES):
                raise
            # Telethon tries again with the next gap; meanwhile what Telegram pushes is taken in.
            self.too_long(error)
            raise FloodWaitError(request=request, capture=0) from None
