"""The service: page, API, MCP server and its OAuth behind the same guards, as one ASGI application.

What does not belong here: what they answer, how a process serves them (``cli.serve``).
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tg_assets.doors import pages
from tg_assets.doors.access import ASSISTANTS, CALLER, Opener
from tg_assets.doors.api import ROUTERS
from tg_assets.doors.guards import Guards, House
from tg_assets.doors.mcp.server import OverHttp, server
from tg_assets.doors.oauth.routes import routes
from tg_assets.doors.saying import TOLD, Json, failed, refusal
from tg_assets.errors import TgAssetsError
from tg_assets.saved.signing import Vaults

AT_ONCE = 10
"""Questions that are answered at once; more wait. Two cores answer no more, and each may hold two connections to the
database (``cli.runtime.KEPT``)."""


def service(
    opener: Opener, house: House, vaults: Vaults, dagster: str | None = None, trusted: Collection[str] = ()
) -> Guards:
    """All doors; ``dagster`` is the address of its pages. Hosts that are ``trusted`` may be told, whatever their
    address, signed by what ``vaults`` keep."""
    assistants = OverHttp(server(CALLER.get, dagster))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = AT_ONCE
        async with assistants.running():
            yield

    app = FastAPI(
        title="tg-assets",
        version="1",
        description="Questions to a Telegram archive. Every call needs a token, which names whose archive it is.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.opener, app.state.dagster, app.state.trusted, app.state.vaults = opener, dagster, trusted, vaults
    app.add_exception_handler(TgAssetsError, _failed)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _failed)
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.extend(pages.ROUTES)
    app.router.routes.append(Route(ASSISTANTS, assistants))
    app.router.routes.extend(routes(opener))
    app.router.routes.append(Route("/health", _health))
    return Guards(app, house, opener)


async def _health(_: Request) -> Response:
    return Json({"status": "ok"})


async def _not_valid(_: Request, error: Exception) -> Response:
    """Which value cannot be and why, without the value."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return refusal(422, "bad_request", f"{name}: {first['msg']}.")


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "There is no such page.", 405: "This cannot be done here."}
    told = words.get(error.status_code, "This request is not understood.")
    return refusal(error.status_code, "http", told, error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    setattr(request.state, TOLD, True)
    return failed(error, getattr(request.scope.get("route"), "path", "?"))
