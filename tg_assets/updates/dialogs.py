"""What Telegram says of chats when asked: their newest message, and how far their updates have come.

A hundred chats are asked about in one request. What does not belong here: what follows from the answers.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telethon import utils
from telethon.tl.functions.messages import GetPeerDialogsRequest
from telethon.tl.types import InputDialogPeer

from tg_assets.history.reach import Reachable
from tg_assets.history.walk import CLOSED
from tg_assets.ids import bare_channel_id
from tg_assets.telegram.telethon_raw import peers_of

if TYPE_CHECKING:
    from tg_assets.updates.client import ListeningClient

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ChatState:
    """A chat as Telegram has it: newest message id, pts of a channel (else 0); ``closed``: why it says nothing."""

    chat: Reachable
    newest: int = 0
    pts: int = 0
    closed: str = ""


def can_ask(chat: Reachable) -> bool:
    """Whether the account can name the chat: of a small group the id is enough."""
    return chat.access_hash is not None or not (chat.source == "dm" or chat.contiguous)


def bare_channel(chat: Reachable) -> int:
    """A channel's id as updates have it."""
    return bare_channel_id(chat.tg_channel_id)


async def chat_states(client: "ListeningClient", chats: Sequence[Reachable]) -> AsyncIterator[ChatState]:
    """Ask about chats. One that the account does not read any more is found among its neighbours by halves."""
    named = [chat for chat in chats if can_ask(chat)]
    parts = [named[start : start + AT_ONCE] for start in range(0, len(named), AT_ONCE)]
    while parts:
        part = parts.pop(0)
        try:
            answer = await client(GetPeerDialogsRequest([InputDialogPeer(chat.peer()) for chat in part]))
        except CLOSED as error:
            if len(part) == 1:
                yield ChatState(part[0], closed=type(error).__name__.removesuffix("Error"))
            else:
                middle = len(part) // 2
                parts[:0] = [part[:middle], part[middle:]]
            continue
        client.box.remember(peers_of(answer.users, answer.chats))
        found = {utils.get_peer_id(one.peer): one for one in answer.dialogs}
        for chat in part:
            one = found.get(chat.peer_id)
            if one is not None:
                yield ChatState(chat, one.top_message, getattr(one, "pts", None) or 0)
