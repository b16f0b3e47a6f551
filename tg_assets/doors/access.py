"""Whose archive a request is for: the token that it brings, as a header or as the page's cookie.

Readers of feeds send neither: the address of a saved question's feed may have the key of that feed, which opens it and
nothing else. Assistants on the web send a token that they were given by OAuth, which opens ``/mcp`` and nothing else.

What does not belong here: what tokens are (``tokens``), what is refused for other reasons (``guards``).
"""

from contextvars import ContextVar
from dataclasses import replace
from re import compile as pattern
from uuid import UUID

from starlette.requests import HTTPConnection

from tg_assets.answers.archive import Archive
from tg_assets.doors.oauth import grants
from tg_assets.doors.tokens import Access, access, access_by_key
from tg_assets.stores.database import Database
from tg_assets.tagging.lemmas import lemmas

COOKIE = "tga"
"""What its name begins with (``cookie_of``)."""
BEARER = "Bearer "
ASSISTANTS = "/mcp"
"""The one path that what was given by OAuth opens."""
FEED = pattern(r"/api/v1/saved/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/atom")

CALLER: ContextVar[Archive] = ContextVar("caller")
"""The archive as whoever is answered now may see it."""


def cookie_of(request: HTTPConnection) -> str:
    """The page's cookie has its name by the port that a browser was led to: to browsers a host's ports are one, and
    at another of them there may be another installation."""
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"{COOKIE}-{port}" if port.isdecimal() else COOKIE


def token_of(request: HTTPConnection) -> str | None:
    """The token of a request: that of its header, else that of its cookie."""
    given = request.headers.get("authorization")
    if given is not None:
        return given.removeprefix(BEARER) if given.startswith(BEARER) else None
    return request.cookies.get(cookie_of(request))


def brought_by(request: HTTPConnection) -> str | None:
    """What a request brings to be let in: the key of a feed at that feed's path, else its token."""
    if FEED.fullmatch(request.scope["path"]) and (key := request.query_params.get("key")):
        return key
    return token_of(request)


class Opener:
    """Opens archives: ``whole`` has the installation's stores and models; its tenant is nobody's."""

    def __init__(self, database: Database, whole: Archive) -> None:
        self.database, self._whole = database, whole

    def warm(self) -> None:
        """Load what understands questions: the model, and dictionaries of both languages."""
        self._whole.embedder().encode(lemmas("вопрос question"))

    def access(self, request: HTTPConnection) -> Access | None:
        """What the token of a request opens, or the key of a feed; None without one that does. A statement: not for the
        event loop."""
        if (feed := FEED.fullmatch(request.scope["path"])) and (key := request.query_params.get("key")):
            return access_by_key(self.database, UUID(feed[1]), key)
        token = token_of(request)
        if token is None:
            return None
        if request.scope["path"] == ASSISTANTS and token.startswith(grants.ACCESS):
            return grants.access(self.database, token)
        return access(self.database, token)

    def archive(self, granted: Access) -> Archive:
        """The archive as it may be seen."""
        return replace(self._whole, tenant=granted.tenant, owners=granted.owners, feeds=granted.feeds)
