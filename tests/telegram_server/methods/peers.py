"""Users and chats: by id, by name, in full, their members."""

import re
from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.entities import Channel, User
from tests.telegram_server.faults import RpcError
from tests.telegram_server.objects import fill
from tests.telegram_server.rpc import Call, Vector, method


@method(f.users.GetUsersRequest)
def get_users(call: Call, request: Any) -> Vector:
    view = call.view()
    users = Vector()
    for one in request.id:
        try:
            users.append(view.user(call.peer(one)))
        except RpcError:
            users.append(t.UserEmpty(getattr(one, "user_id", 0)))
    return users


@method(f.users.GetFullUserRequest)
def get_full_user(call: Call, request: Any) -> TLObject:
    user = call.peer(request.id)
    full = fill(
        t.UserFull,
        id=user.id,
        settings=t.PeerSettings(),
        notify_settings=t.PeerNotifySettings(),
        about=user.about,
    )
    return t.users.UserFull(full, [], [call.view().user(user)])


@method(f.contacts.ResolveUsernameRequest)
def resolve_username(call: Call, request: Any) -> TLObject:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{3,31}", request.username):
        raise RpcError(400, "USERNAME_INVALID")
    found = call.world.by_username(request.username)
    if found is None:
        raise RpcError(400, "USERNAME_NOT_OCCUPIED")
    view = call.view()
    view.mention(found)
    return t.contacts.ResolvedPeer(found.peer, view.chats, view.users)


@method(f.contacts.GetContactsRequest)
def get_contacts(call: Call, request: Any) -> TLObject:
    view = call.view()
    view.mention(*sorted(call.user.contacts, key=lambda user: user.id))
    contacts = [t.Contact(user.id, mutual=False) for user in call.user.contacts]
    return t.contacts.Contacts(contacts, 0, view.users)


@method(f.channels.GetChannelsRequest)
def get_channels(call: Call, request: Any) -> TLObject:
    view = call.view()
    return t.messages.Chats([view.channel(call.channel(one)) for one in request.id])


@method(f.messages.GetChatsRequest)
def get_chats(call: Call, request: Any) -> TLObject:
    view = call.view()
    return t.messages.Chats([view.group(call.group(number)) for number in request.id])


@method(f.channels.GetFullChannelRequest)
def get_full_channel(call: Call, request: Any) -> TLObject:
    channel = call.channel(request.channel)
    view = call.view()
    view.mention(channel, channel.linked, channel.migrated_from)
    box = channel.box
    pinned = max((n for n in box.histories.get(channel, ()) if box.messages[n].pinned), default=None)
    origin = channel.migrated_from
    before = call.user.box.histories.get(origin) or [0]
    full = fill(
        t.ChannelFull,
        id=channel.id,
        about=channel.about,
        chat_photo=t.PhotoEmpty(0),
        notify_settings=t.PeerNotifySettings(),
        bot_info=[],
        pts=box.pts,
        participants_count=len(channel.members),
        read_inbox_max_id=box.last_id,
        pinned_msg_id=pinned,
        linked_chat_id=channel.linked.id if channel.linked else None,
        migrated_from_chat_id=origin.id if origin else None,
        migrated_from_max_id=before[-1] if origin else None,
        can_view_participants=channel.megagroup or None,
        available_min_id=channel.hidden.get(call.user),
        available_reactions=t.ChatReactionsAll(),
    )
    return t.messages.ChatFull(full, view.chats, view.users)


@method(f.messages.GetFullChatRequest)
def get_full_chat(call: Call, request: Any) -> TLObject:
    group = call.group(request.chat_id)
    view = call.view()
    view.mention(group, *group.members)
    members = [t.ChatParticipant(user.id, user.id, date) for user, date in group.members.items()]
    full = fill(
        t.ChatFull,
        id=group.id,
        about=group.about,
        participants=t.ChatParticipants(group.id, members, 1),
        notify_settings=t.PeerNotifySettings(),
    )
    return t.messages.ChatFull(full, view.chats, view.users)


@method(f.channels.GetParticipantsRequest)
def get_participants(call: Call, request: Any) -> TLObject:
    """Members of a supergroup in the order they joined; those of a broadcast channel are for its admins."""
    channel = call.channel(request.channel)
    if not channel.megagroup and call.user not in channel.admins:
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    wanted = [user for user in channel.members if _named(user, request.filter, channel)]
    page = wanted[request.offset : request.offset + min(request.limit, 200)]
    view = call.view()
    view.mention(*page)
    members = [
        t.ChannelParticipantAdmin(user.id, user.id, channel.members[user], t.ChatAdminRights())
        if user in channel.admins
        else t.ChannelParticipant(user.id, channel.members[user])
        for user in page
    ]
    return t.channels.ChannelParticipants(len(wanted), members, [], view.users)


def _named(user: User, wanted: TLObject, channel: Channel) -> bool:
    if isinstance(wanted, t.ChannelParticipantsAdmins):
        return user in channel.admins
    if isinstance(wanted, t.ChannelParticipantsBots):
        return user.bot
    query = getattr(wanted, "q", "").casefold()
    return query in f"{user.first_name} {user.last_name or ''} {user.username or ''}".casefold()
