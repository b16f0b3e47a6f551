"""The world a server shows: people, chats, who is in them, folders, files. Changed by the test through methods.

Every method may be called from any thread, before the server starts or while clients are connected. Messages are in
`posting`, clock and updates in `feed`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Box
from tests.telegram_server.entities import Channel, Folder, Group, Peer, User
from tests.telegram_server.feed import Feed
from tests.telegram_server.files import Files
from tests.telegram_server.posting import Posting

START = datetime(2026, 1, 1, tzinfo=UTC)


class World(Posting, Files, Feed):
    """Users, chats and messages. `clock` is its time, aware, UTC: a message without a date takes it a second on."""

    def __init__(self, clock: datetime = START) -> None:
        Feed.__init__(self, clock)
        Files.__init__(self)
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.channels: dict[int, Channel] = {}
        self._owners: dict[Box, User] = {}

    def user(self, first_name: str = "", *, id: int | None = None, **fields: object) -> User:
        """A new account; `fields` are those of `User` (username, phone, password, bot, deleted…)."""
        with self.lock:
            number = id or 1001 + len(self.users)
            user = User(number, first_name, _hash(number, 1), **fields)
            if user.phone:
                user.phone = digits(user.phone)
            self.users[number] = user
            self._owners[user.box] = user
            return user

    def group(
        self, title: str, members: Iterable[User], *, id: int | None = None, date: datetime | None = None
    ) -> Group:
        """A new small group of `members`; there is no service message unless the test sends one."""
        with self.lock:
            date = date or self.clock
            group = Group(id or 5001 + len(self.groups), title, date, dict.fromkeys(members, date))
            self.groups[group.id] = group
            return group

    def channel(self, title: str, members: Iterable[User] = (), *, id: int | None = None, **fields: object) -> Channel:
        """A new broadcast channel; `fields` are those of `Channel`; `discussion` links a supergroup to it."""
        with self.lock:
            number = id or 700001 + len(self.channels)
            discussion: Channel | None = fields.pop("discussion", None)
            date = fields.pop("date", None) or self.clock
            joined = dict.fromkeys(members, date)
            channel = Channel(number, title, date, _hash(number, 2), members=joined, **fields)
            self.channels[number] = channel
            channel.box.last_id = int(channel.forum)  # id 1 is General's
            if discussion:
                channel.linked, discussion.linked = discussion, channel
            return channel

    def supergroup(self, title: str, members: Iterable[User] = (), **fields: object) -> Channel:
        """A new supergroup."""
        return self.channel(title, members, megagroup=True, **fields)

    def forum(self, title: str, members: Iterable[User] = (), **fields: object) -> Channel:
        """A new supergroup with topics; see `topic`."""
        return self.supergroup(title, members, forum=True, **fields)

    def join(self, user: User, chat: Group | Channel, *, date: datetime | None = None, announce: bool = True) -> None:
        """Let `user` in. A service message tells of it, except in a broadcast channel."""
        with self.lock:
            chat.members[user] = self.tick(date)
            (chat.former if isinstance(chat, Group) else chat.kicked).discard(user)
            if isinstance(chat, Group) or chat.megagroup:
                self.service(chat, t.MessageActionChatAddUser([user.id]), sender=user, date=date, announce=announce)
            if announce and isinstance(chat, Channel):
                self.notify("channel", chat, [user])

    def kick(self, user: User, chat: Group | Channel, *, announce: bool = True) -> None:
        """Put `user` out: a private channel is closed to him from now on, a small group keeps what he has."""
        with self.lock:
            chat.members.pop(user, None)
            (chat.former if isinstance(chat, Group) else chat.kicked).add(user)
            if announce:
                self.notify("channel" if isinstance(chat, Channel) else "chat", chat, [user])

    def rename(self, chat: Group | Channel, title: str, *, sender: User | None = None, announce: bool = True) -> None:
        """Give a chat another title, with the service message about it."""
        with self.lock:
            chat.title = title
            self.service(chat, t.MessageActionChatEditTitle(title), sender=sender, announce=announce)

    def migrate(self, group: Group, *, sender: User, announce: bool = True) -> Channel:
        """Turn a small group into a supergroup, as Telegram does: two chats, each with a message pointing over."""
        with self.lock:
            channel = self.supergroup(group.title, group.members, migrated_from=group)
            self.service(group, t.MessageActionChatMigrateTo(channel.id), sender=sender, announce=announce)
            group.migrated_to = channel
            action = t.MessageActionChannelMigrateFrom(group.title, group.id)
            self.service(channel, action, sender=sender, announce=announce)
            return channel

    def folder(
        self, user: User, title: str, peers: Iterable[Peer] = (), *, exclude: Iterable[Peer] = (), **flags: bool
    ) -> Folder:
        """A folder of `user`; flags as in Telegram's `DialogFilter`: contacts, groups, broadcasts, bots…"""
        with self.lock:
            folder = Folder(2 + len(user.folders), title, list(peers), list(exclude), flags)
            user.folders.append(folder)
            return folder

    def owner_of(self, box: Box) -> User:
        """The account a box belongs to."""
        return self._owners[box]

    def lookup(self, peer: TLObject | None) -> Peer | None:
        """The user or chat a TL peer names, if there is one."""
        match peer:
            case t.PeerUser(user_id=number):
                return self.users.get(number)
            case t.PeerChat(chat_id=number):
                return self.groups.get(number)
            case t.PeerChannel(channel_id=number):
                return self.channels.get(number)
        return None

    def by_username(self, username: str) -> User | Channel | None:
        """Whoever has this name, without regard to case."""
        wanted = username.casefold()
        everyone = [*self.users.values(), *self.channels.values()]
        return next((one for one in everyone if one.username and one.username.casefold() == wanted), None)

    def by_phone(self, phone: str) -> User | None:
        """The account with this phone number."""
        return next((user for user in self.users.values() if user.phone == digits(phone)), None)


def digits(phone: str) -> str:
    """A phone number without plus, spaces and brackets."""
    return "".join(filter(str.isdigit, phone))


def _hash(number: int, kind: int) -> int:
    """An access hash that nobody guesses by accident: 63 bits from the id."""
    return (number * 0x9E3779B97F4A7C15 + kind * 0xBF58476D1CE4E5B9) & 0x7FFFFFFFFFFFFFFF
