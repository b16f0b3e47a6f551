"""Connections on which no request comes: they are closed, so that a stranger's take nobody's place."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.support.waiting import wait_for
from tg_assets.doors.process import bound, server
from tg_assets.doors.protocol import Bounded

SOON = 0.2
PATIENCE = 60
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nbo"


@dataclass
class Slow:
    """An application that answers once it is told to, whatever of a body came."""

    begun: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.begun.set()
        await asyncio.to_thread(self.told.wait)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def served(slow: Slow) -> Iterator[uvicorn.Server]:
    where = bound("127.0.0.1", 0)
    one = server(slow)
    one.config.timeout_keep_alive = PATIENCE  # nothing but what is tested closes a connection
    thread = threading.Thread(target=one.run, kwargs={"sockets": [where]}, daemon=True)
    thread.start()
    wait_for("the server", lambda: one.started, pause=0.01)
    yield one
    slow.told.set()
    one.should_exit = True
    thread.join()


def knock(served: uvicorn.Server, said: bytes) -> socket.socket:
    """A connection on which this was said."""
    (where,) = served.servers[0].sockets
    made = socket.create_connection(where.getsockname(), PATIENCE)
    made.sendall(said)
    return made


def answered(served: uvicorn.Server, slow: Slow, said: bytes) -> socket.socket:
    """A connection on which a request had its answer."""
    slow.told.set()
    made = knock(served, said)
    heard = b""
    while not heard.endswith(b"ok"):
        heard += made.recv(4096)
    return made


def is_closed(connection: socket.socket) -> bool:
    """Waits for its end; what was said meanwhile may be lost with it."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("said", [b"", GET[:-2]])
def test_a_connection_without_a_request_is_closed(
    served: uvicorn.Server, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Which says nothing at all, or not the end of a head."""
    monkeypatch.setattr(Bounded, "head_seconds", SOON)
    with knock(served, said) as idle:
        assert is_closed(idle)
    wait_for("its place", lambda: not served.server_state.connections, pause=0.01)


@pytest.mark.parametrize(("first", "then"), [(GET, b"G"), (POST, b"d")])
def test_after_an_answer_as_well(
    served: uvicorn.Server, slow: Slow, monkeypatch: pytest.MonkeyPatch, first: bytes, then: bytes
) -> None:
    """The first letter of another request, or of a body that nobody waited for, keeps no connection."""
    with answered(served, slow, first) as kept:
        monkeypatch.setattr(Bounded, "head_seconds", SOON)
        kept.sendall(then)
        assert is_closed(kept)


def test_an_answer_may_take_its_time(served: uvicorn.Server, slow: Slow) -> None:
    """From the end of a head on, nothing closes the connection before the answer, however slowly a body comes."""
    with knock(served, POST) as asking:
        slow.begun.wait()
        (one,) = served.server_state.connections
        assert isinstance(one, Bounded)
        assert one.hurry is None
        asking.sendall(b"d")
        slow.told.set()
        assert asking.recv(12) == b"HTTP/1.1 200"


def test_letters_one_by_one_give_no_more_time(served: uvicorn.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head is waited for from its beginning, not from its last letter."""
    monkeypatch.setattr(Bounded, "head_seconds", SOON)
    with knock(served, b"GET / HTTP/1.1\r\nHost: ") as slowly:
        slowly.settimeout(SOON / 10)
        for _ in range(int(PATIENCE / SOON)):
            try:
                slowly.sendall(b"x")
                assert is_closed(slowly)
                return
            except TimeoutError:
                continue
            except ConnectionError:  # while the letter was under way
                return
    pytest.fail("a letter now and then kept the connection")
