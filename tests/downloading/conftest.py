"""A loopback Telegram for each test, and an account that has read its channel's messages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.downloading.support import Reader
from tests.support.telegram import Loopback, loopback
from tests.telegram_server import World
from tg_assets.accounts.client import Client


@pytest.fixture
def connect(tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[World], Loopback]]:
    """Start a server of a world that the test has made; the addresses of the one before are forgotten."""
    monkeypatch.setattr(Client, "_config", None)
    with ExitStack() as stack:
        yield lambda world: stack.enter_context(loopback(world, tenant, tmp_path))


@pytest.fixture
def read(connect: Callable[[World], Loopback]) -> Callable[[World], Reader]:
    """Follow the world's channel as its first user, and read it."""

    def start(world: World) -> Reader:
        loop = connect(world)
        loop.log_in(next(iter(world.users.values())), "me")
        (feed,) = loop.follow().feeds
        reader = Reader(loop, feed)
        reader.pull()
        return reader

    return start
