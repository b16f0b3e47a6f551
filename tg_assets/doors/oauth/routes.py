"""The paths by which clients get access: described, registered, authorized by a person, exchanged, revoked.

Requests are checked by the handlers of the MCP library; what it refuses is said in OAuth's words. What does not belong
here: what is kept (``grants``), what a person sees (``consent``).
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from anyio.to_thread import run_sync
from mcp.server.auth.handlers.authorize import AuthorizationHandler
from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.client_auth import AuthenticationError, ClientAuthenticator
from mcp.server.auth.provider import AuthorizationParams
from mcp.server.auth.settings import ClientRegistrationOptions
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tg_assets.doors.access import ASSISTANTS, Opener
from tg_assets.doors.oauth import consent, described, grants
from tg_assets.doors.oauth.clients import Client
from tg_assets.doors.oauth.provider import Asking, Clients, Tokens, is_meant
from tg_assets.doors.saying import Json

LARGEST_BODY = 32 * 1024
"""Bytes of a request; that of a person has all in it that the client's address had."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Answer = Callable[[Request], Awaitable[Response]]


def routes(opener: Opener) -> list[Route]:
    """All of them; tokens are those of the opener's database."""
    clients: Any = Clients()
    tokens: Any = Tokens(opener.database)
    known = ClientAuthenticator(clients)
    register = RegistrationHandler(clients, ClientRegistrationOptions(enabled=True)).handle
    exchange = TokenHandler(tokens, known).handle

    async def authorize(request: Request) -> Response:
        """Ask a person, or do as the person answered on our own page."""
        form = await request.form()
        own = described.address(request)
        assert own is not None
        is_answer = request.method == "POST"
        if is_answer and request.headers.get("origin") != own:
            return refused("access_denied", "Only the page that asks for consent may answer it.", 403)
        asking = Asking(own + ASSISTANTS)
        library: Any = asking
        answer = await AuthorizationHandler(library).handle(request)
        if asking.by is None or asking.params is None:
            to = answer.headers.get("location")
            return answer if to is None else consent.wrong(request.headers, with_query(to, iss=own))
        match form.get("answer") if is_answer else None:
            case "allow":
                return await allowed(request, asking.by, asking.params, own, str(form.get("token") or ""))
            case "deny":
                return _back(request, asking.params, own, error="access_denied")
            case _:
                return _ask(request, asking.by, asking.params)

    async def allowed(request: Request, by: Client, params: AuthorizationParams, own: str, token: str) -> Response:
        """A token is typed for this: a click alone, as on the page that has one, may have been meant for another."""
        if not token.strip():
            return _ask(request, by, params, "missing")
        code = await run_sync(
            grants.give, opener.database, token.strip(), by.client_id, str(params.redirect_uri), params.code_challenge
        )
        if code is None:
            return _ask(request, by, params, "refused")
        return _back(request, params, own, code=code)

    async def token(request: Request) -> Response:
        """Tokens for a code or a refresh token."""
        named = (await request.form()).get("resource")
        if not is_meant(None if named is None else str(named), f"{described.address(request)}{ASSISTANTS}"):
            return refused("invalid_target", "This server gives tokens for its own /mcp only.")
        told: Response = await exchange(request)
        return told

    async def revoke(request: Request) -> Response:
        """End a grant (RFC 7009). What opens nothing is answered alike."""
        try:
            by = await known.authenticate_request(request)
        except AuthenticationError as error:
            return refused("invalid_client", error.message, 401)
        brought = (await request.form()).get("token")
        if not brought:
            return refused("invalid_request", "token is missing")
        await run_sync(grants.revoke, opener.database, str(brought), by.client_id)
        return Response(status_code=200)

    return [
        Route(described.RESOURCE, described.resource),
        Route(described.RESOURCE + ASSISTANTS, described.resource),
        Route(described.SERVER, described.server),
        Route(described.AUTHORIZE, _for_people(_private(authorize)), methods=["GET", "POST"]),
        Route(described.REGISTER, _private(register), methods=["POST"]),
        Route(described.TOKEN, _private(token), methods=["POST"]),
        Route(described.REVOKE, _private(revoke), methods=["POST"]),
    ]


def refused(error: str, why: str, status: int = 400) -> Response:
    """A refusal as OAuth has it."""
    return Json({"error": error, "error_description": why}, status)


def _private(answer: Answer) -> Answer:
    """Answers small requests only, and only where nobody else reads along."""

    async def private(request: Request) -> Response:
        if described.address(request) is None:
            return described.no_tls()
        if len(await request.body()) > LARGEST_BODY:
            return refused("invalid_request", f"A request has at most {LARGEST_BODY} bytes.", 413)
        if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() not in (FORM, JSON):
            return refused("invalid_request", f"What is sent is {FORM}, to {described.REGISTER} application/json.")
        return await answer(request)

    return private


def _for_people(answer: Answer) -> Answer:
    """Tells a browser of a refusal by a page: programs ask for none."""

    async def told(request: Request) -> Response:
        found = await answer(request)
        is_refusal = found.status_code >= 400 and found.headers.get("content-type", "").startswith(JSON)
        if not is_refusal or "text/html" not in request.headers.get("accept", ""):
            return found
        why = orjson.loads(found.body).get("error_description") or ""
        return consent.refused(request.headers, str(why), found.status_code)

    return told


def _ask(request: Request, by: Client, params: AuthorizationParams, problem: str = "") -> Response:
    kept = {
        "response_type": "code", "client_id": by.client_id, "redirect_uri": str(params.redirect_uri),
        "code_challenge": params.code_challenge, "code_challenge_method": "S256", "state": params.state,
        "resource": params.resource,
    }  # fmt: skip
    given = {name: value for name, value in kept.items() if value is not None}
    return consent.asked(request.headers, by, params.redirect_uri, given, problem)


def _back(request: Request, params: AuthorizationParams, own: str, **told: str) -> Response:
    state = {} if params.state is None else {"state": params.state}
    return consent.back(request.headers, with_query(str(params.redirect_uri), **told, **state, iss=own))


def with_query(address: str, **told: str) -> str:
    """An address as it is, letter by letter, with more in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(told)}"
