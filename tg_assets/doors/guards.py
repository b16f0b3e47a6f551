"""What every request passes before anything answers: host, origin, size, token, rate; and what every answer carries.

One place for all doors, so that no route can forget it: what is not ``open`` needs a token. What does not belong here:
what a token opens (``access``), answers.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from anyio import CapacityLimiter, move_on_after
from anyio.to_thread import run_sync
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tg_assets.doors.access import ASSISTANTS, CALLER, FEED, Opener, brought_by
from tg_assets.doors.lately import Lately
from tg_assets.doors.mcp.refused import in_its_words
from tg_assets.doors.oauth.described import challenge
from tg_assets.doors.oauth.grants import ACCESS
from tg_assets.doors.saying import LOG, NEEDED, TOLD, failed, refusal
from tg_assets.doors.tokens import Access

# Nothing is run, framed, sent or fetched but what this service itself has.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
LARGEST_BODY = 256 * 1024
LONGEST_URL = 16 * 1024
DIGITS = 12
NETWORK_BITS = 64
BODY_SECONDS = 30.0
"""How long a request's body may take."""
NUL = "\0"
TOKENS_AT_ONCE = 4
"""Tokens that are looked at at once, beside the answers of those that were."""
TOO_LARGE = refusal(413, "too_large", f"A request has at most {LARGEST_BODY} bytes.")
TOO_OFTEN = refusal(
    429, "rate", "Too many requests without a token that opens anything. Wait a minute.", {"retry-after": "60"}
)
TOO_SLOW = refusal(408, "slow", f"The body of a request took more than {BODY_SECONDS:.0f} s.")
NOT_CALLED_SO = refusal(421, "host", "This service does not go by this name. Whoever runs it can add the name to it.")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE = frozenset({"none", "same-origin"})
OPEN = (
    "/", "/health", "/static/", "/api/v1/session", "/api/v1/openapi.json",
    "/authorize", "/token", "/register", "/revoke", "/.well-known/",
)  # fmt: skip
"""Paths that need no token, those that end with a slash with all below them."""
EXCHANGES = frozenset({"/token", "/revoke"})
"""Paths at which assistants bring what cannot be guessed, those of all people from a few addresses."""


class Counts(MemoryStorage):
    """Who asked how often: a window ends by the clock. One that goes on for longer than it may began before the clock
    was set back, and nobody is refused until that time comes again."""

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and return how many there are in the window of ``expiry`` seconds."""
        if self.expirations.get(key, 0.0) > time.time() + expiry:
            self.clear(key)
        return super().incr(key, expiry, amount)


@dataclass(frozen=True, slots=True)
class House:
    """What a service lets in: ``hosts`` are names that it may be called by, each with or without a port.

    ``rate`` is how often one token may ask, in the words of ``limits`` (``1200/minute``), and how many tokens of an
    address may be wrong before the database is asked about none but known ones; ``strangers`` is how often an address
    may ask without a token that opens anything.
    """

    hosts: Collection[str]
    rate: str = "1200/minute"
    strangers: str = "60/minute"
    open: Collection[str] = OPEN
    limiter: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(Counts()))

    def knows(self, host: str) -> bool:
        """Whether ``Host`` names this service: else a page of a stranger's name, led here by DNS, could read it."""
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        return host in self.hosts or (name in self.hosts and port.isdecimal() and len(port) < 6 and int(port) < 65_536)

    def opening(self, path: str) -> str | None:
        """Which of ``open`` a path is, or is below; None for one that needs a token."""
        below = (one for one in self.open if one.endswith("/") and len(one) > 1 and path.startswith(one))
        return path if path in self.open else next(below, None)

    def is_open(self, path: str) -> bool:
        """Whether a path needs no token."""
        return self.opening(path) is not None

    def lets(self, rate: str, who: str) -> bool:
        """Whether one more is not too many."""
        return self.limiter.hit(parse(rate), who)

    def would_let(self, rate: str, who: str) -> bool:
        """The same, without counting one."""
        return self.limiter.test(parse(rate), who)


class Guards:
    """ASGI middleware; refuses with a sentence in JSON, and sets ``CALLER`` for what answers."""

    def __init__(self, app: ASGIApp, house: House, opener: Opener) -> None:
        self.app, self.house, self.opener = app, house, opener
        self.limiter = CapacityLimiter(TOKENS_AT_ONCE)
        self.lately, self._is_told = Lately(), False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        guarded = _with_headers(in_its_words(send) if scope["path"] == ASSISTANTS else send)
        scope.setdefault("state", {})
        request = HTTPConnection(scope)
        if request.headers.get("x-forwarded-proto") == "https":  # it decides of addresses in the caller's own answer
            scope["scheme"] = "https"
        answer = self._refused(request)
        if answer is None and not self.house.is_open(scope["path"]):
            answer = await self._let_in(request)
        elif answer is None and scope["method"] not in READS:  # a token, which may be a guess
            answer = self._too_often(request)
        if answer is not None:
            await answer(scope, receive, guarded)
            return
        body = None
        with move_on_after(BODY_SECONDS) as waiting:
            body = await _body(receive)
        if waiting.cancelled_caught:
            await TOO_SLOW(scope, receive, guarded)
            return
        if body is None:
            await TOO_LARGE(scope, receive, guarded)
            return
        try:
            await self.app(scope, _again(body, receive), guarded)
        except Exception as error:  # noqa: BLE001 - a traceback, which the server would write, may quote messages
            if not scope["state"].get(TOLD):  # it came when an answer had begun, so that nobody was told (``service``)
                LOG.error("%s in the middle of an answer", type(error).__name__)

    def _refused(self, request: HTTPConnection) -> ASGIApp | None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        method = request.scope["method"]
        if not self.house.knows(host):
            if not self._is_told:  # once: anybody can send any name
                self._is_told = True
                LOG.warning("asked by a name that is not its own; TG_SERVE_HOSTS lists those that are")
            return NOT_CALLED_SO
        scheme, _, named = (origin or "").partition("://")
        if origin is not None and (scheme not in ("http", "https") or named != host):
            return refusal(403, "origin", "Pages of other sites may not ask here.")
        if origin is None and method not in READS and request.headers.get("sec-fetch-site", "none") not in OWN_SITE:
            return refusal(403, "origin", "Pages of other sites may not ask here.")
        if len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"]) > LONGEST_URL:
            return refusal(414, "too_large", f"An address has at most {LONGEST_URL} bytes.")
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > DIGITS or int(length) > LARGEST_BODY:
            return TOO_LARGE
        if NUL in request.scope["path"] or b"%00" in request.scope["query_string"]:
            return refusal(400, "bad_request", "No text has a NUL character.")
        return None

    def _too_often(self, request: HTTPConnection) -> ASGIApp | None:
        """Whether more came from an address than strangers may; of each open path apart, so that none fills another's
        measure, and of all below one together: a stranger may name as many of those as there are words."""
        path = request.scope["path"]
        rate = self.house.rate if path in EXCHANGES else self.house.strangers
        if self.house.lets(rate, f"address {_place(request)} {self.house.opening(path) or ''}"):
            return None
        return TOO_OFTEN

    async def _let_in(self, request: HTTPConnection) -> ASGIApp | None:
        brought, path = brought_by(request), request.scope["path"]
        try:
            granted = await run_sync(self._granted, request, brought, limiter=self.limiter)
        except Exception as error:  # noqa: BLE001 - whatever ails the database, callers get a sentence
            return failed(error, "the token")
        if granted is None:
            self.lately.forget(brought)
            if brought is not None and not self.house.lets(self.house.rate, f"wrong {_place(request)}"):
                return TOO_OFTEN
            program = "program" if brought is None else "wrong"
            needed = NEEDED["feed" if FEED.fullmatch(path) else "assistant" if path == ASSISTANTS else program]
            nothing = refusal(401, "token", needed, {"www-authenticate": challenge(request)})
            ended = (brought or "").startswith(ACCESS)  # an assistant's, which is to ask for another one
            return nothing if ended else self._too_often(request) or nothing
        self.lately.keep(brought)
        if not self.house.lets(self.house.rate, f"token {granted.tenant} {granted.token}"):
            return refusal(429, "rate", f"More than {self.house.rate}. Wait a little.", {"retry-after": "60"})
        request.scope["state"]["access"] = granted
        CALLER.set(self.opener.archive(granted))
        return None

    def _granted(self, request: HTTPConnection, brought: str | None) -> Access | None:
        """What is opened. Of what is wrong the database is asked about so much of an address only; what opened
        something lately is none of that, for behind a proxy all come from one address."""
        if brought not in self.lately and not self.house.would_let(self.house.rate, f"wrong {_place(request)}"):
            return None
        return self.opener.access(request)


def _place(request: HTTPConnection) -> str:
    """Whom an address is counted as: of IPv6, where everybody has more than can be counted, its network."""
    given = request.client.host if request.client else ""
    try:
        known = ip_address(given)
    except ValueError:  # a socket without one
        return given
    if not isinstance(known, IPv6Address):
        return given
    return str(known.ipv4_mapped or ip_network((known, NETWORK_BITS), strict=False))


async def _body(receive: Receive) -> bytes | None:
    """All of a request's body; None where it is more than is taken, whatever it says of its length."""
    taken = bytearray()
    while True:
        message = await receive()
        taken += message.get("body", b"")
        if len(taken) > LARGEST_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(taken)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, then whatever comes."""
    is_told = False

    async def again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send, more: Mapping[str, str] = HEADERS) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in more.items():
                headers.setdefault(name, value)  # an answer may say its own
            if "cache-control" not in headers:
                headers["cache-control"] = "no-store"
        await send(message)

    return guarded
