"""What happens in chats: sending, forwarding, editing, deleting, topics, comments.

Everything is announced to clients unless `announce=False`: then it happened before anyone looked (history), or the
way Telegram often deletes, without a word. Times are aware; without one the world's clock goes on by a second.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import datetime

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Box, Message
from tests.telegram_server.entities import Channel, Peer, Topic, User
from tests.telegram_server.feed import participants
from tests.telegram_server.marking import Marking
from tests.telegram_server.media import Media


class Posting(Marking):
    """The part of the world that makes and changes messages."""

    _grouped = 13_000_000_000_000_000

    def send(
        self,
        chat: Peer,
        text: str = "",
        *,
        sender: Peer | None = None,
        date: datetime | None = None,
        media: "Media | TLObject | None" = None,
        reply_to: "Message | int | None" = None,
        topic: Topic | None = None,
        id: int | None = None,
        announce: bool = True,
        **fields: object,
    ) -> Message:
        """Send a message; it is from the channel itself if `sender` is left out, which only a channel allows.

        `reply_to` is a message (of a post: it becomes a comment if `chat` is its discussion group), or an id for one
        that is not there. `id` chooses the number in a channel. `fields` are those of `Message` (entities,
        grouped_id, quote, views…); a TL field it lacks goes to `extra`.
        """
        with self.lock:
            extra = {name: fields.pop(name) for name in list(fields) if name not in Message.__slots__}
            message = Message(
                chat,
                sender,
                self.tick(date),
                isinstance(chat, User),
                text,
                media=media,
                topic=topic,
                extra=extra,
                **fields,
            )
            if isinstance(chat, Channel):
                self._send_to_channel(message, reply_to, id)
            else:
                if id is not None:
                    raise ValueError("ids are chosen in channels only: elsewhere every account has its own")
                message.reply_to = reply_to
                for user in participants(chat, sender):
                    user.box.add(message)
            if announce and message.ids:
                self.announce("new", [message])
            if isinstance(chat, Channel) and not chat.megagroup and chat.linked and message.action is None:
                self._copy_to_discussion(message, announce)
            return message

    def album(self, chat: Peer, items: Sequence["Media"], text: str = "", **fields: object) -> list[Message]:
        """Send up to ten media together: one `grouped_id`, the caption on the first, one container of updates."""
        with self.together():
            self._grouped += 1
            grouped, date = self._grouped, self.tick(fields.pop("date", None))
            return [
                self.send(chat, text if i == 0 else "", media=item, grouped_id=grouped, date=date, **fields)
                for i, item in enumerate(items)
            ]

    def comment(self, post: Message, text: str = "", *, sender: Peer, **fields: object) -> Message:
        """Comment on a channel's post: a reply to its copy in the linked discussion group."""
        if post.discussion is None:
            raise ValueError("the post's channel had no discussion group when it was sent")
        return self.send(post.discussion.chat, text, sender=sender, reply_to=post.discussion, **fields)

    def service(self, chat: Peer, action: TLObject, *, sender: Peer | None = None, **fields: object) -> Message:
        """A service message with any `MessageAction…` of Telethon's."""
        return self.send(chat, sender=sender, action=action, **fields)

    def topic(
        self, forum: Channel, title: str, *, creator: User, date: datetime | None = None, **fields: object
    ) -> Topic:
        """Create a topic: the service message's id is the topic's."""
        topic = Topic(0, title, creator, date or self.clock)
        with self.lock:
            action = t.MessageActionTopicCreate(title, topic.icon_color)
            made = self.service(forum, action, sender=creator, date=date, **fields)
            topic.id, topic.date = made.id, made.date
            forum.topics[topic.id] = topic
            return topic

    def forward(
        self,
        messages: Message | Sequence[Message],
        to: Peer,
        *,
        sender: Peer | None = None,
        hidden: str | None = None,
        date: datetime | None = None,
        announce: bool = True,
    ) -> list[Message]:
        """Forward messages; an album stays one. `hidden` names an author who does not let others link to him."""
        originals = [messages] if isinstance(messages, Message) else list(messages)
        with self.together():
            self._grouped += 1
            grouped, date = self._grouped, self.tick(date)
            made = []
            for original in originals:
                if original.forwards is not None:
                    original.forwards += 1
                made.append(
                    self.send(
                        to,
                        original.text,
                        sender=sender,
                        date=date,
                        media=original.media,
                        entities=original.entities,
                        grouped_id=grouped if original.grouped_id else None,
                        forward=original.forward or forward_header(original, hidden),
                        announce=announce,
                    )
                )
            return made

    def edit(
        self,
        message: Message,
        text: str | None = None,
        *,
        media: "Media | TLObject | None" = None,
        entities: list[TLObject] | None = None,
        date: datetime | None = None,
        announce: bool = True,
    ) -> None:
        """Change a message and its edit date."""
        with self.lock:
            message.text = message.text if text is None else text
            message.media = media or message.media
            message.entities = entities if entities is not None or text is not None else message.entities
            message.edit_date = self.tick(date)
            if announce:
                self.announce("edit", [message])

    def delete(self, *messages: Message, only_for: User | None = None, announce: bool = True) -> None:
        """Delete messages of one chat for everybody, or in one account's box."""
        with self.lock:
            if announce:
                self.announce("delete", list(messages), only=only_for.box if only_for else None)
            for message in messages:
                for box in [only_for.box] if only_for else list(message.ids):
                    self._forget(box, message)

    def _send_to_channel(self, message: Message, reply_to: "Message | int | None", number: int | None) -> None:
        channel: Channel = message.chat
        if channel.megagroup:
            message.sender = message.sender or channel
        elif message.action is None:  # Telegram counts views of posts from the start, and forwards with them
            message.views, message.forwards = message.views or 1, message.forwards or 0
        if isinstance(reply_to, Message) and reply_to.chat is channel.linked and reply_to.discussion:
            reply_to = reply_to.discussion
        message.reply_to = reply_to
        if isinstance(reply_to, Message) and reply_to.chat is channel:
            message.topic = message.topic or reply_to.topic
            message.top = None if channel.forum else reply_to.top or reply_to.id
        if message.topic is not None:
            message.top = message.topic.id
        channel.box.add(message, number)
        if message.top is not None:
            insort(channel.threads.setdefault(message.top, []), message.id)

    def _copy_to_discussion(self, post: Message, announce: bool) -> None:
        header = forward_header(post)
        header.saved_from_peer, header.saved_from_msg_id = post.chat.peer, post.id
        post.discussion = self.send(
            post.chat.linked,
            post.text,
            sender=post.chat,
            date=post.date,
            media=post.media,
            entities=post.entities,
            grouped_id=post.grouped_id,
            forward=header,
            pinned=True,
            announce=announce,
        )

    def _forget(self, box: Box, message: Message) -> None:
        number = message.ids[box]
        if number not in box.messages:
            return
        box.remove(number)
        thread = message.chat.threads.get(message.top) if isinstance(message.chat, Channel) else None
        if thread:
            del thread[bisect_left(thread, number)]


def forward_header(original: Message, hidden: str | None = None) -> t.MessageFwdHeader:
    """The header that tells whose message it was, and of a post its number in the channel."""
    source: Peer | None = original.sender or original.chat
    post = original.id if isinstance(source, Channel) and source is original.chat and not source.megagroup else None
    return t.MessageFwdHeader(
        original.date,
        from_id=None if hidden else source.peer,
        from_name=hidden,
        channel_post=post,
        post_author=original.extra.get("post_author"),
    )
