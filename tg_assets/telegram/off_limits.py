"""Chats that are never read: those that carry login codes, since whoever searches a code can log in with it.

``CODE_CHATS`` and ``CODE_TYPES`` are the one list; ``TG_NEVER_READ`` names further chats. Every door asks here:
history, following, sideloading, listening, downloads, imports, events. What does not belong here: what an account is
limited to (``tg_assets.accounts.limits``), and deleting what was stored before (``tg_assets.landing.forgetting``).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tg_assets.ids import CHANNEL_SHIFT, bare_channel_id, is_channel

# Users, by their ids (Telegram Desktop: data_peer.h, `isNotificationsUser` and `isVerifyCodes`): Telegram's service
# messages, the account that they came from earlier, and "Verification Codes", where other services send theirs.
CODE_CHATS = frozenset({777000, 42777, 489000})
# What an export calls such a chat.
CODE_TYPES = frozenset({"verification_codes"})
# A small group may have the number of one of these users.
_OTHERS = frozenset({"group", "persona"})
# What an entry says that is about a chat of several: there the sender tells nothing.
_SHARED = re.compile(rb'"source"\s*:\s*"(?:channel|group|persona)"|"dialog_type"\s*:\s*"(?:channel|group)"')


def bare(chat: int) -> int:
    """A chat's id without what tells its kind."""
    return bare_channel_id(chat) if is_channel(chat) else abs(chat)


@dataclass(frozen=True)
class OffLimits:
    """The list: bare ids and usernames (lower case) that a person added to what is always on it."""

    ids: frozenset[int] = frozenset()
    usernames: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> "OffLimits":
        """From ids, in any form, and ``@usernames``; raises ValueError for anything else."""
        numbers: set[int] = set()
        usernames: set[str] = set()
        for name in names:
            if re.fullmatch(r"-?[0-9]{1,18}", name):
                numbers.add(bare(int(name)))
            elif re.fullmatch(r"@\w{1,64}", name):
                usernames.add(name[1:].lower())
            else:
                raise ValueError(f"{name!r} is neither a chat's id nor a @username")
        return cls(frozenset(numbers), frozenset(usernames))

    def has(self, tg_channel_id: int, source: str, username: str | None = None) -> bool:
        """Whether a chat is off limits; its id may have any form."""
        number = bare(tg_channel_id)
        return (
            number in self.ids
            or (number in CODE_CHATS and source not in _OTHERS)
            or (username or "").lower() in self.usernames
        )

    def has_exported(self, chat: Any, authors: Iterable[int] = ()) -> bool:
        """Whether a chat of an export is; of direct messages the ``authors`` tell it as well."""
        # One of an unknown type may be a person's.
        source = chat.source if chat.is_known else "dm"
        if chat.type in CODE_TYPES or self.has(chat.tg_channel_id, source):
            return True
        return source == "dm" and any(self.has(author, "dm") for author in authors)

    def has_event(self, event: Any) -> bool:
        """Whether an event is about such a chat. In direct messages the sender tells it as well."""
        if event.tg_channel_id and self.has(event.tg_channel_id, event.source, event.chat_username):
            return True
        sender = getattr(event, "sender_tg_id", None) or 0
        return event.source == "dm" and self.has(sender, "dm")

    def is_in(self, data: bytes) -> bool:
        """Whether something that is no usable event names such a chat: it is not to be kept as a dead letter."""
        return bool(self._chat.search(data) or (self._sender.search(data) and not _SHARED.search(data)))

    @cached_property
    def _sender(self) -> re.Pattern[bytes]:
        return re.compile(
            rf'"sender_tg_id"\s*:\s*"?(?:{"|".join(map(str, sorted(CODE_CHATS | self.ids)))})(?![0-9])'.encode()
        )

    @cached_property
    def _chat(self) -> re.Pattern[bytes]:
        numbers = sorted(CODE_CHATS | self.ids)
        chats = "|".join(str(form) for number in numbers for form in (number, CHANNEL_SHIFT + number))
        by_id = rf'"(?:tg_channel_id|chat_id|channel_id|peer_id|user_id)"\s*:\s*"?-?(?:{chats})(?![0-9])'
        if not self.usernames:
            return re.compile(by_id.encode())
        names = "|".join(map(re.escape, sorted(self.usernames)))
        return re.compile(rf'{by_id}|(?i:"chat_username"\s*:\s*"(?:{names})")'.encode())
