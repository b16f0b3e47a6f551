"""Who is signed in where: auth keys and their sessions, login codes, QR tokens, authorisations taken to another DC.

A session here is what Telegram lists under devices: an auth key and the account it is signed in to, if any.
"""

import base64
import hashlib
import os
import random
import time
from dataclasses import dataclass, field

from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from tests.telegram_server.entities import User
from tests.telegram_server.faults import RpcError
from tests.telegram_server.srp import Challenge


@dataclass(eq=False)
class Session:
    """An auth key in one data centre. `waiting` is the account that still has to give its password."""

    key: AuthKey
    dc: int
    user: User | None = None
    waiting: User | None = None
    parent: "Session | None" = None
    layer: int | None = None
    challenge: Challenge | None = None
    takeouts: set[int] = field(default_factory=set)
    created: float = field(default_factory=time.time)

    @property
    def hash(self) -> int:
        return self.key.key_id & 0x7FFFFFFFFFFFFFFF

    def sign_in(self, user: User) -> None:
        """Sign in, or ask for the password first. Raises SESSION_PASSWORD_NEEDED then."""
        if user.password is not None:
            self.waiting = user
            raise RpcError(401, "SESSION_PASSWORD_NEEDED")
        self.user = user


@dataclass(eq=False)
class LoginToken:
    """A QR code's token: which session asked for it, until when it lives, who accepted it."""

    session: Session
    expires: float
    user: User | None = None


class Accounts:
    """All sessions of a server by data centre and key id, and what is under way to make new ones."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[int, int], Session] = {}
        self.codes: dict[str, tuple[str, str]] = {}
        self.tokens: dict[bytes, LoginToken] = {}
        self.exported: dict[bytes, Session] = {}
        self.token_seconds = 30.0
        self.skew = 0.0

    def add(self, dc: int, key: AuthKey, user: User | None = None) -> Session:
        session = Session(key, dc, user)
        self.sessions[dc, key.key_id] = session
        return session

    def find(self, dc: int, key_id: int) -> Session | None:
        return self.sessions.get((dc, key_id))

    def of_string(self, string: str) -> Session:
        """The session a `StringSession` string belongs to. Raises KeyError if the server never knew it."""
        saved = StringSession(string)
        return self.sessions[saved.dc_id, saved.auth_key.key_id]

    def revoke(self, session: Session) -> list[Session]:
        """Sign a session out with all it exported to other data centres; returns them."""
        gone = [session, *(one for one in list(self.sessions.values()) if one.parent is session)]
        for one in gone:
            one.user = one.waiting = None
        return gone

    def new_code(self, phone: str) -> str:
        """Send a login code (see `codes`) and return its hash."""
        code = f"{random.SystemRandom().randrange(100_000):05}"
        code_hash = hashlib.sha256(f"{phone}{code}".encode()).hexdigest()[:18]
        self.codes[phone] = (code, code_hash)
        return code_hash

    def now(self) -> float:
        """The server's clock, which is ``skew`` seconds ahead of this machine's."""
        return time.time() + self.skew

    def new_token(self, session: Session) -> tuple[bytes, float]:
        """A QR token and the time it expires by the server's clock."""
        token = os.urandom(32)
        self.tokens[token] = LoginToken(session, self.now() + self.token_seconds)
        return token, self.tokens[token].expires

    def accept_token(self, token: bytes, user: User) -> LoginToken:
        """Accept a QR token for `user`, as a scan with a signed in phone does."""
        found = self.tokens.get(token)
        if found is None:
            raise RpcError(400, "AUTH_TOKEN_INVALIDX")
        if found.expires < self.now():
            raise RpcError(400, "AUTH_TOKEN_EXPIRED")
        if found.user is not None:
            raise RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
        found.user = user
        return found

    def accepted_by(self, session: Session) -> tuple[bytes, LoginToken] | None:
        """The token of this session that somebody accepted, if one was."""
        found = ((key, one) for key, one in self.tokens.items() if one.session is session and one.user is not None)
        return next(found, None)


def token_of(url: str | bytes) -> bytes:
    """The token in a `tg://login?token=…` address; bytes are one already."""
    if isinstance(url, bytes):
        return url
    text = url.rpartition("token=")[2]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def random_key() -> bytes:
    """An auth key made without an exchange."""
    return b"\x7f" + os.urandom(255)
