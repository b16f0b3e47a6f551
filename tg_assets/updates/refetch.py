"""Messages that have to be asked for: an update said that they changed, not how.

They are collected for a moment, since a popular post's reactions come one by one, and asked for a hundred at a time.
What does not belong here: what becomes of the messages.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from telethon.errors import RPCError
from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest
from telethon.tl.functions.messages import GetMessagesRequest
from telethon.tl.types import InputChannel, InputMessageID

from tg_assets.ids import bare_channel_id
from tg_assets.telegram.telethon_raw import peers_of
from tg_assets.updates.chats import Chats

if TYPE_CHECKING:
    from tg_assets.updates.client import ListeningClient

AT_ONCE = 100
# What waits beyond this many is left out: its counters come with the next change.
MOST = 20_000


class Refetch:
    """Messages to ask for, by chat: a channel's marked id, or 0 for all of the account's private chats."""

    def __init__(self, waiting: Iterable[tuple[int, int]] = ()) -> None:
        self._waiting: dict[tuple[int, int], None] = dict.fromkeys(waiting)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, messages: Iterable[tuple[int, int]]) -> None:
        """Ask for these, too."""
        for one in messages:
            if len(self._waiting) < MOST or one in self._waiting:
                self._waiting[one] = None

    def waiting(self) -> list[tuple[int, int]]:
        """Those that were not answered yet."""
        return list(self._waiting)

    async def ask(self, client: "ListeningClient", chats: Chats) -> AsyncIterator[list[Any]]:
        """Messages as they are now, with those they mention remembered; what was asked for is done with the answer."""
        for marked in {marked for marked, _ in self._waiting}:
            numbers = [number for chat, number in self._waiting if chat == marked]
            for start in range(0, len(numbers), AT_ONCE):
                part = numbers[start : start + AT_ONCE]
                request = _request(marked, part, chats)
                try:
                    answer = await client(request) if request is not None else None
                except RPCError:  # the chat's own trouble, which the next look at it finds
                    answer = None
                for number in part:
                    self._waiting.pop((marked, number), None)
                if answer is not None:
                    client.box.remember(peers_of(answer.users, answer.chats))
                    yield list(answer.messages)


def _request(marked: int, numbers: list[int], chats: Chats) -> Any:
    named = [InputMessageID(number) for number in numbers]
    if not marked:
        return GetMessagesRequest(named)
    hashes = [chat.access_hash for chat in chats.at(marked) if chat.access_hash is not None]
    return GetChannelMessagesRequest(InputChannel(bare_channel_id(marked), hashes[0]), named) if hashes else None
