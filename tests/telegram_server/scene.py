"""A small world for the tests of updates, and an ear in it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from telethon import TelegramClient, events
from telethon.sessions import StringSession

from tests.telegram_server import TelegramServer, World
from tests.telegram_server.entities import User


class Scene:
    """Two people, a channel, a supergroup, a small group, and a server showing them."""

    def __init__(self) -> None:
        self.world = World()
        self.me, self.bob = self.world.user("Me"), self.world.user("Bob")
        self.news = self.world.channel("News", [self.me])
        self.talk = self.world.supergroup("Talk", [self.me, self.bob])
        self.group = self.world.group("Small", [self.me, self.bob])
        self.server = TelegramServer(self.world)

    def play(self, act: Callable[[], Awaitable[None]]) -> None:
        with self.server:
            asyncio.run(act())
            assert self.server.errors == []

    def saved(self, user: User) -> StringSession:
        """A session object that keeps its update state between clients."""
        return StringSession(self.server.session(user))


def listen(client: TelegramClient) -> list[Any]:
    """What reaches a client: texts of new messages, ('edit', text), ('gone', ids)."""
    heard: list[Any] = []

    async def new(event: Any) -> None:
        heard.append(event.message.message)

    async def edited(event: Any) -> None:
        heard.append(("edit", event.message.message))

    async def deleted(event: Any) -> None:
        heard.append(("gone", event.deleted_ids))

    client.add_event_handler(new, events.NewMessage())
    client.add_event_handler(edited, events.MessageEdited())
    client.add_event_handler(deleted, events.MessageDeleted())
    return heard
