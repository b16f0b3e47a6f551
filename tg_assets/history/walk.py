"""Walking a chat's history from newer to older, a page of a hundred messages a request.

``messages.getHistory`` gives messages older than an id or a date, newest first
(https://core.telegram.org/api/offsets). A page tells exactly which ids exist between its ends; from one page to
the next nothing is left out. What does not belong here: waiting for floods (the client does), landing.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telethon.errors import (
    ChannelInvalidError,
    ChannelPrivateError,
    ChannelPublicGroupNaError,
    ChatAdminRequiredError,
    ChatForbiddenError,
    ChatIdInvalidError,
    ChatInvalidError,
    ChatRestrictedError,
    InputUserDeactivatedError,
    PeerIdInvalidError,
    PeerIdNotSupportedError,
    UserBannedInChannelError,
    UserDeletedError,
    UserIdInvalidError,
    UserInvalidError,
    UserKickedError,
    UserNotParticipantError,
)

from tg_assets.telegram.telethon_raw import peers_of

if TYPE_CHECKING:
    from tg_assets.accounts.client import Client

PAGE = 100  # the most that Telegram gives at once

CLOSED = (
    ChannelPrivateError, ChannelInvalidError, ChannelPublicGroupNaError, ChatAdminRequiredError, ChatForbiddenError,
    ChatIdInvalidError, ChatInvalidError, ChatRestrictedError, InputUserDeactivatedError, PeerIdInvalidError,
    PeerIdNotSupportedError, UserBannedInChannelError, UserDeletedError, UserIdInvalidError, UserInvalidError,
    UserKickedError, UserNotParticipantError,
)  # fmt: skip
"""Errors that mean: this account does not read this chat (any more)."""


@dataclass(slots=True)
class Page:
    """Messages newest first, and who is mentioned in them by marked id.

    ``accounted`` are stretches of ids, from first to last, of which every message of the chat is on this page.
    ``shown_from`` is known of the last page: the first id that this account would see if it had a message.
    """

    messages: list[Any]
    peers: dict[int, Any] = field(repr=False)
    accounted: list[tuple[int, int]]
    is_last: bool = False
    shown_from: int = 1


async def pages(
    client: "Client",
    peer: Any,
    *,
    offset_id: int = 0,
    until: datetime | None = None,
    ahead: datetime | None = None,
) -> AsyncGenerator[Page, None]:
    """Pages of messages before ``until`` (aware; None: from the newest) or of ids below ``offset_id``.

    Ends at the chat's beginning; the caller may stop before, and closes it then. With ``ahead`` the next page is on
    its way while the caller works on one all of whose messages are from that moment or later.
    """
    from telethon.tl.functions.messages import GetHistoryRequest

    def ask() -> "asyncio.Task[Any]":
        request = GetHistoryRequest(
            peer, offset_id=offset_id, offset_date=offset_date, add_offset=0, limit=PAGE, max_id=0, min_id=0, hash=0
        )
        return asyncio.ensure_future(client(request))

    offset_date = until.astimezone(UTC) if until else None
    from_newest = not offset_id and until is None
    before: int | None = None
    came = 0
    asked: asyncio.Task[Any] | None = None
    try:
        while True:
            answer = await (asked or ask())
            asked = None
            found = list(answer.messages)
            if not found:
                first = 1 if before == 1 else await shown_from(client, peer)
                absent = [(first, before - 1)] if before is not None and before > first else []
                if absent or first > 1:
                    yield Page([], {}, absent, is_last=True, shown_from=first)
                return
            lowest = min(message.id for message in found)
            highest = max(message.id for message in found) if before is None else before - 1
            came += len(found)
            is_last = _is_last(answer, came if from_newest else 0)
            offset_id, offset_date, before = lowest, None, lowest
            if (
                ahead is not None
                and not is_last
                and all(one.date >= ahead for one in found if getattr(one, "date", None))
            ):
                asked = ask()
            shown = await shown_from(client, peer) if is_last and lowest > 1 else 1
            first = min(lowest, shown) if is_last else lowest
            yield Page(found, peers_of(answer.users, answer.chats), [(first, highest)], is_last, shown)
            if is_last:
                return
    finally:
        if asked is not None:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)  # nobody wants that page


def _is_last(answer: Any, seen: int) -> bool:
    """Whether nothing is behind this page, as far as it tells: that it is not full does not.

    ``seen`` counts all messages from the newest on, 0 when the walk began elsewhere.
    """
    from telethon.tl.types.messages import Messages

    if isinstance(answer, Messages):
        return True
    place = getattr(answer, "offset_id_offset", None)
    return max(seen, 0 if place is None else place + len(answer.messages)) >= int(answer.count)


async def shown_from(client: "Client", peer: Any) -> int:
    """The first id that this account would see if it had a message.

    A group may hide from those who join what was before: that is there for others, and not gone
    (https://core.telegram.org/constructor/channelFull, ``available_min_id``).
    """
    from telethon import utils
    from telethon.tl.functions.channels import GetFullChannelRequest
    from telethon.tl.types import InputPeerChannel

    if not isinstance(peer, InputPeerChannel):
        return 1
    full = (await client(GetFullChannelRequest(utils.get_input_channel(peer)))).full_chat
    return (full.available_min_id or 0) + 1


async def probe(client: "Client", peer: Any) -> None:
    """Ask for a chat's newest message; raises what Telegram says when it cannot be read."""
    from telethon.tl.functions.messages import GetHistoryRequest

    await client(
        GetHistoryRequest(peer, offset_id=0, offset_date=None, add_offset=0, limit=1, max_id=0, min_id=0, hash=0)
    )


async def numbered(client: "Client", peer: Any, numbers: Sequence[int]) -> Page:
    """The messages of these ids, at most a hundred; ids without a message are accounted for as well."""
    from telethon import utils
    from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest
    from telethon.tl.functions.messages import GetMessagesRequest
    from telethon.tl.types import InputMessageID, InputPeerChannel

    asked = [InputMessageID(number) for number in numbers]
    if isinstance(peer, InputPeerChannel):
        answer = await client(GetChannelMessagesRequest(utils.get_input_channel(peer), asked))
        found = list(answer.messages)
    else:  # other chats take their ids from the whole account: what another chat has under an id is not meant
        answer = await client(GetMessagesRequest(asked))
        wanted = utils.get_peer_id(peer)
        found = [one for one in answer.messages if one.peer_id and utils.get_peer_id(one.peer_id) == wanted]
    found.sort(key=lambda message: message.id, reverse=True)
    return Page(found, peers_of(answer.users, answer.chats), [(number, number) for number in numbers])
