"""Clients of the server as assistants have them: of a child over stdio, and of the service over HTTP on loopback."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from starlette.applications import Starlette
from starlette.routing import Route

from tests.doors.conftest import Doors
from tests.doors.mcp.evaluation import Call
from tests.support.installation import COMMAND
from tg_assets.doors.access import CALLER
from tg_assets.doors.mcp.server import OverHttp, server

Mode = Literal["auto", "legacy"]
MODES: tuple[Mode, ...] = ("auto", "legacy")
"""As clients of 2026-07-28 speak, and with the handshake of those before."""


def application() -> Starlette:
    """The server mounted, for nobody until somebody sets ``CALLER``."""
    door = OverHttp(server(CALLER.get))
    return Starlette(routes=[Route("/mcp", door)], lifespan=lambda _: door.running())


@asynccontextmanager
async def over_http(doors: Doors, token: str, mode: Mode) -> AsyncIterator[Client]:
    """A client of the service."""
    async with (
        create_mcp_http_client({"authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(f"{doors.address}/mcp", http_client=http), mode=mode) as client,
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
