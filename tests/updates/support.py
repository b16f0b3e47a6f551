"""A listener in a thread of the test's process, the loopback Telegram it listens to, and the tail that reads it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway

from tests.live.support import Live
from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.support.waiting import rest
from tests.telegram_server.entities import Channel, User
from tg_assets.errors import TgAssetsError
from tg_assets.events.streams import INBOUND, decode
from tg_assets.live.producer import Producer
from tg_assets.settings import load_settings
from tg_assets.updates.listener import Listener

# Everything that a person would wait for happens at once.
QUICK = {
    "TG_LISTEN_SAVE_SECONDS": "0.1",
    "TG_LISTEN_REFETCH_SECONDS": "0.1",
    "TG_LISTEN_GRACE_SECONDS": "0.3",
    "TG_LISTEN_CHECK_SECONDS": "0.3",
}
PATIENCE = 300.0


def eventually(look: Callable[[], Any], what: str | Callable[[], str] = "") -> Any:
    """The first true answer; fails when it does not come."""
    deadline = time.monotonic() + PATIENCE
    while (began := time.monotonic()) < deadline:
        if found := look():
            return found
        time.sleep(rest(time.monotonic() - began, pause=0.02))
    return pytest.fail(f"waited {PATIENCE:.0f} s in vain for {what() if callable(what) else what or look}")


class Switch:
    """A Redis client that a test can cut off."""

    def __init__(self, redis: Any) -> None:
        self._redis, self.away = redis, False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise RedisAway("cut off by the test")
        return getattr(self._redis, name)


class Listening:
    """A running listener. ``said`` is its log."""

    def __init__(self, loopbacks: Sequence[Loopback], redis: Any, accounts: Sequence[str] = ()) -> None:
        self.said: list[str] = []
        self.problem: BaseException | None = None
        self._loopbacks, self._accounts = loopbacks, accounts
        self._ready = threading.Event()

        def producer(path: Path) -> Producer:
            return Producer(redis, 1, 200_000, "spill", path, retry_seconds=0.05)

        self.listener = Listener(pipeline.postgres(), load_settings(), producer, self.said.append)
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self, *, wait: bool = True) -> "Listening":
        """Return once every account has caught up, or without ``wait`` as soon as it is connected."""
        self._thread.start()
        self._ready.wait()
        unready = ("starting", "catching up") if wait else ("starting",)
        eventually(
            lambda: (
                not self._thread.is_alive()
                or (self.listener.statuses and all(one.state not in unready for one in self.listener.statuses))
            ),
            "accounts to start",
        )
        return self

    def stop(self) -> None:
        """Stop as Ctrl-C does; returns once the listener is gone."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), self.said

    @property
    def is_over(self) -> bool:
        """Whether the listener has ended."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        async def run() -> None:
            self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
            self._ready.set()
            await self.listener.run([pair for one in self._loopbacks for pair in self._chosen(one)], self._stop)

        try:
            asyncio.run(run())
        except TgAssetsError as error:
            self.problem = error

    def _chosen(self, loopback: Loopback) -> list[tuple[str, Any]]:
        from tg_assets.accounts import store

        with pipeline.postgres().tenant(loopback.id) as session, session.transaction() as connection:
            found = store.accounts(connection)
        return [(loopback.tenant, one) for one in found if not self._accounts or one.name in self._accounts]


@contextmanager
def listening(*loopbacks: Loopback, redis: Any, accounts: Sequence[str] = (), wait: bool = True) -> Iterator[Listening]:
    """A listener that stops when the block ends."""
    found = Listening(loopbacks, redis, accounts).start(wait=wait)
    try:
        yield found
    finally:
        found.stop()


def events(redis: Any, tenant: str) -> list[tuple[str, Any]]:
    """Short name of the stream and event, of every event of a tenant, by stream and order."""
    return [
        (stream.name.removeprefix("stream:posts:"), event)
        for stream in INBOUND
        for _, fields in redis.xrange(stream.name)
        if (event := decode(stream.name, fields[b"data"])).tenant_id == tenant
    ]


def stored(live: Live, *, owner: int = 0) -> dict[int, dict[int, str]]:
    """Texts of messages that are not deleted, by id, of each chat of an owner."""
    found: dict[int, dict[int, str]] = {}
    for row in live.rows(
        """SELECT c.tg_channel_id AS chat, t.telegram_message_id AS number,
                  coalesce(m.content, t.raw->>'message', t.raw->>'text') AS content
           FROM telegram_messages t JOIN channels c ON c.id = t.channel_id LEFT JOIN messages m ON m.id = t.id
           WHERE c.owner_id = :owner AND t.deleted_at IS NULL AND m.is_service IS NOT TRUE""",
        owner=owner,
    ):
        found.setdefault(row.chat, {})[row.number] = row.content
    return found


def shown(*chats: Channel) -> dict[int, dict[int, str]]:
    """The same as the world has it."""
    return {
        chat.marked_id: {number: one.text for number, one in chat.box.messages.items() if one.action is None}
        for chat in chats
    }


def shown_to(user: User) -> dict[int, dict[int, str]]:
    """A user's private chats and small groups, as the world has them."""
    found: dict[int, dict[int, str]] = {}
    for number, one in user.box.messages.items():
        if one.action is None:
            peer = one.peer_for(user.box)
            found.setdefault(-peer.id, {})[number] = one.text
    return found


def same(live: Live, *chats: Channel, user: User | None = None) -> None:
    """Wait until what the tail reads makes the database what the world is."""

    def look() -> bool:
        live.drain()
        mine = user is None or stored(live, owner=user.id) == shown_to(user)
        return mine and stored(live) == shown(*chats)

    def told() -> str:
        mine = f"\n{stored(live, owner=user.id)} to be {shown_to(user)}" if user else ""
        return f"{stored(live)} to be {shown(*chats)}{mine}"

    eventually(look, told)
