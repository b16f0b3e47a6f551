"""One account's listening over one connection: updates become events, and how far they were taken in is saved.

Updates are taken in and handed to the publisher in one step, so at any moment the box's state is that of what was
handed in; it is saved once the publisher has brought all of it to safety. What does not belong here: asking Telegram
(``asking``), accounts that cannot be used, other accounts.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.accounts.budget import FloodTooLong, Log
from tg_assets.accounts.client import Opened
from tg_assets.faults import is_down
from tg_assets.history.reach import Reachable
from tg_assets.ids import bare_channel_id
from tg_assets.live.outages import DATABASE, TELEGRAM, Outages
from tg_assets.settings import Settings
from tg_assets.updates import chats as registry
from tg_assets.updates.asking import Asking
from tg_assets.updates.chats import Chats
from tg_assets.updates.client import ListeningClient
from tg_assets.updates.database import TenantDatabase
from tg_assets.updates.deleted import Unresolved
from tg_assets.updates.gaps import count
from tg_assets.updates.publisher import Publisher
from tg_assets.updates.refetch import Refetch
from tg_assets.updates.silence import Silence
from tg_assets.updates.state import UpdateState, last_state, save_state
from tg_assets.updates.status import Status
from tg_assets.updates.updates import Stranger, Translated, Translator

TICK_SECONDS = 0.2
# Feeds that are named when chats come or go.
FEEDS_TOLD = 5


@dataclass(slots=True)
class AccountListener:
    """Listens with an opened client until the connection ends. ``earlier``: accounts that come before this one."""

    opened: Opened
    client: ListeningClient
    database: TenantDatabase
    publisher: Publisher
    settings: Settings
    slug: str
    status: Status
    outages: Outages
    log: Log
    earlier: Callable[[], Collection[UUID]]
    begun: Callable[[], None] = lambda: None
    """Told that it is connected and listens."""
    chats: Chats = field(default_factory=lambda: Chats({}))
    newest: dict[UUID, int] = field(default_factory=dict)
    """Newest message id of each chat that is published or stored."""
    refetch: Refetch = field(default_factory=Refetch)
    unresolved: Unresolved = field(init=False)
    silence: Silence = field(init=False)
    translator: Translator = field(init=False)
    asking: Asking = field(init=False)
    _strangers: list[Stranger] = field(default_factory=list)
    _saved: tuple[UpdateState, datetime | None] | None = None
    _began: bool = False
    _told: str = ""

    def __post_init__(self) -> None:
        self.unresolved = Unresolved(self.settings.listen_unresolved_seconds)
        self.silence = Silence(self.settings.listen_silence_seconds, self.settings.listen_silence_factor)
        self.translator = Translator(
            self.slug, self.opened.account.telegram_id, self.client.box.peers, self.settings.off_limits
        )
        self.asking = Asking(self)

    async def run(self) -> None:
        """Listen until the connection ends; raises what ended it. Cancelled, it saves its state and goes."""
        try:
            await self._begin()
            tasks = [asyncio.ensure_future(one) for one in (self._keep(), self.asking.run(), self._connection())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()
        finally:
            await self.client.disconnect()
            await self._tick(save=self._began)

    async def reread(self) -> list[Reachable]:
        """Read again which chats are listened to; returns those that were not until now."""
        account, before = self.opened.account, {chat.id for chat in self.chats}
        off_limits = self.settings.off_limits
        self.translator.only = await self.database.ask(partial(registry.limits, account=account.id))
        found = await self.database.ask(
            partial(registry.followed, account=account, earlier=self.earlier(), off_limits=off_limits)
        )
        new = [chat for chat in found if chat.id not in before]
        if new:
            known = await self.database.ask(partial(registry.newest, channels=[chat.id for chat in new]))
            for channel, number in known.items():
                self.newest[channel] = max(number, self.newest.get(channel, 0))
        self.use(found)
        return new

    def use(self, chats: Chats) -> None:
        """Listen to these chats from now on, and tell how many came or went, by their feeds."""
        before, self.status.feeds = self.status.feeds, {chat.id: chat.feed for chat in chats}
        if before is not None:
            self._tell_of("gained", [feed for chat, feed in self.status.feeds.items() if chat not in before])
            self._tell_of("lost", [feed for chat, feed in before.items() if chat not in self.status.feeds])
        self.chats = self.translator.chats = chats
        self.client.box.followed = chats.channels
        self.status.chats = len(chats)
        for chat in chats:
            if chat.contiguous:
                self.client.know_channel(bare_channel_id(chat.tg_channel_id), chat.access_hash)

    def check_soon(self) -> None:
        """Read soon which chats are followed."""
        self.asking.check_soon()

    def take(self, translated: Translated) -> None:
        """Publish what updates came to, and remember what is still to be found out."""
        self.publisher.submit(translated.events)
        for chat, number in translated.chats.items():
            self.newest[chat.id] = max(number, self.newest.get(chat.id, 0))
        self.silence.broken(chat.id for chat in translated.chats)
        self.refetch.add(translated.refetch)
        self.asking.compare_changed(translated.changed)
        if translated.deleted and self.chats.private():
            self.unresolved.add(translated.deleted)
        self._strangers += translated.strangers
        for kind in translated.unread:
            self.tell(f"an update could not be read ({kind})")

    def tell(self, what: str) -> None:
        """Say something about this account, unless it was the last thing said."""
        if what != self._told:
            self._told = what
            self.log(f"{self.status.name}: {what}")

    def _tell_of(self, what: str, feeds: Sequence[str]) -> None:
        if not feeds:
            return
        named = sorted(set(feeds))
        more = f" and {len(named) - FEEDS_TOLD:,} more" if len(named) > FEEDS_TOLD else ""
        self.log(f"{self.status.name}: {what} {count(feeds)}, of {', '.join(named[:FEEDS_TOLD])}{more}")

    async def _begin(self) -> None:
        client, account = self.client, self.opened.account
        state = await self.database.ask(partial(last_state, account=account.id))
        new = await self.reread()
        if state is not None:
            client.box.restore(state)
            self.refetch.add(state.refetch)
            self.unresolved = Unresolved(self.settings.listen_unresolved_seconds, state.unresolved)
            for channel, number in state.newest.items():
                self.newest[channel] = max(number, self.newest.get(channel, 0))
        self.asking.began(new, state.gaps if state else None)
        me = await client.get_me()
        client.box.remember({me.id: me})
        client.receive, client.reconnected, client.too_long = self._receive, self.asking.compare, self._too_long
        client.lost, client.found = self._lost, self.begun
        client.box.skipped = self.asking.skipped
        self._began = True
        await client.listen()
        if state is not None:
            await client.catch_up()
        self.status.state = "catching up"
        self.begun()

    def _receive(self, updates: Sequence[Any]) -> None:
        self.status.updates += len(updates)
        self.status.heard_at = self.client.box.heard_at
        self.take(self.translator.translate(updates, datetime.now(UTC)))

    def _lost(self) -> None:
        self.outages.began(TELEGRAM, " is not listening: the connection to Telegram is lost. It tries again.")

    def _too_long(self, error: FloodTooLong) -> None:
        self.tell(str(error))

    async def _connection(self) -> None:
        """Return never; raises what ended the connection."""
        await self.client.disconnected
        raise self.client.problem or ConnectionError("the connection was closed")

    async def _keep(self) -> None:
        save_at = time.monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            is_due = time.monotonic() >= save_at
            if is_due:
                save_at = time.monotonic() + self.settings.listen_save_seconds
            await self._tick(save=is_due)

    async def _tick(self, *, save: bool) -> None:
        """What the database has to be asked or told; with ``save`` the state, too."""
        try:
            if self._strangers:
                await self._introduce()
            if numbers := self.unresolved.due():
                await self._resolve(numbers)
            if save and not self._strangers and await self._save():
                self.outages.over(DATABASE)
        except Exception as error:
            if not is_down(error):
                raise
            self.outages.began(DATABASE, ": the database does not answer; what has to be asked or saved waits")

    async def _introduce(self) -> None:
        """Register private chats that have just begun, and publish what was said in them."""
        strangers, translated = list(self._strangers), Translated()
        missing = {one.marked for one in strangers if not self.chats.at(one.marked)}
        entities = {marked: self.client.box.peers.get(marked) for marked in missing}

        def register(connection: Connection) -> list[Reachable]:
            return [
                registry.register_private(connection, self.settings, self.slug, self.opened.account, marked, entity)
                for marked, entity in entities.items()
            ]

        new = await self.database.ask(register)
        self.use(Chats.of([*self.chats, *new]))
        for one in strangers:
            self.translator.message(one.message, one.at, translated)
        del self._strangers[: len(strangers)]
        self.take(translated)

    async def _resolve(self, numbers: Sequence[int]) -> None:
        """Publish deletions of private messages whose chat is known by now."""
        owner = self.opened.account.telegram_id
        chats = await self.database.ask(partial(registry.deleted_from, owner_id=owner, numbers=numbers))
        by_id, at = {chat.id: chat for chat in self.chats}, datetime.now(UTC)
        for channel, gone in self.unresolved.found(numbers, chats).items():
            if channel in by_id:
                self.publisher.submit([self.translator.gone(by_id[channel], gone, at)])
        self.status.given_up = self.unresolved.given_up

    async def _save(self) -> bool:
        """Save the state; False when there was nothing to save, or it was not safe yet."""
        state, heard_at = self.client.box.state(), self.client.box.heard_at
        followed = {chat.id for chat in self.chats}
        state.newest = {channel: number for channel, number in self.newest.items() if channel in followed}
        state.gaps = self.asking.gaps.kept()
        state.unresolved, state.refetch = self.unresolved.waiting(), self.refetch.waiting()
        if (state, heard_at) == self._saved or not state.pts or not await self.publisher.drained():
            return False
        account, number = self.opened.account.id, self.opened.number
        await self.database.ask(partial(save_state, account=account, number=number, state=state, heard_at=heard_at))
        self._saved = (state, heard_at)
        return True
