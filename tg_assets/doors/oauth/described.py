"""How this service describes itself to clients: where it is, who gives tokens for it, and how (RFC 9728 and 8414).

The address is that by which it was asked: the guards know its names. What does not belong here: what is behind these
addresses.
"""

from mcp.server.auth.handlers.metadata import MetadataHandler, ProtectedResourceMetadataHandler
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from tg_assets.doors.access import ASSISTANTS, token_of
from tg_assets.doors.oauth.clients import LOOPBACK, PUBLIC, SCOPE
from tg_assets.doors.saying import Json

RESOURCE, SERVER = "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"
AUTHORIZE, TOKEN, REGISTER, REVOKE = "/authorize", "/token", "/register", "/revoke"
NO_TLS = (
    "Tokens are given with TLS only, but on this computer: what ends TLS has to say so (X-Forwarded-Proto: https), and "
    "has to pass on the name in Host."
)

_WRITTEN = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))
"""An address as all of these documents have it, for clients compare letters."""


def address(request: HTTPConnection) -> str | None:
    """The service's own, without a slash at its end; None where others could read along."""
    url = request.url
    if url.scheme != "https" and url.hostname not in (*LOOPBACK, "::1"):
        return None
    return str(_WRITTEN.validate_python(f"{url.scheme}://{url.netloc}"))


def challenge(request: HTTPConnection) -> str:
    """What ``WWW-Authenticate`` says to whoever brings no token that opens anything."""
    own = address(request)
    if request.scope["path"] != ASSISTANTS or own is None:
        return "Bearer"
    error = ', error="invalid_token"' if token_of(request) else ""
    return f'Bearer resource_metadata="{own}{RESOURCE}{ASSISTANTS}", scope="{SCOPE}"{error}'


def no_tls() -> Response:
    """What is said where others could read along."""
    return Json({"error": "invalid_request", "error_description": NO_TLS}, 400)


async def resource(request: Request) -> Response:
    """What a token is for, and who gives one."""
    own = address(request)
    if own is None:
        return no_tls()
    told = {
        "resource": own + ASSISTANTS, "authorization_servers": [own], "scopes_supported": [SCOPE],
        "resource_name": "tg-assets",
    }  # fmt: skip
    return _kept_nowhere(
        await ProtectedResourceMetadataHandler(ProtectedResourceMetadata.model_validate(told)).handle(request)
    )


async def server(request: Request) -> Response:
    """Who gives tokens, and how it is asked."""
    own = address(request)
    if own is None:
        return no_tls()
    told = {
        "issuer": own, "authorization_endpoint": own + AUTHORIZE, "token_endpoint": own + TOKEN,
        "registration_endpoint": own + REGISTER, "revocation_endpoint": own + REVOKE, "scopes_supported": [SCOPE],
        "grant_types_supported": ["authorization_code", "refresh_token"], "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [PUBLIC], "revocation_endpoint_auth_methods_supported": [PUBLIC],
        "authorization_response_iss_parameter_supported": True,
    }  # fmt: skip
    return _kept_nowhere(await MetadataHandler(OAuthMetadata.model_validate(told)).handle(request))


def _kept_nowhere(answer: Response) -> Response:
    """It says by which name and port it was asked, which a cache on the way need not tell apart."""
    answer.headers["cache-control"] = "no-store"
    return answer
