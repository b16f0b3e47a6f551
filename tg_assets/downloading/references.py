"""Where files are, of messages that do not say it, or whose word does not count any more: fetching messages again.

Up to a hundred messages of a chat are a request, and what has expired of one has expired of its neighbours, so
asking for one brings others that are waiting. What does not belong here: fetching files.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from tg_assets.downloading.limits import GONE, HIDDEN
from tg_assets.downloading.missing import Message
from tg_assets.downloading.progress import Downloaded
from tg_assets.history.reach import Reachable
from tg_assets.history.walk import PAGE, numbered, shown_from
from tg_assets.telegram.telethon_raw import dump, raw_of

if TYPE_CHECKING:
    from tg_assets.accounts.client import Client


class References:
    """Messages that wait for their files, by chat."""

    def __init__(self, client: "Client", chats: Mapping[UUID, Reachable], done: Downloaded) -> None:
        self._client, self._chats, self._done = client, chats, done
        self._waiting: dict[UUID, dict[int, Message]] = defaultdict(dict)
        self._locks: dict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._shown_from: dict[UUID, int] = {}

    def add(self, message: Message) -> None:
        """A message that waits."""
        self._waiting[message.channel][message.number] = message

    def done(self, message: Message) -> None:
        """It waits no more."""
        self._waiting[message.channel].pop(message.number, None)

    async def refresh(self, message: Message) -> None:
        """Ask Telegram for a message, once a run, and for others that may as well be asked for."""
        async with self._locks[message.channel]:
            if message.is_fresh:
                return
            others = [one for one in self._waiting[message.channel].values() if not one.is_fresh and one is not message]
            others.sort(key=lambda one: all(file.at is not None for file in one.missing))  # the unknown first
            await self._fetch(self._chats[message.channel], [message, *others[: PAGE - 1]])

    async def _fetch(self, chat: Reachable, messages: Sequence[Message]) -> None:
        self._done.requests += 1
        page = await numbered(self._client, chat.peer(), [one.number for one in messages])
        given: dict[int, Any] = {one.id: one for one in page.messages if getattr(one, "date", None)}
        if chat.id not in self._shown_from and any(one.number not in given for one in messages):
            self._done.requests += chat.contiguous
            self._shown_from[chat.id] = await shown_from(self._client, chat.peer())
        for message in messages:
            message.is_fresh = True
            if (found := given.get(message.number)) is not None:
                raw = orjson.loads(dump(raw_of(found, {}) or {}))
                for file in message.missing:
                    file.found(raw)
            elif message.number < self._shown_from[chat.id]:
                message.absent = HIDDEN
            else:
                message.absent = GONE
                # What an account never read, it may never have been shown: that proves nothing.
                message.is_deleted = message.format == "telethon"
