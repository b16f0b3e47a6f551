"""Lists of chats: dialogs page by page, folders, forum topics."""

from datetime import UTC, datetime
from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.entities import Channel, Folder, Peer, Topic, User
from tests.telegram_server.methods.history import box_of, thread_of
from tests.telegram_server.methods.updates import state
from tests.telegram_server.objects import View, fill
from tests.telegram_server.rpc import Call, given, method

PAGE = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Position = tuple[datetime, int, int]


@method(f.messages.GetDialogsRequest)
def get_dialogs(call: Call, request: Any) -> TLObject:
    """Pinned dialogs first, unless excluded; then by the date of the last message, older than the offset."""
    user = call.user
    everything = sorted(dialogs_of(call), key=lambda peer: _position(call, peer), reverse=True)
    if request.folder_id is not None:
        everything = [peer for peer in everything if (peer in user.archived) == (request.folder_id == 1)]
    pinned = [peer for peer in user.pinned if peer in everything]
    rest = [peer for peer in everything if peer not in pinned]
    if given(request.offset_date) or request.offset_id:
        offset = _offset(call, request)
        page = [peer for peer in rest if _position(call, peer) < offset]
    else:
        page = rest if request.exclude_pinned else pinned + rest
    page = page[: min(request.limit, PAGE)]
    view = call.view()
    parts = [[dialog(call, peer) for peer in page], _tops(view, call, page), view.chats, view.users]
    count = len(rest) if request.exclude_pinned else len(everything)
    return t.messages.Dialogs(*parts) if len(page) == count else t.messages.DialogsSlice(count, *parts)


@method(f.messages.GetPeerDialogsRequest)
def get_peer_dialogs(call: Call, request: Any) -> TLObject:
    peers = [call.peer(one.peer) for one in request.peers if isinstance(one, t.InputDialogPeer)]
    view = call.view()
    parts = [dialog(call, peer) for peer in peers], _tops(view, call, peers), view.chats, view.users
    return t.messages.PeerDialogs(*parts, state(call))


@method(f.messages.GetPinnedDialogsRequest)
def get_pinned_dialogs(call: Call, request: Any) -> TLObject:
    peers = [peer for peer in call.user.pinned if (peer in call.user.archived) == (request.folder_id == 1)]
    view = call.view()
    parts = [dialog(call, peer) for peer in peers], _tops(view, call, peers), view.chats, view.users
    return t.messages.PeerDialogs(*parts, state(call))


@method(f.messages.GetDialogFiltersRequest)
def get_dialog_filters(call: Call, request: Any) -> TLObject:
    """The folders in order, after the one of all chats."""
    return t.messages.DialogFilters([t.DialogFilterDefault(), *(_folder(one) for one in call.user.folders)])


@method(f.messages.GetForumTopicsRequest)
def get_forum_topics(call: Call, request: Any) -> TLObject:
    """Topics of a forum, pinned first, then by the date of the last message, older than the offset."""
    forum = call.channel(request.peer)
    topics = [one for one in _topics(forum) if not request.q or request.q.casefold() in one.title.casefold()]
    placed = sorted(((_topic_position(forum, one), one) for one in topics), key=lambda pair: pair[0], reverse=True)
    if given(request.offset_date) or request.offset_topic:
        offset = (given(request.offset_date) or EPOCH, request.offset_id, request.offset_topic)
        page = [one for place, one in placed if not one.pinned and place < offset]
    else:
        page = sorted((one for _, one in placed), key=lambda one: not one.pinned)
    return _forum_topics(call, forum, len(topics), page[: min(request.limit, PAGE)])


@method(f.messages.GetForumTopicsByIDRequest)
def get_forum_topics_by_id(call: Call, request: Any) -> TLObject:
    forum = call.channel(request.peer)
    known = {topic.id: topic for topic in _topics(forum)}
    return _forum_topics(call, forum, len(request.topics), [known[n] for n in request.topics if n in known])


def dialogs_of(call: Call) -> list[Peer]:
    """Chats in the caller's list: those with messages in his box, and the channels he is in."""
    mine = [peer for peer, ids in call.user.box.histories.items() if ids]
    empty = [group for group in call.world.groups.values() if call.user in group.members and group not in mine]
    return [*mine, *empty, *(channel for channel in call.world.channels.values() if call.user in channel.members)]


def dialog(call: Call, peer: Peer) -> TLObject:
    """A chat's line in the list. Everything counts as read."""
    top = _top(call, peer)
    return fill(
        t.Dialog,
        peer=peer.peer,
        top_message=top,
        read_inbox_max_id=top,
        read_outbox_max_id=top,
        notify_settings=t.PeerNotifySettings(),
        pinned=(peer in call.user.pinned) or None,
        pts=peer.box.pts if isinstance(peer, Channel) else None,
        folder_id=1 if peer in call.user.archived else None,
    )


def _top(call: Call, peer: Peer) -> int:
    ids = box_of(call, peer).histories.get(peer)
    return ids[-1] if ids else 0


def _tops(view: View, call: Call, peers: list[Peer]) -> list[TLObject]:
    view.mention(*peers)
    found = ((box_of(call, peer), _top(call, peer)) for peer in peers)
    return [view.message(box, box.messages[top], top) for box, top in found if top]


def _position(call: Call, peer: Peer) -> Position:
    top = _top(call, peer)
    date = EPOCH if isinstance(peer, User) else peer.date
    return (box_of(call, peer).messages[top].date if top else date), top, peer.marked_id


def _offset(call: Call, request: Any) -> Position:
    empty = isinstance(request.offset_peer, t.InputPeerEmpty)
    peer = 0 if empty else call.peer(request.offset_peer).marked_id
    return given(request.offset_date) or datetime.max.replace(tzinfo=UTC), request.offset_id, peer


def _folder(folder: Folder) -> TLObject:
    return t.DialogFilter(
        folder.id,
        t.TextWithEntities(folder.title, []),
        [],
        [peer.input_peer for peer in folder.peers],
        [peer.input_peer for peer in folder.exclude],
        **folder.flags,
    )


def _topics(forum: Channel) -> list[Topic]:
    general = Topic(1, "General", None, forum.date)
    return [general, *(topic for topic in forum.topics.values() if topic.id != 1)]


def _topic_top(forum: Channel, topic: Topic) -> int:
    return max(thread_of(forum, topic.id), default=topic.id if topic.id in forum.box.messages else 0)


def _topic_position(forum: Channel, topic: Topic) -> Position:
    top = _topic_top(forum, topic)
    return (forum.box.messages[top].date if top else topic.date), top, topic.id


def _forum_topics(call: Call, forum: Channel, count: int, page: list[Topic]) -> TLObject:
    view = call.view()
    view.mention(forum, *(topic.creator for topic in page))
    tops = [_topic_top(forum, topic) for topic in page]
    topics = [
        fill(
            t.ForumTopic,
            id=topic.id,
            date=topic.date,
            peer=forum.peer,
            title=topic.title,
            icon_color=topic.icon_color,
            top_message=top,
            read_inbox_max_id=top,
            read_outbox_max_id=top,
            from_id=(topic.creator or forum).peer,
            notify_settings=t.PeerNotifySettings(),
            closed=topic.closed or None,
            pinned=topic.pinned or None,
        )
        for topic, top in zip(page, tops, strict=True)
    ]
    messages = view.messages(forum.box, [top for top in tops if top])
    return t.messages.ForumTopics(count, topics, messages, view.chats, view.users, forum.box.pts)
