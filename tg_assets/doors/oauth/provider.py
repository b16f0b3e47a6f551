"""What the MCP library's handlers ask: who a client is, what it asks for, what its code or refresh token stands for.

Each class has the methods of the library's ``OAuthAuthorizationServerProvider`` that the handlers it is for call. What
does not belong here: statements (``grants``), what a person is shown (``consent``).
"""

from dataclasses import dataclass
from math import inf
from re import compile as pattern

from anyio.to_thread import run_sync
from mcp.server.auth.provider import (
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    RefreshToken,
    RegistrationError,
    TokenError,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl, AnyUrl

from tg_assets.doors.oauth import grants
from tg_assets.doors.oauth.clients import LOOPBACK, MOST_ADDRESSES, PUBLIC, SCOPE, Client, client, id_of
from tg_assets.doors.oauth.grants import ACCESS_LASTS, Grant
from tg_assets.stores.database import Database

CHALLENGE = pattern(r"[A-Za-z0-9_-]{43}")
"""A sha256, as S256 of PKCE writes it."""


class Clients:
    """Whoever registers, and whoever did."""

    async def get_client(self, client_id: str) -> Client | None:
        return client(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Tell a client what it is called here, whatever it wanted to be: it has no secret, and one scope."""
        try:
            client_info.client_id = id_of(client_info.client_name, client_info.redirect_uris)
        except ValueError:
            raise RegistrationError(
                "invalid_redirect_uri",
                f"1 to {MOST_ADDRESSES} addresses that begin with https://, or with http:// and one of "
                f"{', '.join(sorted(LOOPBACK))}, or with an app's own scheme that has a dot in it",
            ) from None
        client_info.token_endpoint_auth_method, client_info.scope = PUBLIC, SCOPE
        client_info.client_secret = client_info.client_secret_expires_at = None


@dataclass
class Asking(Clients):
    """Takes down what is asked for of ``resource``, once the library has found nothing wrong with it."""

    resource: str
    by: Client | None = None
    params: AuthorizationParams | None = None

    async def authorize(self, client: Client, params: AuthorizationParams) -> str:
        """Nobody is led anywhere before a person was asked. Raises AuthorizeError."""
        if not params.redirect_uri_provided_explicitly:
            raise AuthorizeError("invalid_request", "redirect_uri is missing")
        if not CHALLENGE.fullmatch(params.code_challenge):
            raise AuthorizeError("invalid_request", "code_challenge is no S256 challenge")
        if not is_meant(params.resource, self.resource):
            raise AuthorizeError("invalid_target", f"resource is not {self.resource}")
        self.by, self.params = client, params
        return ""


def is_meant(named: str | None, resource: str) -> bool:
    """Whether a request is for this resource, which those of older clients do not name."""
    try:
        return named is None or AnyHttpUrl(named.rstrip("/")) == AnyHttpUrl(resource)
    except ValueError:
        return False


class Code(AuthorizationCode):
    """A code, and its grant."""

    grant: Grant


class Refresh(RefreshToken):
    """A refresh token, and its grant."""

    grant: Grant


class Tokens(Clients):
    """What is given for a code, and for a refresh token; whether they ended is the database's to say, by its clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_authorization_code(self, client: Client, authorization_code: str) -> Code | None:
        found = await run_sync(grants.by_code, self._database, authorization_code)
        if found is None or found.client_id != client.client_id:
            return None
        return Code(
            code=authorization_code, redirect_uri=AnyUrl(found.redirect_uri), redirect_uri_provided_explicitly=True,
            code_challenge=found.code_challenge, client_id=found.client_id, scopes=[SCOPE], expires_at=inf, grant=found,
        )  # fmt: skip

    async def exchange_authorization_code(self, client: Client, authorization_code: Code) -> OAuthToken:
        return await self._renewed(authorization_code.grant)

    async def load_refresh_token(self, client: Client, refresh_token: str) -> Refresh | None:
        found = await run_sync(grants.by_refresh, self._database, refresh_token)
        if found is None or found.client_id != client.client_id:
            return None
        return Refresh(token=refresh_token, client_id=found.client_id, scopes=[SCOPE], grant=found)

    async def exchange_refresh_token(self, client: Client, refresh_token: Refresh, scopes: list[str]) -> OAuthToken:
        return await self._renewed(refresh_token.grant)

    async def _renewed(self, grant: Grant) -> OAuthToken:
        given = await run_sync(grants.renew, self._database, grant)
        if given is None:
            raise TokenError("invalid_grant", "it was used already")
        lasts = int(ACCESS_LASTS.total_seconds())
        return OAuthToken(access_token=given.access, refresh_token=given.refresh, expires_in=lasts, scope=SCOPE)
