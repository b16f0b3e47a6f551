"""A listener's surroundings: a loopback Telegram, a tenant with an account there, empty streams."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import redis
from tests.live.support import Live
from tests.support.telegram import Loopback, loopback
from tests.telegram_server import World
from tests.telegram_server.entities import Channel, Group, User
from tests.updates.support import QUICK, listening

__all__ = ["redis"]


@dataclass
class Place:
    """A world with one of each kind of chat, and a tenant whose account ``me`` reads all of them."""

    world: World
    me: User
    ada: User
    news: Channel
    talk: Channel
    circle: Group
    loopback: Loopback
    live: Live
    redis: Any

    def listening(self, *accounts: str, wait: bool = True) -> Any:
        """A listener of the tenant's accounts."""
        return listening(self.loopback, redis=self.redis, accounts=accounts, wait=wait)

    def begun(self) -> None:
        """Have all accounts listen once, so that each has a place to go on from."""
        with self.listening():
            pass

    def errors(self) -> Any:
        """What went wrong in the server."""
        return self.loopback.errors()


@pytest.fixture
def connect(tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[World], Loopback]]:
    """Start a server of a world that the test has made."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        yield lambda world: stack.enter_context(loopback(world, tenant, tmp_path))


@pytest.fixture
def place(connect: Callable[[World], Loopback], redis: Any, tenant: str) -> Place:
    """Everything was read up to now: followed, pulled, sideloaded."""
    world = World()
    me, ada = world.user("Me", username="me"), world.user("Ada", username="ada")
    news = world.channel("News", [me], username="news")
    talk = world.supergroup("Talk", [me, ada])
    circle = world.group("Circle", [me, ada])
    world.send(news, "first news")
    world.send(talk, "first talk", sender=ada)
    world.send(circle, "first in the circle", sender=ada)
    world.send(me, "hello", sender=ada)
    found = connect(world)
    found.log_in(me, "me")
    found.follow()
    day = world.clock.date()
    for feed in (f"{tenant}.news", f"{tenant}.talk"):
        found.pull(feed, day, day)
    found.sideload()
    return Place(world, me, ada, news, talk, circle, found, Live(redis, tenant), redis)
