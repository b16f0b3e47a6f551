"""Reading messages: history, search, threads, messages by id. Slices are cut as Telegram cuts them."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Box, Message
from tests.telegram_server.entities import Channel, Peer, User
from tests.telegram_server.faults import RpcError
from tests.telegram_server.matching import matches
from tests.telegram_server.rpc import Call, given, method

PAGE = 100


def slice_ids(box: Box, ids: Sequence[int], request: Any) -> list[int]:
    """The page of `ids` (ascending) a request asks for, newest first.

    The page starts below `offset_id`, or below `offset_date` if there is no id, and moves by `add_offset`: negative
    is towards newer. `min_id` and `max_id`, both exclusive, are applied to the page, not to the history.
    """
    date = given(getattr(request, "offset_date", None))
    if request.offset_id:
        below = bisect_left(ids, request.offset_id)
    elif date:
        below = bisect_left(ids, date, key=lambda number: box.messages[number].date)
    else:
        below = len(ids)
    top = below - request.add_offset
    page = ids[max(0, top - min(request.limit, PAGE)) : max(0, top)]
    low, high = request.min_id, request.max_id
    return [number for number in reversed(page) if number > low and (not high or number < high)]


def answer(call: Call, peer: Peer, box: Box, ids: Sequence[int], page: list[int]) -> TLObject:
    """A page of messages as the result its kind of chat has; whole histories of accounts are `Messages`."""
    view = call.view()
    view.mention(peer)
    messages = view.messages(box, page)
    if isinstance(peer, Channel):
        return t.messages.ChannelMessages(box.pts, len(ids), messages, [], view.chats, view.users)
    if len(page) == len(ids):
        return t.messages.Messages(messages, [], view.chats, view.users)
    return t.messages.MessagesSlice(len(ids), messages, [], view.chats, view.users)


def box_of(call: Call, peer: Peer) -> Box:
    """Where the messages of a chat are: the channel's box, or the caller's own."""
    return peer.box if isinstance(peer, Channel) else call.user.box


@method(f.messages.GetHistoryRequest)
def get_history(call: Call, request: Any) -> TLObject:
    peer = call.peer(request.peer)
    box = box_of(call, peer)
    ids = [number for number in box.histories.get(peer, ()) if number > hidden_from(call, peer)]
    return answer(call, peer, box, ids, slice_ids(box, ids, request))


def hidden_from(call: Call, peer: Peer) -> int:
    """The newest message of a group that the caller came too late for, 0 without one."""
    return peer.hidden.get(call.user, 0) if isinstance(peer, Channel) else 0


@method(f.messages.SearchRequest)
def search(call: Call, request: Any) -> TLObject:
    peer = call.user if isinstance(request.peer, t.InputPeerEmpty) else call.peer(request.peer)
    box = box_of(call, peer)
    ids = thread_of(peer, request.top_msg_id) if request.top_msg_id else box.histories.get(peer, ())
    sender = call.peer(request.from_id) if request.from_id else None
    found = [number for number in ids if _found(box.messages[number], request, sender)]
    return answer(call, peer, box, found, slice_ids(box, found, request))


@method(f.messages.GetRepliesRequest)
def get_replies(call: Call, request: Any) -> TLObject:
    """Messages of a thread without its first one: a topic, comments to a post, a chain of replies."""
    peer, ids = thread(call, request.peer, request.msg_id)
    return answer(call, peer, peer.box, ids, slice_ids(peer.box, ids, request))


@method(f.messages.GetDiscussionMessageRequest)
def get_discussion_message(call: Call, request: Any) -> TLObject:
    peer, ids = thread(call, request.peer, request.msg_id)
    channel = call.channel(request.peer)
    root = channel.box.messages[request.msg_id].discussion
    view = call.view()
    view.mention(channel, peer)
    messages = view.messages(peer.box, [root.id if root else request.msg_id])
    return t.messages.DiscussionMessage(messages, 0, view.chats, view.users, max_id=max(ids, default=None))


@method(f.messages.GetMessagesRequest)
def get_messages(call: Call, request: Any) -> TLObject:
    """Messages of private chats and small groups by id; ids of channels mean nothing here."""
    return _by_ids(call, call.user, call.user.box, request.id)


@method(f.channels.GetMessagesRequest)
def get_channel_messages(call: Call, request: Any) -> TLObject:
    channel = call.channel(request.channel)
    return _by_ids(call, channel, channel.box, request.id)


@method(f.messages.GetMessagesReactionsRequest)
def get_messages_reactions(call: Call, request: Any) -> TLObject:
    peer = call.peer(request.peer)
    box = box_of(call, peer)
    view = call.view()
    view.mention(peer)
    updates = [
        t.UpdateMessageReactions(peer.peer, number, view.reactions(box.messages[number]))
        for number in request.id
        if number in box.messages
    ]
    return t.Updates(updates, view.users, view.chats, call.world.now(), 0)


@method(f.messages.GetMessagesViewsRequest)
def get_messages_views(call: Call, request: Any) -> TLObject:
    peer = call.peer(request.peer)
    box = box_of(call, peer)
    view = call.view()
    views = []
    for number in request.id:
        message = box.messages.get(number)
        replies = view.replies(peer, message, number) if message and isinstance(peer, Channel) else None
        views.append(
            t.MessageViews(views=message.views, forwards=message.forwards, replies=replies)
            if message
            else t.MessageViews()
        )
    return t.messages.MessageViews(views, view.chats, view.users)


def thread(call: Call, peer: TLObject, number: int) -> tuple[Channel, Sequence[int]]:
    """The channel a thread lives in and its ids; that of a post is in the discussion group."""
    channel = call.peer(peer)
    if not isinstance(channel, Channel):
        raise RpcError(400, "PEER_ID_INVALID")
    if channel.forum and number == 1:
        return channel, thread_of(channel, 1)
    message = channel.box.messages.get(number)
    if message is None or (not channel.megagroup and message.discussion is None):
        raise RpcError(400, "MSG_ID_INVALID")
    root = message.discussion or message
    return root.chat, thread_of(root.chat, root.id)


def thread_of(channel: Channel, top: int) -> Sequence[int]:
    """Ids of a thread. General, the topic with id 1, has what is in no other."""
    if channel.forum and top == 1:
        messages = channel.box.messages
        return [
            n for n in channel.box.histories.get(channel, ()) if messages[n].top is None and n not in channel.topics
        ]
    return channel.threads.get(top, ())


def _found(message: Message, request: Any, sender: User | None) -> bool:
    return (
        (not request.q or request.q.casefold() in message.text.casefold())
        and (sender is None or message.sender is sender)
        and (given(request.min_date) is None or message.date > request.min_date)
        and (given(request.max_date) is None or message.date < request.max_date)
        and matches(message, request.filter)
    )


def _by_ids(call: Call, owner: Peer, box: Box, wanted: list[Any]) -> TLObject:
    if not wanted:
        raise RpcError(400, "MESSAGE_IDS_EMPTY")
    view = call.view()
    view.mention(owner)
    hidden = hidden_from(call, owner)
    messages = [
        t.MessageEmpty(one.id, None) if one.id <= hidden else one
        for one in view.messages(box, [_number(box, owner, one) for one in wanted[:PAGE]])
    ]
    if isinstance(owner, Channel):
        return t.messages.ChannelMessages(box.pts, len(messages), messages, [], view.chats, view.users)
    return t.messages.Messages(messages, [], view.chats, view.users)


def _number(box: Box, owner: Peer, wanted: Any) -> int:
    match wanted:
        case int():
            return wanted
        case t.InputMessageID(id=number):
            return number
        case t.InputMessageReplyTo(id=number):
            target = box.messages[number].reply_to if number in box.messages else None
            return target.ids.get(box, 0) if isinstance(target, Message) else target or 0
        case t.InputMessagePinned():
            return max((n for n in box.histories.get(owner, ()) if box.messages[n].pinned), default=0)
    raise RpcError(400, "MESSAGE_ID_INVALID")
