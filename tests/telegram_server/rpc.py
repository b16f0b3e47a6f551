"""The registry of methods, what a handler gets, and how peers in requests are resolved.

A handler is a function of a `Call`, registered for a request class by `@method`. It runs in the server's thread with
the world locked, returns a TL object (or `Vector`, or a bool) and refuses by raising `RpcError`.
"""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.entities import Channel, Group, Peer, User
from tests.telegram_server.faults import RpcError
from tests.telegram_server.objects import View

if TYPE_CHECKING:
    from tests.telegram_server.accounts import Session
    from tests.telegram_server.server import TelegramServer
    from tests.telegram_server.world import World

Handler = Callable[["Call", Any], Any]
METHODS: dict[type, Handler] = {}
OPEN: set[type] = set()


class Vector(list):
    """A bare vector as a result."""


def method(*requests: type, signed_in: bool = True) -> Callable[[Handler], Handler]:
    """Register a handler; one that works before signing in says so."""

    def register(handler: Handler) -> Handler:
        for request in requests:
            METHODS[request] = handler
            if not signed_in:
                OPEN.add(request)
        return handler

    return register


@dataclass
class Call:
    """One request: who made it, over which session, in which data centre, and when (monotonic seconds).

    `takeout` is the takeout id it was wrapped in; `error` what it was refused with.
    """

    request: TLObject
    session: "Session"
    server: "TelegramServer" = field(repr=False)
    takeout: int | None = None
    at: float = field(default_factory=time.monotonic)
    error: RpcError | None = None

    @property
    def world(self) -> "World":
        return self.server.world

    @property
    def user(self) -> User:
        return self.session.user

    @property
    def dc(self) -> int:
        return self.session.dc

    def view(self) -> View:
        return View(self.world, self.user)

    def peer(self, peer: TLObject) -> Peer:
        """The user, group or channel an input peer names, with its access hash checked and its door."""
        match peer:
            case t.InputPeerSelf() | t.InputUserSelf():
                return self.user
            case t.InputPeerUser(user_id=number, access_hash=key) | t.InputUser(user_id=number, access_hash=key):
                user = self.world.users.get(number)
                if user is None or (key != user.access_hash and user is not self.user):
                    raise RpcError(400, "PEER_ID_INVALID")
                return user
            case t.InputPeerChat(chat_id=number):
                return self.group(number)
            case t.InputPeerChannel() | t.InputChannel():
                return self.channel(peer)
        raise RpcError(400, "PEER_ID_INVALID")

    def group(self, number: int) -> Group:
        group = self.world.groups.get(number)
        if group is None or not (self.user in group.members or self.user in group.former):
            raise RpcError(400, "PEER_ID_INVALID")
        return group

    def channel(self, channel: TLObject) -> Channel:
        found = self.world.channels.get(getattr(channel, "channel_id", None))
        if found is None or getattr(channel, "access_hash", None) != found.access_hash:
            raise RpcError(400, "CHANNEL_INVALID")
        if not found.open_to(self.user):
            raise RpcError(400, "CHANNEL_PRIVATE")
        return found


def given(date: datetime | None) -> datetime | None:
    """The date in a request, or None: Telegram writes "no date" as the beginning of time."""
    return date if date is not None and date.timestamp() > 0 else None


def serialize(result: Any) -> bytes:
    """The bytes of a handler's result."""
    if isinstance(result, Vector):
        items = (struct.pack("<q", one) if isinstance(one, int) else one._bytes() for one in result)
        return struct.pack("<Ii", 0x1CB5C415, len(result)) + b"".join(items)
    if isinstance(result, bool):
        return struct.pack("<I", 0x997275B5 if result else 0xBC799737)
    return result._bytes()
