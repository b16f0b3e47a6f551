"""Events as TL updates: for a push, and for the answer to "what did I miss"."""

from datetime import UTC, datetime

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Box, Event, Message
from tests.telegram_server.entities import Channel, Group, User
from tests.telegram_server.feed import Delivery
from tests.telegram_server.objects import View
from tests.telegram_server.world import World


def updates_for(world: World, delivery: Delivery, user: User | None) -> TLObject | None:
    """The updates a session of `user` is sent for a delivery; None if it does not concern him."""
    owner = delivery.owner
    if user is None or not (owner is user or (isinstance(owner, Channel) and user in owner.members)):
        return None
    view = View(world, user)
    built = [update(view, owner.box, event) for event in delivery.events]
    return t.Updates(built, view.users, view.chats, world.now(), 0)


def login_token_update() -> TLObject:
    """Tells a waiting client that its QR code was scanned."""
    return t.UpdateShort(t.UpdateLoginToken(), datetime.now(UTC))


def update(view: View, box: Box, event: Event, first: Message | None = None) -> TLObject:
    """One event in `box` as an update, with the message as it was, or as `first` is."""
    if event.kind in ("channel", "chat"):
        return _about_chat(view, event)
    first = first or event.messages[0]
    peer = first.peer_for(box)
    if event.kind == "delete":
        if isinstance(peer, Channel):
            return t.UpdateDeleteChannelMessages(peer.id, event.ids, event.pts, event.count)
        return t.UpdateDeleteMessages(event.ids, event.pts, event.count)
    if event.kind == "pin":
        view.mention(peer)
        if isinstance(peer, Channel):
            return t.UpdatePinnedChannelMessages(peer.id, event.ids, event.pts, event.count, pinned=True)
        return t.UpdatePinnedMessages(peer.peer, event.ids, event.pts, event.count, pinned=True)
    if event.kind in ("new", "edit"):
        return _message_update(view, box, event, first)
    view.mention(peer)
    if event.kind == "reactions":
        return t.UpdateMessageReactions(peer.peer, event.ids[0], view.reactions(first), top_msg_id=first.top)
    if event.kind == "poll":
        return t.UpdateMessagePoll(first.media.id, first.media.results())
    return t.UpdateChannelMessageViews(peer.id, event.ids[0], first.views)


def _message_update(view: View, box: Box, event: Event, first: Message) -> TLObject:
    message = view.message(box, first, event.ids[0])
    if isinstance(first.chat, Channel):
        kind = t.UpdateNewChannelMessage if event.kind == "new" else t.UpdateEditChannelMessage
    else:
        kind = t.UpdateNewMessage if event.kind == "new" else t.UpdateEditMessage
    return kind(message, event.pts, event.count)


def _about_chat(view: View, event: Event) -> TLObject:
    chat: Channel | Group = event.data[0]
    view.mention(chat)
    return t.UpdateChannel(chat.id) if isinstance(chat, Channel) else t.UpdateChat(chat.id)
