"""Clients of the server as assistants have them: of a child over stdio, and of a service over HTTP on loopback.

The service stands for the one that the server is mounted in: it refuses who brings no token, and tells the server
whose archive is asked by a context variable.
"""

import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

import uvicorn
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.doors.mcp.evaluation import Call
from tests.support.installation import COMMAND
from tg_assets.answers.archive import Archive
from tg_assets.doors.mcp.server import OverHttp, server

Mode = Literal["auto", "legacy"]
MODES: tuple[Mode, ...] = ("auto", "legacy")
"""As clients of 2026-07-28 speak, and with the handshake of those before."""
CALLER: ContextVar[Archive] = ContextVar("caller")


class Gate:
    """Lets in who brings the token of an archive."""

    def __init__(self, app: ASGIApp, archives: Mapping[str, Archive]) -> None:
        self.app, self.archives = app, archives

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
            if given not in self.archives:
                await Response(status_code=401)(scope, receive, send)
                return
            CALLER.set(self.archives[given])
        await self.app(scope, receive, send)


def application() -> Starlette:
    """The server mounted, for nobody until somebody sets ``CALLER``."""
    door = OverHttp(server(CALLER.get))
    return Starlette(routes=[Route("/mcp", door)], lifespan=lambda _: door.running())


@contextmanager
def serving(archives: Mapping[str, Archive]) -> Iterator[str]:
    """Address of a service that opens these archives, by their tokens."""
    config = uvicorn.Config(Gate(application(), archives), log_level="error", lifespan="on", ws="none")
    listening = socket.create_server(("127.0.0.1", 0))  # whoever comes before it answers waits
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    finally:
        running.should_exit = True
        thread.join()
        listening.close()


@asynccontextmanager
async def over_http(address: str, token: str, mode: Mode) -> AsyncIterator[Client]:
    """A client of the service."""
    async with (
        create_mcp_http_client({"authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(arguments: Sequence[str], directory: Path, mode: Mode) -> AsyncIterator[Client]:
    """A client of ``tg-assets mcp`` as a child; what that writes to stderr is in ``mcp.log`` of the directory."""
    environment = {**os.environ, "TG_DATA_DIR": str(directory)}
    child = StdioServerParameters(command=str(COMMAND), args=["mcp", *arguments], env=environment)
    with (directory / "mcp.log").open("w") as log:
        async with Client(stdio_client(child, errlog=log), mode=mode) as client:
            yield client


def calling(client: Client) -> Call:
    """Calls by a client; its text and its object are the same, and it must not fail."""

    async def call(tool: str, /, **arguments: Any) -> dict[str, Any]:
        said = await client.call_tool(tool, arguments)
        text = said.content[0]
        assert text.type == "text"
        assert not said.is_error, text.text
        found: dict[str, Any] = json.loads(text.text)
        assert found == said.structured_content
        return found

    return call
