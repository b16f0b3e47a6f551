"""Clients: who asks for access, by what they registered.

Anybody may register anything, so nothing is kept of it: a client's id *is* what it registered, its name and the
addresses that a code may be sent to, and is read again whenever it comes back. It proves nothing, has no secret, and
fills no table. A person decides by what the page of consent shows of it. What does not belong here: that page.
"""

import base64
from re import compile as pattern
from typing import Annotated, Any

import orjson
from mcp.shared.auth import OAuthClientInformationFull
from pydantic import AfterValidator, AnyUrl, Field, TypeAdapter, UrlConstraints

from tg_assets.answers.shown import one_line
from tg_assets.doors.oauth.places import is_apps

PREFIX = "tgk_"
SCOPE = "read"
"""The one there is: what the token opens. Whatever else is asked for is not given."""
PUBLIC = "none"
"""How clients prove who they are: not at all, but that they began what they go on with (PKCE)."""
LONGEST_NAME, LONGEST_ADDRESS, MOST_ADDRESSES, LONGEST_ID = 60, 500, 20, 4000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Where a code may be sent without TLS: a program on the person's own computer."""
HOST = pattern(r"[a-z0-9._-]+|\[::1\]")
"""What a host may be called, as it is looked up: a person is to recognize it."""


class Client(OAuthClientInformationFull):
    """A client as it is known by its id."""

    def validate_scope(self, requested_scope: str | None) -> list[str]:
        """What it may be given, whatever it asks for."""
        return [SCOPE]

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """The address that a code goes to: one that was registered. Raises InvalidRedirectUriError.

        On the person's own computer its port is whichever was free when the program began to listen (RFC 8252, 7.3).
        """
        if redirect_uri is not None and any(_differ_in_port(redirect_uri, one) for one in self.redirect_uris or ()):
            return redirect_uri
        return super().validate_redirect_uri(redirect_uri)


def _differ_in_port(address: AnyUrl, registered: AnyUrl) -> bool:
    is_here = registered.scheme == "http" and registered.host in LOOPBACK
    return is_here and _without_port(address) == _without_port(registered)


def _without_port(one: AnyUrl) -> tuple[str | None, ...]:
    return one.scheme, one.username, one.password, one.host, one.path, one.query, one.fragment


def _possible(address: AnyUrl) -> AnyUrl:
    """An address that a code may be sent to. Raises ValueError."""
    is_safe = address.scheme == "https" or (address.scheme == "http" and address.host in LOOPBACK)
    is_named = HOST.fullmatch(address.host or "") is not None
    begins = is_named or (not address.host and (address.path or "").startswith("/"))
    is_app = is_apps(address.scheme) and address.port is None and begins
    more = address.username, address.password, address.fragment
    if not (is_app or (is_safe and is_named)) or more != (None, None, None):
        raise ValueError("no address that a code may be sent to")
    return address


_QUOTES = str.maketrans("", "", '"“”„«»')
"""A name stands in quotation marks, which it is not to end."""
_NAME = Annotated[str, AfterValidator(lambda name: one_line(name, LONGEST_NAME).translate(_QUOTES))]
_ADDRESS = Annotated[AnyUrl, UrlConstraints(max_length=LONGEST_ADDRESS), AfterValidator(_possible)]
_REGISTERED: TypeAdapter[tuple[str, list[AnyUrl]]] = TypeAdapter(
    tuple[_NAME, Annotated[list[_ADDRESS], Field(min_length=1, max_length=MOST_ADDRESSES)]]
)


def id_of(name: str | None, addresses: Any) -> str:
    """The id of a client of this name, at these addresses. Raises ValueError where a code may be sent to none."""
    shown, several = _REGISTERED.validate_python((name or "", list(map(str, addresses or ()))))
    known = base64.urlsafe_b64encode(orjson.dumps([shown, *map(str, several)])).decode().rstrip("=")
    if len(known) > LONGEST_ID:
        raise ValueError("too many addresses")
    return PREFIX + known


def client(client_id: str) -> Client | None:
    """Who has this id; None where it is none."""
    if not client_id.startswith(PREFIX) or len(client_id) > LONGEST_ID + len(PREFIX):
        return None
    known = client_id.removeprefix(PREFIX)
    try:
        made = base64.b64decode(known + "=" * (-len(known) % 4), altchars=b"-_", validate=True)
        given, *several = orjson.loads(made)
        name, addresses = _REGISTERED.validate_python((given, several))
    except (ValueError, TypeError):
        return None
    return Client(
        client_id=client_id, client_name=name, redirect_uris=addresses, token_endpoint_auth_method=PUBLIC, scope=SCOPE
    )
