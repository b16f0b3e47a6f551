"""Who and where: users, small groups, channels, topics, folders. Plain state; `World` creates and changes it.

A channel here is anything Telegram calls a channel: a broadcast channel, a supergroup, a forum. It owns a box of
messages. Users own one too: all their private chats and small groups share it (see `boxes`).
"""

from dataclasses import dataclass, field
from datetime import datetime

from telethon.tl import types as t

from tests.telegram_server.boxes import Box


@dataclass(eq=False)
class User:
    """An account. `password` is its two-step verification password, `phone` digits only."""

    id: int
    first_name: str
    access_hash: int
    last_name: str | None = None
    username: str | None = None
    phone: str | None = None
    password: str | None = None
    about: str | None = None
    bot: bool = False
    deleted: bool = False
    premium: bool = False
    box: Box = field(default_factory=Box)
    contacts: set["User"] = field(default_factory=set)
    pinned: list["Peer"] = field(default_factory=list)
    archived: set["Peer"] = field(default_factory=set)
    folders: list["Folder"] = field(default_factory=list)

    @property
    def peer(self) -> t.PeerUser:
        return t.PeerUser(self.id)

    @property
    def input_peer(self) -> t.InputPeerUser:
        return t.InputPeerUser(self.id, self.access_hash)

    @property
    def marked_id(self) -> int:
        """The id as Telethon marks it: positive."""
        return self.id


@dataclass(eq=False)
class Group:
    """A small group (`Chat`). Its messages live in the boxes of its members, with an id of each member's own."""

    id: int
    title: str
    date: datetime
    members: dict[User, datetime] = field(default_factory=dict)
    former: set[User] = field(default_factory=set)
    migrated_to: "Channel | None" = None
    about: str = ""

    @property
    def peer(self) -> t.PeerChat:
        return t.PeerChat(self.id)

    @property
    def input_peer(self) -> t.InputPeerChat:
        return t.InputPeerChat(self.id)

    @property
    def marked_id(self) -> int:
        """The id as Telethon marks it: negative."""
        return -self.id


@dataclass(eq=False)
class Topic:
    """A forum topic. `id` is that of the service message that created it; General has 1 and no such message."""

    id: int
    title: str
    creator: User | None
    date: datetime
    closed: bool = False
    pinned: bool = False
    icon_color: int = 0x6FB9F0


@dataclass(eq=False)
class Channel:
    """A broadcast channel, or a supergroup (`megagroup`), or a forum (both `megagroup` and `forum`)."""

    id: int
    title: str
    date: datetime
    access_hash: int
    megagroup: bool = False
    forum: bool = False
    username: str | None = None
    about: str = ""
    members: dict[User, datetime] = field(default_factory=dict)
    admins: set[User] = field(default_factory=set)
    kicked: set[User] = field(default_factory=set)
    hidden: dict[User, int] = field(default_factory=dict)
    """The newest message that members who came later do not see."""
    linked: "Channel | None" = None
    migrated_from: Group | None = None
    topics: dict[int, Topic] = field(default_factory=dict)
    threads: dict[int, list[int]] = field(default_factory=dict)
    box: Box = field(default_factory=Box)

    @property
    def peer(self) -> t.PeerChannel:
        return t.PeerChannel(self.id)

    @property
    def input_peer(self) -> t.InputPeerChannel:
        return t.InputPeerChannel(self.id, self.access_hash)

    @property
    def marked_id(self) -> int:
        """The id as Telethon marks it: -100 before the number."""
        return -(1_000_000_000_000 + self.id)

    def open_to(self, user: User) -> bool:
        """May `user` read it? Members may; anyone may read a public one unless kicked."""
        return user in self.members or (self.username is not None and user not in self.kicked)


@dataclass(eq=False)
class Folder:
    """A dialog filter of one user: chats listed, and kinds of chats named by Telegram's own flags."""

    id: int
    title: str
    peers: list["Peer"]
    exclude: list["Peer"] = field(default_factory=list)
    flags: dict[str, bool] = field(default_factory=dict)


Peer = User | Group | Channel
