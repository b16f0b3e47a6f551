"""From Telegram's updates to events: pure, one account at a time.

What an update does not say itself (a message's new reactions, the chat of a deleted message, a chat that nobody
registered yet) is handed on for others to find out. What does not belong here: asking Telegram or the database.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telethon import utils
from telethon.tl import types as tl

from tg_assets.accounts.limits import may_read
from tg_assets.events.envelope import ChatEvent
from tg_assets.events.from_telethon import NEVER, TelethonChat, edited_event_of, event_of
from tg_assets.events.posts import PostDeletedEventV1, PostParsedEventV1
from tg_assets.history.dialogs import dialog_of
from tg_assets.history.reach import Reachable
from tg_assets.ids import is_channel, marked_channel_id
from tg_assets.telegram.off_limits import OffLimits
from tg_assets.telegram.telethon_raw import raw_of
from tg_assets.updates.chats import Chats

PRODUCER = "tg-assets listen"
# Private messages and polls whose chat is remembered, for updates that name only the message or only the poll.
REMEMBERED = 50_000

_NEW = (tl.UpdateNewMessage, tl.UpdateNewChannelMessage)
_EDITED = (tl.UpdateEditMessage, tl.UpdateEditChannelMessage)
_COUNTED = (tl.UpdateChannelMessageViews, tl.UpdateChannelMessageForwards)
_PINNED = (tl.UpdatePinnedMessages, tl.UpdatePinnedChannelMessages)
_ABOUT = (tl.UpdateMessageReactions, tl.UpdateMessageExtendedMedia)


@dataclass(slots=True)
class Stranger:
    """A message in a private chat that is not registered yet."""

    marked: int
    message: Any
    at: datetime


@dataclass(slots=True)
class Translated:
    """What updates came to."""

    events: list[ChatEvent] = field(default_factory=list)
    chats: dict[Reachable, int] = field(default_factory=dict)
    """Chats that something happened in, with the newest message of it, 0 when there was none."""
    deleted: list[int] = field(default_factory=list)
    """Private messages that are gone; in which chat they were is not known."""
    refetch: list[tuple[int, int]] = field(default_factory=list)
    """Messages to ask for: marked chat id (0: a private one), message id."""
    changed: list[int] = field(default_factory=list)
    """Channels that the account may have come into or gone out of, by marked id."""
    strangers: list[Stranger] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Kinds of updates that could not be read, and of their errors."""


class Remembered(OrderedDict[int, Any]):
    """The last so many of something by id."""

    def put(self, key: int, value: Any) -> None:
        """Remember one, and forget the oldest when there are too many."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)


class Translator:
    """Makes events of one account's updates; ``peers`` are those mentioned of late, by marked id."""

    def __init__(
        self, tenant: str, account_id: int, peers: Mapping[int, Any], off_limits: OffLimits | None = None
    ) -> None:
        self._tenant, self._account_id, self._peers = tenant, account_id, peers
        self._off_limits = off_limits or OffLimits()
        self.only: Collection[str] | None = None
        """Chats that the account is limited to."""
        self.chats = Chats({})
        self._private = Remembered()
        self._polls = Remembered()

    def translate(self, updates: Iterable[Any], at: datetime) -> Translated:
        """What updates come to that were received at ``at``."""
        translated = Translated()
        for update in updates:
            try:
                self._one(update, at, translated)
            except Exception as error:  # noqa: BLE001 - one update that cannot be read must not end the others
                translated.unread.append(f"{type(update).__name__}: {type(error).__name__}")
        return translated

    def message(self, message: Any, at: datetime, translated: Translated, *, edited: bool = False) -> None:
        """Take in a whole message; ``edited``: it was there before."""
        peer = getattr(message, "peer_id", None)
        if peer is None:  # an empty one
            return
        marked = utils.get_peer_id(peer)
        chats = self.chats.at(marked)
        if not is_channel(marked):
            self._private.put(message.id, marked)
            if not chats and self.chats.takes(marked) and self._may_begin(marked):
                translated.strangers.append(Stranger(marked, message, at))
        poll = getattr(getattr(message, "media", None), "poll", None)
        if poll is not None and chats:
            self._polls.put(poll.id, (marked, message.id))
        for chat in chats:
            event = self.event(message, chat, at, edited=edited)
            if event is not None:
                translated.events.append(event)
                translated.chats[chat] = max(translated.chats.get(chat, 0), message.id)

    def _may_begin(self, marked: int) -> bool:
        """Whether a private chat that nobody registered may be read."""
        username = getattr(self._peers.get(marked), "username", None)
        return may_read(self.only, marked, username) and not self._off_limits.has(
            marked, "dm" if marked > 0 else "persona", username
        )

    def event(self, message: Any, chat: Reachable, at: datetime, *, edited: bool = False) -> PostParsedEventV1 | None:
        """The event of a message; None for one that says nothing."""
        raw = raw_of(message, self._peers)
        if raw is None:
            return None
        known = self._telethon_chat(chat)
        event = (edited_event_of(raw, known, self._tenant) if edited else None) or event_of(raw, known, self._tenant)
        if not event.telegram_message_id or event.posted_at == NEVER:
            return None
        event.occurred_at, event.producer = at, PRODUCER
        return event

    def gone(self, chat: Reachable, numbers: Sequence[int], at: datetime) -> PostDeletedEventV1:
        """The event of deleted messages."""
        return PostDeletedEventV1(
            tenant_id=self._tenant,
            producer=PRODUCER,
            occurred_at=at,
            deleted_at=at,
            tg_channel_id=chat.tg_channel_id,
            source=chat.source,
            owner_id=chat.owner_id or None,
            telegram_message_ids=list(numbers),
        )

    def _one(self, update: Any, at: datetime, translated: Translated) -> None:
        if isinstance(update, _NEW):
            self.message(update.message, at, translated)
        elif isinstance(update, _EDITED):
            self.message(update.message, at, translated, edited=True)
        elif isinstance(update, tl.UpdateShortMessage | tl.UpdateShortChatMessage):
            self._short(update, at, translated)
        elif isinstance(update, tl.UpdateDeleteChannelMessages):
            self._deleted(marked_channel_id(update.channel_id), update.messages, at, translated)
        elif isinstance(update, tl.UpdateDeleteMessages):
            by_chat: dict[int, list[int]] = {}
            for number in update.messages:
                by_chat.setdefault(self._private.get(number, 0), []).append(number)
            translated.deleted += by_chat.pop(0, ())
            for marked, numbers in by_chat.items():
                self._deleted(marked, numbers, at, translated)
        elif isinstance(update, tl.UpdateChannel):
            translated.changed.append(marked_channel_id(update.channel_id))
        elif isinstance(update, _COUNTED):
            self._ask(marked_channel_id(update.channel_id), [update.id], translated)
        elif isinstance(update, _PINNED):
            channel = getattr(update, "channel_id", None)
            marked = marked_channel_id(channel) if channel else utils.get_peer_id(update.peer)
            self._ask(marked, update.messages, translated)
        elif isinstance(update, _ABOUT):
            self._ask(utils.get_peer_id(update.peer), [update.msg_id], translated)
        elif isinstance(update, tl.UpdateMessagePoll):
            if update.peer and update.msg_id:
                self._ask(utils.get_peer_id(update.peer), [update.msg_id], translated)
            elif update.poll_id in self._polls:
                marked, number = self._polls[update.poll_id]
                self._ask(marked, [number], translated)

    def _deleted(self, marked: int, numbers: Sequence[int], at: datetime, translated: Translated) -> None:
        for chat in self.chats.at(marked):
            translated.events.append(self.gone(chat, numbers, at))
            translated.chats.setdefault(chat, 0)

    def _ask(self, marked: int, numbers: Iterable[int], translated: Translated) -> None:
        chats = self.chats.at(marked)
        for chat in chats:
            translated.chats.setdefault(chat, 0)
        if chats:
            translated.refetch += [(marked if is_channel(marked) else 0, number) for number in numbers]

    def _short(self, update: Any, at: datetime, translated: Translated) -> None:
        """A private message without whom it mentions; when they are not known, Telegram has to tell."""
        if isinstance(update, tl.UpdateShortMessage):
            peer, author = tl.PeerUser(update.user_id), self._account_id if update.out else update.user_id
        else:
            peer, author = tl.PeerChat(update.chat_id), update.from_id
        if author not in self._peers or update.fwd_from or utils.get_peer_id(peer) not in self._peers:
            translated.refetch.append((0, update.id))
            return
        given = {name: getattr(update, name) for name in _SHORT}
        self.message(tl.Message(peer_id=peer, from_id=tl.PeerUser(author), **given), at, translated)

    def _telethon_chat(self, chat: Reachable) -> TelethonChat:
        """The chat with the name that it has by now."""
        entity = self._peers.get(chat.peer_id)
        dialog = dialog_of(entity) if entity is not None and not getattr(entity, "min", False) else None
        title, username = (dialog.title, dialog.username) if dialog else (chat.title, chat.username)
        return TelethonChat(chat.tg_channel_id, chat.source, chat.owner_id, title, username)


_SHORT = (
    "id", "date", "message", "out", "mentioned", "media_unread", "silent", "via_bot_id", "reply_to", "entities",
    "ttl_period",
)  # fmt: skip
