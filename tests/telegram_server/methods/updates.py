"""What a client missed: the state, the difference of an account, the difference of a channel."""

from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.boxes import Box, Event
from tests.telegram_server.entities import Channel
from tests.telegram_server.faults import RpcError
from tests.telegram_server.methods.history import PAGE
from tests.telegram_server.objects import View, fill
from tests.telegram_server.pushing import update
from tests.telegram_server.rpc import Call, method

SLICE = 100
CHANNEL_LIMIT = 100


def state(call: Call, pts: int | None = None) -> t.updates.State:
    """The caller's state, or an intermediate one at `pts`."""
    return t.updates.State(pts or call.user.box.pts, 0, call.world.now(), 0, 0)


@method(f.updates.GetStateRequest)
def get_state(call: Call, request: Any) -> TLObject:
    return state(call)


@method(f.updates.GetDifferenceRequest)
def get_difference(call: Call, request: Any) -> TLObject:
    """Missed events of private chats and small groups; of channels only that something happened since the date."""
    box = call.user.box
    if request.pts <= 0:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    events = box.since(request.pts)
    if events is None or (request.pts_total_limit and box.pts - request.pts > request.pts_total_limit):
        return t.updates.DifferenceTooLong(box.pts)
    limit = min(request.pts_limit or SLICE, SLICE)
    part = events[:limit]
    view = call.view()
    messages, others = _split(view, box, part)
    if len(part) < len(events):
        reached = state(call, part[-1].pts)
        return t.updates.DifferenceSlice(messages, [], others, view.chats, view.users, reached)
    for channel in call.world.channels.values():
        if call.user in channel.members and channel.box.log and channel.box.log[-1].at >= request.date:
            view.mention(channel)
            others.append(t.UpdateChannelTooLong(channel.id, pts=channel.box.pts))
    if not messages and not others:
        return t.updates.DifferenceEmpty(call.world.now(), 0)
    return t.updates.Difference(messages, [], others, view.chats, view.users, state(call))


@method(f.updates.GetChannelDifferenceRequest)
def get_channel_difference(call: Call, request: Any) -> TLObject:
    """Missed events of a channel, `limit` at a time; more than a hundred, or forgotten ones, are too many."""
    channel = call.channel(request.channel)
    box = channel.box
    if request.pts <= 0:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if request.pts > box.pts:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_INVALID")
    events = box.since(request.pts)
    view = call.view()
    view.mention(channel)
    if events is None or (len(events) > CHANNEL_LIMIT and not call.user.bot):
        return _too_long(view, channel)
    if not events:
        return t.updates.ChannelDifferenceEmpty(box.pts, final=True)
    part = events[: max(1, request.limit)]
    messages, others = _split(view, box, part)
    final = len(part) == len(events)
    return t.updates.ChannelDifference(part[-1].pts, messages, others, view.chats, view.users, final=final or None)


def _split(view: View, box: Box, events: list[Event]) -> tuple[list[TLObject], list[TLObject]]:
    """New messages that still exist, as they are now, and everything else as updates."""
    new = [number for event in events if event.kind == "new" for number in event.ids if number in box.messages]
    others = []
    for event in events:
        now = box.messages.get(event.ids[0])
        if event.kind == "delete" or (event.kind != "new" and now is not None):
            others.append(update(view, box, event, now))
    return view.messages(box, new), others


def _too_long(view: View, channel: Channel) -> TLObject:
    ids = channel.box.histories.get(channel, [])
    last = ids[-1] if ids else 0
    dialog = fill(
        t.Dialog,
        peer=channel.peer,
        top_message=last,
        read_inbox_max_id=last,
        read_outbox_max_id=last,
        notify_settings=t.PeerNotifySettings(),
        pts=channel.box.pts,
    )
    messages = view.messages(channel.box, reversed(ids[-PAGE:]))
    return t.updates.ChannelDifferenceTooLong(dialog, messages, view.chats, view.users, final=True)
