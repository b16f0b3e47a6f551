"""A chat whose messages have files, read by an account of a loopback Telegram, and what was downloaded of it."""

import asyncio
import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from telethon.tl.functions.upload import GetFileRequest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tests.telegram_server.entities import Channel, User
from tg_assets.downloading.download import Downloader
from tg_assets.downloading.partial import PART
from tg_assets.downloading.progress import Downloaded
from tg_assets.scope import Scope
from tg_assets.settings import load_settings

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)
JANUARY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


@dataclass
class Reader:
    """An account that reads a feed."""

    loop: Loopback
    feed: str
    days = (FIRST, LAST)

    def pull(self) -> None:
        """Read the messages, not their files."""
        self.loop.pull(self.feed, *self.days, force=True)

    def download(self, **options: Any) -> Downloaded:
        """Download what the messages lack."""
        loop = self.loop
        downloader = Downloader(pipeline.postgres(), pipeline.objects(), load_settings(), loop.id, loop.said.append)
        return asyncio.run(downloader.download(Scope(self.feed, *JANUARY), **options))

    def items(self) -> dict[int, dict[str, Any]]:
        """The first medium of every message by the message's number."""
        return dict(self.loop.rows("SELECT telegram_message_id, media->0 FROM telegram_messages ORDER BY 1"))

    def stored(self) -> dict[int, bytes | None]:
        """The stored bytes of each message's medium, which are what its hash says."""
        found = {}
        for number, item in self.items().items():
            data = pipeline.objects().get(item["key"]) if "key" in item else None
            if data is not None:
                assert hashlib.sha256(data).hexdigest() == item["sha256"]
                assert len(data) == item["size"]
                assert "missing_reason" not in item
            found[number] = data
        return found

    def reasons(self) -> dict[int, str | None]:
        """Why each message's medium is not stored."""
        return {number: item.get("missing_reason") for number, item in self.items().items()}

    def asked(self) -> Counter[tuple[int, int]]:
        """Parts that Telegram was asked for: (file's id, part's number). Redirections do not count."""
        return Counter(
            (call.request.location.id, call.request.offset // PART)
            for call in self.loop.server.calls
            if isinstance(call.request, GetFileRequest)
        )

    def partials(self) -> list[str]:
        """Names of files that are on disk while they are being downloaded."""
        return sorted(path.name for path in (load_settings().state_dir / "downloads").glob("*/*"))


def content(size: int, seed: int = 0) -> bytes:
    """Bytes that repeat nowhere."""
    return random.Random(seed).randbytes(size)


def news() -> tuple[World, User, Channel]:
    """An empty channel and its subscriber."""
    world = World()
    me = world.user("Me", username="me")
    return world, me, world.channel("News", [me], username="news")


def post(world: World, *media: Any) -> None:
    """A message of the channel for each medium."""
    (channel,) = world.channels.values()
    for one in media:
        world.send(channel, "look", media=one)
