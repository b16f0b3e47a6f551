"""What an account asks Telegram for while it listens: what gaps took, what changed, and whether it is deaf.

One thing after the other, so that an account that has to wait waits once; what could not be asked is asked later.
What does not belong here: what comes by itself.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from telethon.errors import RPCError
from telethon.tl.functions.updates import GetStateRequest

from tg_assets.accounts.budget import FloodTooLong
from tg_assets.accounts.refusals import LOGGED_OUT, name_of
from tg_assets.faults import is_down
from tg_assets.history.reach import Reachable
from tg_assets.ids import marked_channel_id
from tg_assets.live.outages import DATABASE, TELEGRAM
from tg_assets.updates import chats as registry
from tg_assets.updates.context import ListenerContext
from tg_assets.updates.dialogs import ChatState, bare_channel, chat_states
from tg_assets.updates.gaps import Gap, Gaps, close, count
from tg_assets.updates.updates import Translated

TURN_SECONDS = 0.1
# What was asked for is waited for so long before history is read.
WAIT_TURNS = 30
LATER_SECONDS = 30.0
# So many deaf chats at once are a deaf connection.
MANY = 3


class Reconnect(Exception):
    """The connection does not bring updates: a new one should."""


class Asking:
    """What one account asks for."""

    def __init__(self, listener: ListenerContext) -> None:
        self._listener = listener
        self.gaps = Gaps(listener)
        self._to_compare: set[UUID] = set()
        self._refetch_since: float | None = None
        self._check_at = time.monotonic() + listener.settings.listen_check_seconds

    def began(self, new: Sequence[Reachable], gaps: Mapping[UUID, Gap] | None) -> None:
        """Listening begins: everything is compared, and gaps that were left are filled; None: it never did before."""
        self.gaps.restore(gaps or {})
        self.gaps.meet(new, is_first=gaps is None)
        self.compare()

    def compare(self) -> None:
        """Compare all chats with Telegram's list."""
        self._to_compare |= {chat.id for chat in self._listener.chats}

    def compare_changed(self, marked: Iterable[int]) -> None:
        """Something became of these chats, perhaps that the account is not in them any more."""
        self._to_compare |= {chat.id for one in marked for chat in self._listener.chats.at(one)}

    def skipped(self, channel: int | None) -> None:
        """Too many updates of a channel, or of the account, were missed."""
        self.gaps.skipped(channel)
        if channel is None:
            self.compare()

    def check_soon(self) -> None:
        """Look at once which chats are followed."""
        self._check_at = 0.0

    async def run(self) -> None:
        """Ask until cancelled; raises Reconnect, and what says that the account is gone."""
        while True:
            try:
                await self._turn()
                self._listener.outages.over(TELEGRAM)
            except FloodTooLong as error:
                self._listener.tell(str(error))
                await asyncio.sleep(LATER_SECONDS)
            except LOGGED_OUT:
                raise
            except RPCError as error:
                self._listener.outages.began(
                    TELEGRAM, f": Telegram does not answer a question ({name_of(error)}); it is asked again"
                )
                await asyncio.sleep(LATER_SECONDS)
            except Exception as error:
                if not is_down(error):
                    raise
                self._listener.outages.began(
                    DATABASE, ": the database does not answer; what has to be asked or saved waits"
                )
            await asyncio.sleep(TURN_SECONDS)

    async def _turn(self) -> None:
        listener = self._listener
        await self._refetch()
        if self._to_compare:
            await self._compare()
        await self.gaps.fill()
        listener.status.state = "listening"
        if time.monotonic() >= self._check_at:
            self._check_at = time.monotonic() + listener.settings.listen_check_seconds
            await self._reread()
            await self._check()
        if listener.client.budget is not None:
            listener.status.waits = listener.client.budget.waits

    async def _refetch(self) -> None:
        """Messages that changed, once they have been collected for a moment."""
        listener, now = self._listener, time.monotonic()
        if not listener.refetch:
            self._refetch_since = None
        elif self._refetch_since is None:
            self._refetch_since = now
        elif now - self._refetch_since >= listener.settings.listen_refetch_seconds:
            self._refetch_since = None
            async for messages in listener.refetch.ask(listener.client, listener.chats):
                translated, at = Translated(), datetime.now(UTC)
                for message in messages:
                    listener.translator.message(message, at, translated, edited=True)
                listener.take(translated)

    async def _reread(self) -> None:
        """Chats that are followed now."""
        listener = self._listener
        for channel in list(listener.client.box.closed):
            for chat in listener.chats.at(marked_channel_id(channel)):
                await close(listener, chat, "ChannelPrivate")
            listener.client.box.closed.discard(channel)
        new = await listener.reread()
        listener.outages.over(DATABASE)
        self.gaps.meet(new, is_first=False)
        self._to_compare |= {chat.id for chat in new}
        if listener.silence.is_stale or new:
            channels = [one.id for one in listener.chats]
            listener.silence.measured(
                await listener.database.ask(lambda connection: registry.rhythms(connection, channels))
            )

    async def _compare(self) -> None:
        """Chats whose newest message, or whose channel's updates, Telegram has and we do not."""
        listener = self._listener
        chosen, self._to_compare = self._to_compare, set()
        try:
            async for answer in chat_states(listener.client, [chat for chat in listener.chats if chat.id in chosen]):
                await self._compared(answer)
        except BaseException:
            self._to_compare |= chosen
            raise
        self.gaps.forget_fresh(chosen)

    async def _compared(self, answer: ChatState) -> None:
        listener, box, chat = self._listener, self._listener.client.box, answer.chat
        if answer.closed:
            await close(listener, chat, answer.closed)
            return
        if chat.contiguous:
            channel = bare_channel(chat)
            if not box.pts(channel) and answer.pts:
                box.try_set_channel_state(channel, answer.pts)
            elif answer.pts > box.pts(channel):
                await listener.client.ask_channel(channel)
        # Of a chat that nothing is known of, history is a backfill's.
        listener.newest.setdefault(chat.id, answer.newest)
        self.gaps.compared(chat.id, answer.newest)

    async def _check(self) -> None:
        """Chats whose silence is suspicious: are they silent, or is it us?"""
        listener, box = self._listener, self._listener.client.box
        for one in list(box.failed):
            for chat in listener.chats.private() if one is None else listener.chats.at(marked_channel_id(one)):
                listener.silence.suspect(chat.id)
        state = await listener.client(GetStateRequest())
        behind: list[ChatState] = []
        suspects = listener.silence.suspects(listener.chats)
        async for answer in chat_states(listener.client, suspects):
            if answer.closed:
                await close(listener, answer.chat, answer.closed)
            elif self._is_behind(answer):
                behind.append(answer)
            else:
                listener.silence.broken([answer.chat.id])
        if behind or state.pts > box.pts():
            await asyncio.sleep(listener.settings.listen_grace_seconds)
        deaf = [answer for answer in behind if self._is_behind(answer)]
        listener.status.deaf = len(deaf)
        if state.pts > box.pts() or any(not answer.chat.contiguous for answer in deaf):
            listener.tell("updates of its private chats do not come; they are asked for")
            await listener.client.catch_up()
        if deaf:
            listener.status.deaf_ever += len(deaf)
            listener.tell(f"deaf to {count(deaf)} of {len(listener.chats)}; what was said there is asked for")
            await self._catch_up(deaf)
            listener.status.deaf = sum(map(self._is_behind, deaf))
            if len(deaf) >= max(MANY, len(suspects) // 2):
                raise Reconnect

    async def _catch_up(self, deaf: Sequence[ChatState]) -> None:
        """Catch deaf chats up: by what Telegram says was missed, else by their history."""
        listener = self._listener
        for answer in deaf:
            if answer.chat.contiguous:
                await listener.client.ask_channel(bare_channel(answer.chat))
        for _ in range(WAIT_TURNS):
            if not any(self._is_behind(answer) and answer.chat.id not in self.gaps for answer in deaf):
                break
            await asyncio.sleep(TURN_SECONDS)
        for answer in deaf:
            if self._is_behind(answer) and answer.chat.id not in self.gaps:
                self.gaps.add(answer.chat.id, listener.newest.get(answer.chat.id, answer.newest), thorough=True)
        await self.gaps.fill()

    def _is_behind(self, answer: ChatState) -> bool:
        """Whether Telegram has something of a chat that did not come."""
        listener, chat = self._listener, answer.chat
        told = chat.contiguous and 0 < listener.client.box.pts(bare_channel(chat)) < answer.pts
        return told or answer.newest > listener.newest.get(chat.id, answer.newest)
