"""Clients of the server as assistants have them: of a child over stdio, and of the service over HTTP on loopback."""

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import Route

from tests.doors.conftest import running
from tests.doors.mcp.evaluation import Call
from tests.support.installation import COMMAND
from tg_assets.answers.archive import Archive
from tg_assets.doors.access import CALLER, Opener, token_of
from tg_assets.doors.mcp.server import OverHttp, server
from tg_assets.doors.tokens import Access

Mode = Literal["auto", "legacy"]
MODES: tuple[Mode, ...] = ("auto", "legacy")
"""As clients of 2026-07-28 speak, and with the handshake of those before."""


class Known(Opener):
    """Opens archives by tokens that are given outright."""

    def __init__(self, archives: Mapping[str, Archive]) -> None:
        self.archives = archives

    def access(self, request: HTTPConnection) -> Access | None:
        token = token_of(request) or ""
        if token not in self.archives:
            return None
        archive = self.archives[token]
        return Access(archive.tenant, token, archive.owners, archive.feeds)

    def archive(self, granted: Access) -> Archive:
        return self.archives[granted.token]


def application() -> Starlette:
    """The server mounted, for nobody until somebody sets ``CALLER``."""
    door = OverHttp(server(CALLER.get))
    return Starlette(routes=[Route("/mcp", door)], lifespan=lambda _: door.running())


@contextmanager
def serving(archives: Mapping[str, Archive]) -> Iterator[str]:
    """Address of the server in the service with all doors, which opens these archives, by their tokens."""
    for doors in running(Known(archives)):
        yield f"{doors.address}/mcp"


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
