"""What is done to a message without changing it: reactions, votes, views, pins."""

from telethon.tl import types as t

from tests.telegram_server.boxes import Message, Reaction
from tests.telegram_server.entities import Peer, User
from tests.telegram_server.media import Poll


class Marking:
    """The part of the world that marks messages. Announced unless `announce=False`."""

    def react(
        self, message: Message, emoji: str | int, *, sender: User | None = None, count: int = 1, announce: bool = True
    ) -> None:
        """Add a reaction (an emoji, or a custom emoji's document id); without sender, `count` anonymous ones."""
        with self.lock:
            reaction = message.reactions.setdefault(emoji, Reaction())
            reaction.count += count
            if sender is not None:
                reaction.senders[sender] = self.clock
            if announce:
                self.announce("reactions", [message], pts=False)

    def unreact(self, message: Message, emoji: str | int, *, sender: User | None = None, announce: bool = True) -> None:
        """Take one reaction back."""
        with self.lock:
            reaction = message.reactions[emoji]
            reaction.count -= 1
            if sender is not None:
                reaction.senders.pop(sender, None)
            if not reaction.count:
                del message.reactions[emoji]
            if announce:
                self.announce("reactions", [message], pts=False)

    def vote(self, message: Message, answer: int, *, announce: bool = True) -> None:
        """One more vote for an answer of a message's poll."""
        with self.lock:
            assert isinstance(message.media, Poll)
            message.media.votes[answer] += 1
            if announce:
                self.announce("poll", [message], pts=False)

    def view(self, message: Message, views: int, *, announce: bool = True) -> None:
        """Set how often a post was seen."""
        with self.lock:
            message.views = views
            if announce:
                self.announce("views", [message], pts=False)

    def pin(
        self, message: Message, *, sender: Peer | None = None, service: bool = True, announce: bool = True
    ) -> Message | None:
        """Pin a message; the service message about it is returned unless `service` is False."""
        with self.lock:
            message.pinned = True
            if announce:
                self.announce("pin", [message])
            if not service:
                return None
            action = t.MessageActionPinMessage()
            return self.service(message.chat, action, sender=sender, reply_to=message, announce=announce)
