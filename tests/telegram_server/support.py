"""Small helpers for tests that talk to the server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from telethon import TelegramClient
from telethon.sessions import Session, StringSession


@asynccontextmanager
async def connected(session: str | Session, **options: Any) -> AsyncIterator[TelegramClient]:
    """An unmodified client on a session string or object, connected; further options are `TelegramClient`'s."""
    stored = StringSession(session) if isinstance(session, str) else session
    client = TelegramClient(stored, 1, "hash", **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def eventually(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Wait until `condition` holds; AssertionError if it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for is in another thread
            await asyncio.sleep(0.01)
