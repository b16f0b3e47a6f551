"""Messages and the boxes that number them.

Telegram has one id space and one pts per account for private chats and small groups together, so the same message
has different ids in two accounts; every channel has an id space and a pts of its own. A `Box` is one such space.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from telethon.tl.tlobject import TLObject

if TYPE_CHECKING:
    from tests.telegram_server.entities import Peer, Topic, User
    from tests.telegram_server.media import Media


@dataclass(eq=False, slots=True)
class Message:
    """One message, whoever sees it. `chat` is where it was sent: for a private one, the recipient.

    `top` is the id of its thread's first message (a topic, the copy of a post in the discussion group, the message
    that started a reply chain), `extra` any further fields of Telethon's `Message`, given to clients as they are.
    """

    chat: "Peer"
    sender: "Peer | None"
    date: datetime
    private: bool = False
    text: str = ""
    entities: list[TLObject] | None = None
    media: "Media | TLObject | None" = None
    action: TLObject | None = None
    reply_to: "Message | int | None" = None
    quote: str | None = None
    topic: "Topic | None" = None
    top: int | None = None
    forward: TLObject | None = None
    grouped_id: int | None = None
    edit_date: datetime | None = None
    views: int | None = None
    forwards: int | None = None
    pinned: bool = False
    reactions: dict[str | int, "Reaction"] = field(default_factory=dict)
    discussion: "Message | None" = None
    extra: dict[str, Any] = field(default_factory=dict)
    ids: dict["Box", int] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """Its id in a channel; in a private chat or small group the id its sender sees."""
        return next(iter(self.ids.values()))

    def id_for(self, user: "User") -> int:
        """Its id as `user` sees it in a private chat or small group. Raises KeyError if he does not."""
        return self.ids[user.box]

    def peer_for(self, box: "Box") -> "Peer":
        """The chat this message belongs to in `box`: of a private message, the other side."""
        return self.sender if self.private and self.chat.box is box else self.chat


@dataclass(slots=True)
class Reaction:
    """How many gave one reaction, and those of them who are known."""

    count: int = 0
    senders: dict["User", datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Event:
    """What happened in a box, told to clients by `pushing`. `messages` are as they were then."""

    kind: str
    messages: list[Message]
    ids: list[int]
    at: datetime
    pts: int = 0
    count: int = 0
    data: Any = None


class Box:
    """An id space: messages by id, ids of each chat in ascending order, the pts and the log of events."""

    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self.histories: dict[Peer, list[int]] = defaultdict(list)
        self.last_id = 0
        self.pts = 1
        self.log: list[Event] = []
        self.forgotten = 1

    def add(self, message: Message, number: int | None = None) -> int:
        """Give `message` the next id, or `number`, which must be free; returns the id."""
        if number is None:
            number = self.last_id + 1
        elif number in self.messages:
            raise ValueError(f"message id {number} is taken")
        history = self.histories[message.peer_for(self)]
        if history and number < history[-1]:
            insort(history, number)
        else:
            history.append(number)
        self.last_id = max(self.last_id, number)
        self.messages[number] = message
        message.ids[self] = number
        return number

    def remove(self, number: int) -> None:
        """Forget a message; its id is never used again."""
        message = self.messages.pop(number)
        history = self.histories[message.peer_for(self)]
        del history[bisect_left(history, number)]

    def record(self, event: Event, count: int) -> Event:
        """Put `event` in the log; the pts grows by `count`."""
        self.pts += count
        event.pts, event.count = self.pts, count
        self.log.append(event)
        return event

    def since(self, pts: int) -> list[Event] | None:
        """Events after `pts` in order, or None if some of them are forgotten."""
        if pts < self.forgotten:
            return None
        return self.log[bisect_left(self.log, pts + 1, key=lambda event: event.pts) :]

    def forget(self) -> None:
        """Drop the log, as Telegram does with old updates."""
        self.log.clear()
        self.forgotten = self.pts
