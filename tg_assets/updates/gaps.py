"""Gaps of one account's chats, and filling them from history.

A gap is there from the moment it is known until what was in it has been handed to the publisher, and it is kept with
the state meanwhile, so whoever goes on from there fills it. What does not belong here: finding gaps.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from telethon.errors import RPCError

from tg_assets.accounts.refusals import is_chats_own, name_of
from tg_assets.history.reach import Reachable, unreadable
from tg_assets.history.walk import CLOSED
from tg_assets.ids import marked_channel_id
from tg_assets.updates import chats as registry
from tg_assets.updates.context import ListenerContext
from tg_assets.updates.dialogs import bare_channel, can_ask
from tg_assets.updates.history import fill

Gap = tuple[int, bool]
"""The newest message before it, and whether older ones may have changed."""


class Gaps:
    """Chats with a gap. A ``fresh`` one may have a gap: it is listened to only now."""

    def __init__(self, listener: ListenerContext) -> None:
        self._listener = listener
        self._known: dict[UUID, Gap] = {}
        self._fresh: dict[UUID, int] = {}

    def __contains__(self, channel: UUID) -> bool:
        return channel in self._known

    def kept(self) -> dict[UUID, Gap]:
        """What is still to be filled, or may have to be."""
        return {channel: (known, False) for channel, known in self._fresh.items()} | self._known

    def restore(self, kept: Mapping[UUID, Gap]) -> None:
        """Take over gaps that somebody left."""
        self._known.update(kept)

    def add(self, channel: UUID, known: int, *, thorough: bool) -> None:
        """There is a gap after the message ``known``, unless a longer one is known already."""
        before, was_thorough = self._known.get(channel, (known, False))
        self._known[channel] = (min(before, known), thorough or was_thorough)

    def meet(self, new: Sequence[Reachable], *, is_first: bool) -> None:
        """Note how far chats are known whose updates nobody has counted until now."""
        for chat in new:
            is_new = not self._listener.client.box.pts(bare_channel(chat)) if chat.contiguous else is_first
            if is_new and chat.id in self._listener.newest and chat.id not in self:
                self._fresh[chat.id] = self._listener.newest[chat.id]

    def compared(self, channel: UUID, newest: int) -> None:
        """Telegram's newest message of a chat is told: now it shows whether a fresh one has a gap."""
        known = self._fresh.pop(channel, None)
        if known is not None and newest > known:
            self.add(channel, known, thorough=False)

    def forget_fresh(self, compared: Iterable[UUID]) -> None:
        """These were compared; of those that nothing was told of, nothing can be."""
        for channel in compared:
            self._fresh.pop(channel, None)

    def skipped(self, channel: int | None) -> None:
        """Too many updates of a channel, or of the private chats, were missed; they are not coming."""
        listener = self._listener
        chats = listener.chats.private() if channel is None else list(listener.chats.at(marked_channel_id(channel)))
        known = [chat.id for chat in chats if chat.id in listener.newest]
        for one in known:
            self.add(one, listener.newest[one], thorough=True)
        listener.tell(f"too much was missed to be told update by update: {count(known)} compared with history")

    async def fill(self) -> None:
        """Fill what is known; raises what says that Telegram, or a server, does not answer now."""
        while self._known:
            channel = next(iter(self._known))
            chat = next((one for one in self._listener.chats if one.id == channel), None)
            if chat is not None and can_ask(chat):
                await self._fill(chat, *self._known[channel])
            self._known.pop(channel, None)

    async def _fill(self, chat: Reachable, known: int, thorough: bool) -> None:
        listener, most = self._listener, self._listener.settings.listen_most_missing
        try:
            filled = await fill(
                listener.client,
                listener.database,
                listener.translator,
                listener.publisher,
                chat,
                known,
                most,
                thorough=thorough,
            )
        except CLOSED as error:
            await close(listener, chat, type(error).__name__.removesuffix("Error"))
            return
        except RPCError as error:
            if not is_chats_own(error):
                raise
            listener.tell(
                f"Telegram does not show a chat's history ({name_of(error)}); a sweep may find what it misses"
            )
            return
        listener.newest[chat.id] = max(filled.newest, listener.newest.get(chat.id, 0))
        listener.silence.broken([chat.id])
        listener.status.caught_up += filled.events
        if filled.is_cut:
            listener.tell(
                f"a chat misses more than {most:,} messages; the newest are here, `tg-assets coverage` says what a "
                "backfill has to bring"
            )


async def close(listener: ListenerContext, chat: Reachable, why: str) -> None:
    """The account does not read a chat any more; another one that does takes over."""
    account = listener.opened.account
    problem = unreadable(account.name, why)
    await listener.database.ask(lambda connection: registry.close_way(connection, account.id, chat.id, problem))
    listener.silence.broken([chat.id])
    listener.check_soon()


def count(chats: Sequence[object]) -> str:
    """How many chats, in words."""
    return "1 chat" if len(chats) == 1 else f"{len(chats):,} chats"
