"""TL objects of users, chats and messages, as one account sees them.

`View` builds the parts of one answer and remembers whom they mention, since Telegram sends those along.
"""

from collections.abc import Iterable
from inspect import signature
from typing import Any

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Box, Message
from tests.telegram_server.entities import Channel, Group, Peer, User
from tests.telegram_server.world import World


def fill(cls: type, **fields: Any) -> TLObject:
    """A TL object whose other required fields are zero; which those are differs between layers."""
    required = [
        name for name, p in signature(cls.__init__).parameters.items() if name != "self" and p.default is p.empty
    ]
    return cls(**{**dict.fromkeys(required, 0), **fields})


class View:
    """What `viewer` sees of the world. `users` and `chats` list everybody mentioned by what it built."""

    def __init__(self, world: World, viewer: User) -> None:
        self.world = world
        self.viewer = viewer
        self._mentioned: dict[Peer, None] = {}

    @property
    def users(self) -> list[TLObject]:
        return [self.user(one) for one in self._mentioned if isinstance(one, User)]

    @property
    def chats(self) -> list[TLObject]:
        return [self.chat(one) for one in self._mentioned if not isinstance(one, User)]

    def mention(self, *peers: Peer | None) -> None:
        for peer in peers:
            if peer is not None:
                self._mentioned[peer] = None

    def user(self, user: User) -> TLObject:
        if user.deleted:
            return t.User(user.id, deleted=True, access_hash=user.access_hash)
        mine = user is self.viewer
        known = user in self.viewer.contacts
        return t.User(
            user.id,
            is_self=mine or None,
            contact=known or None,
            bot=user.bot or None,
            premium=user.premium or None,
            access_hash=user.access_hash,
            first_name=user.first_name,
            last_name=user.last_name,
            username=user.username,
            phone=user.phone if mine or known else None,
            bot_info_version=1 if user.bot else None,
        )

    def chat(self, chat: Group | Channel) -> TLObject:
        return self.group(chat) if isinstance(chat, Group) else self.channel(chat)

    def group(self, group: Group) -> TLObject:
        if group.migrated_to is None and self.viewer not in group.members:
            return t.ChatForbidden(group.id, group.title)
        moved = group.migrated_to
        return t.Chat(
            group.id,
            group.title,
            t.ChatPhotoEmpty(),
            len(group.members),
            group.date,
            1,
            deactivated=(moved is not None) or None,
            migrated_to=t.InputChannel(moved.id, moved.access_hash) if moved else None,
        )

    def channel(self, channel: Channel) -> TLObject:
        if not channel.open_to(self.viewer):
            return t.ChannelForbidden(
                channel.id,
                channel.access_hash,
                channel.title,
                broadcast=not channel.megagroup or None,
                megagroup=channel.megagroup or None,
            )
        return t.Channel(
            channel.id,
            channel.title,
            t.ChatPhotoEmpty(),
            channel.date,
            left=(self.viewer not in channel.members) or None,
            broadcast=not channel.megagroup or None,
            megagroup=channel.megagroup or None,
            forum=channel.forum or None,
            has_link=(channel.linked is not None) or None,
            access_hash=channel.access_hash,
            username=channel.username,
            participants_count=len(channel.members),
        )

    def messages(self, box: Box, ids: Iterable[int]) -> list[TLObject]:
        """Messages of `box` by id, in the order asked for; `MessageEmpty` for those that are not there."""
        return [self.message(box, box.messages.get(number), number) for number in ids]

    def message(self, box: Box, message: Message | None, number: int) -> TLObject:
        if message is None:
            return t.MessageEmpty(number, None)
        peer = message.peer_for(box)
        sender = message.sender
        self.mention(peer, sender)
        fields: dict[str, Any] = {}
        if message.entities:
            self._mention_named(message.entities)
            fields["entities"] = message.entities
        if message.reply_to is not None or message.topic is not None:
            fields["reply_to"] = self.reply_header(box, message)
        if isinstance(message.chat, Channel):
            fields["replies"] = self.replies(message.chat, message, number)
            fields["post"] = (not message.chat.megagroup) or None
        if message.reactions:
            fields["reactions"] = self.reactions(message)
        if sender is not None and (sender is not peer or isinstance(sender, Channel)):
            fields["from_id"] = sender.peer
        if sender is self.viewer:
            fields["out"] = True
        if message.pinned:
            fields["pinned"] = True
        if message.action is not None:
            self._mention_action(message.action)
            fields["reactions_are_possible"] = None
            return t.MessageService(number, peer.peer, message.date, action=message.action, **fields, **message.extra)
        if message.forward is not None:
            self.mention(self.world.lookup(message.forward.from_id))
        media = message.media
        return t.Message(
            number,
            peer.peer,
            message.date,
            message.text,
            media=media.media() if media is not None and not isinstance(media, TLObject) else media,
            fwd_from=message.forward,
            views=message.views,
            forwards=message.forwards,
            edit_date=message.edit_date,
            grouped_id=message.grouped_id,
            **fields,
            **message.extra,
        )

    def reply_header(self, box: Box, message: Message) -> TLObject | None:
        """What it answers. Within a thread also the thread's first message, marked if that is a topic."""
        target = message.reply_to
        topic = message.topic
        fields: dict[str, Any] = {"quote": True, "quote_text": message.quote} if message.quote else {}
        if isinstance(target, Message) and box not in target.ids:
            if not isinstance(target.chat, Channel):
                return None
            fields["reply_to_peer_id"] = target.chat.peer
            self.mention(target.chat)
        number = target if not isinstance(target, Message) else target.ids.get(box, target.id)
        if number is None and topic is not None:
            number = topic.id
        top = message.top if message.top != number else None
        return t.MessageReplyHeader(
            forum_topic=(topic is not None) or None, reply_to_msg_id=number, reply_to_top_id=top, **fields
        )

    def replies(self, channel: Channel, message: Message, number: int) -> TLObject | None:
        """How many comments a post has, or messages a thread."""
        copy = message.discussion
        if copy is not None:
            thread = copy.chat.threads.get(copy.id, ())
            self.mention(copy.chat)
            return t.MessageReplies(
                len(thread), copy.chat.box.pts, comments=True, channel_id=copy.chat.id, max_id=max(thread, default=None)
            )
        thread = channel.threads.get(number)
        return t.MessageReplies(len(thread), channel.box.pts, max_id=thread[-1]) if thread else None

    def reactions(self, message: Message) -> t.MessageReactions:
        """Counts; who gave them only where Telegram tells, which is not in broadcast channels."""
        visible = not isinstance(message.chat, Channel) or message.chat.megagroup
        results, recent = [], []
        for emoji, reaction in message.reactions.items():
            kind = t.ReactionEmoji(emoji) if isinstance(emoji, str) else t.ReactionCustomEmoji(emoji)
            chosen = 0 if self.viewer in reaction.senders else None
            results.append(t.ReactionCount(kind, reaction.count, chosen_order=chosen))
            for sender, date in reaction.senders.items() if visible else ():
                self.mention(sender)
                recent.append(t.MessagePeerReaction(sender.peer, date, kind))
        results.sort(key=lambda result: -result.count)
        return t.MessageReactions(results, can_see_list=visible or None, recent_reactions=recent or None)

    def _mention_named(self, entities: list[TLObject]) -> None:
        for entity in entities:
            if isinstance(entity, t.MessageEntityMentionName):
                self.mention(self.world.users.get(entity.user_id))

    def _mention_action(self, action: TLObject) -> None:
        for number in [*getattr(action, "users", ()), getattr(action, "user_id", None)]:
            self.mention(self.world.users.get(number))
        self.mention(self.world.channels.get(getattr(action, "channel_id", None)))
