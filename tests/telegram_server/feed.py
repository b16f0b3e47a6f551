"""How what happens reaches clients: events are logged, then delivered to whoever listens, unless held back.

Holding is how a test makes Telegram lose, repeat or shuffle updates.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.telegram_server.boxes import Box, Event, Message
from tests.telegram_server.entities import Channel, Group, Peer, User


@dataclass(slots=True)
class Delivery:
    """Events for one owner: an account, or a channel and everybody in it; `to` overrides who gets them."""

    owner: User | Channel
    events: list[Event]
    to: list[User] | None = None


class HeldUpdates:
    """Updates that were logged and not sent. Lost, unless the test delivers them."""

    def __init__(self, send: Callable[[Delivery], None]) -> None:
        self._send = send
        self.deliveries: list[Delivery] = []

    def __len__(self) -> int:
        return len(self.deliveries)

    def deliver(self, *indexes: int) -> None:
        """Send the updates at `indexes`, in this order, as often as named; all of them if none is."""
        for index in indexes or range(len(self.deliveries)):
            self._send(self.deliveries[index])


class Feed:
    """The part of the world that keeps time, logs events and hands them to listeners. Thread-safe by `lock`."""

    def __init__(self, clock: datetime) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.listeners: list[Callable[[Delivery], None]] = []
        self._held: HeldUpdates | None = None
        self._together: list[Delivery] | None = None

    def now(self) -> datetime:
        """The world's time, aware, UTC. It moves with what is sent; set `clock` to move it by hand."""
        return self.clock

    def tick(self, date: datetime | None) -> datetime:
        """The date of something that happens now, or at `date`; the clock never stays behind it."""
        if date is None:
            self.clock += timedelta(seconds=1)
            return self.clock
        if date.tzinfo is None:
            raise ValueError(f"{date!r} has no time zone; dates are aware")
        self.clock = max(self.clock, date)
        return date

    @contextmanager
    def held_updates(self) -> Iterator[HeldUpdates]:
        """Updates made inside are logged with their pts and not sent; see `HeldUpdates.deliver`."""
        with self.lock:
            before, self._held = self._held, HeldUpdates(self._send)
            held = self._held
        try:
            yield held
        finally:
            self._held = before

    @contextmanager
    def together(self) -> Iterator[None]:
        """Updates made inside reach each client in one container, as an album's do."""
        with self.lock:
            if self._together is not None:  # already inside
                yield
                return
            self._together = []
            try:
                yield
            finally:
                merged: dict[User | Channel, Delivery] = {}
                for delivery in self._together:
                    merged.setdefault(delivery.owner, Delivery(delivery.owner, [])).events.extend(delivery.events)
                self._together = None
                for delivery in merged.values():
                    self._deliver(delivery)

    def announce(self, kind: str, messages: list[Message], *, pts: bool = True, only: Box | None = None) -> None:
        """Log one event about `messages` of one chat and deliver it to everyone who sees them, or to one box."""
        first = messages[0]
        snapshots = [copy(message) for message in messages]
        for box in [only] if only else list(first.ids):
            owner = first.chat if isinstance(first.chat, Channel) else self.owner_of(box)
            ids = [message.ids[box] for message in messages]
            event = Event(kind, snapshots, ids, self.clock)
            if pts:
                box.record(event, len(ids))
            self._deliver(Delivery(owner, [event]))

    def notify(self, kind: str, chat: Peer, users: Iterable[User], data: object = None) -> None:
        """Deliver an event without pts that is about a chat, not a message."""
        for user in users:
            self._deliver(Delivery(user, [Event(kind, [], [], self.clock, data=(chat, data))]))

    def forget_updates(self, owner: User | Channel | None = None) -> None:
        """Drop the log of updates of one account or channel, or all: asking for them gets "too long"."""
        with self.lock:
            for one in [owner] if owner else [*self.users.values(), *self.channels.values()]:
                one.box.forget()

    def _deliver(self, delivery: Delivery) -> None:
        if self._together is not None:
            self._together.append(delivery)
        elif self._held is not None:
            self._held.deliveries.append(delivery)
        else:
            self._send(delivery)

    def _send(self, delivery: Delivery) -> None:
        with self.lock:
            for listener in self.listeners:
                listener(delivery)


def participants(chat: Peer, sender: Peer | None) -> list[User]:
    """Accounts whose boxes get a message sent to a private chat or small group."""
    if isinstance(chat, Group):
        return list(chat.members)
    if not isinstance(sender, User):
        raise ValueError("a private message needs sender=, a user")
    return [sender] if chat is sender else [sender, chat]
