"""Walking a chat's history from newer to older, a page of a hundred messages a request.

``messages.getHistory`` gives messages older than an id or a date, newest first
(https://core.telegram.org/api/offsets). A page tells exactly which ids exist between its ends; from one page to
the next nothing is left out. What does not belong here: waiting for floods (the client does), landing.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telethon.errors import (
    ChannelInvalidError,
    ChannelPrivateError,
    ChatForbiddenError,
    ChatIdInvalidError,
    PeerIdInvalidError,
    UserBannedInChannelError,
)

from tg_assets.telegram.telethon_raw import peers_of

if TYPE_CHECKING:
    from tg_assets.accounts.client import Client

PAGE = 100  # the most that Telegram gives at once

CLOSED = (
    ChannelPrivateError, ChannelInvalidError, ChatForbiddenError, ChatIdInvalidError, PeerIdInvalidError,
    UserBannedInChannelError,
)  # fmt: skip
"""Errors that mean: this account does not read this chat (any more)."""


@dataclass(slots=True)
class Page:
    """Messages newest first, and who is mentioned in them by marked id.

    ``accounted`` are stretches of ids, from first to last, of which every message of the chat is on this page.
    """

    messages: list[Any]
    peers: dict[int, Any] = field(repr=False)
    accounted: list[tuple[int, int]]
    is_last: bool = False


async def pages(
    client: "Client", peer: Any, *, offset_id: int = 0, until: datetime | None = None, min_id: int = 0
) -> AsyncIterator[Page]:
    """Pages of messages before ``until`` (aware; None: from the newest) or of ids below ``offset_id``.

    Ends at the chat's beginning, or at ``min_id``, which is left out; the caller may stop before.
    """
    from telethon.tl.functions.messages import GetHistoryRequest

    offset_date = until.astimezone(UTC) if until else None
    before: int | None = None
    seen = 0 if not offset_id and offset_date is None else -(1 << 62)  # of all messages, when it begins at the newest
    while True:
        answer = await client(
            GetHistoryRequest(
                peer, offset_id=offset_id, offset_date=offset_date, add_offset=0, limit=PAGE, max_id=0, min_id=min_id,
                hash=0,
            )
        )  # fmt: skip
        found = list(answer.messages)
        if not found:
            if before is not None and before > min_id + 1:
                yield Page([], {}, [(min_id + 1, before - 1)], is_last=True)
            return
        lowest = min(message.id for message in found)
        highest = max(message.id for message in found) if before is None else before - 1
        seen += len(found)
        is_last = _is_last(answer, seen)
        yield Page(found, peers_of(answer.users, answer.chats), [(min_id + 1 if is_last else lowest, highest)], is_last)
        if is_last:
            return
        offset_id, offset_date, before = lowest, None, lowest


def _is_last(answer: Any, seen: int) -> bool:
    """Whether nothing is behind this page, as far as it tells: that it is not full does not."""
    from telethon.tl.types.messages import Messages

    if isinstance(answer, Messages):
        return True
    place = getattr(answer, "offset_id_offset", None)
    return max(seen, 0 if place is None else place + len(answer.messages)) >= int(answer.count)


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
