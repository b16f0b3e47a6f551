"""Who a chat of a Telegram Desktop export is, in this project's ids.

Desktop writes bare ids; inside, ids are marked (see ``tg_assets.ids``). A chat with one person is filed as
``-abs(peer id)`` of the owner account, and so is a small group, which is source ``persona``; channels and supergroups
have no owner. A chat of another type than Desktop is known to write is private as well, and a group until its authors
say that it is not (``members``). What does not belong here: reading files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tg_assets.ids import CHANNEL_SHIFT, marked_channel_id, peer_id
from tg_assets.telegram.fields import integer, one_line, peer, string

Source = Literal["channel", "group", "dm", "persona"]

CHANNEL_TYPES = frozenset({"private_channel", "public_channel"})
SUPERGROUP_TYPES = frozenset({"private_supergroup", "public_supergroup"})
# Between an account and one person or bot; then those in which Telegram shows an account what others wrote.
CONVERSATIONS = frozenset({"personal_chat", "bot_chat"})
DIRECT_TYPES = CONVERSATIONS | {"saved_messages", "replies", "verification_codes"}
KNOWN_TYPES = CHANNEL_TYPES | SUPERGROUP_TYPES | DIRECT_TYPES | {"private_group"}
# Desktop before mid-2021 packed the kind of peer above bit 32 (export_data_types.cpp: user 1, chat or channel 2).
PACKED_SHIFT = 32
PACKED_USER = 1
PACKED_CHAT = 2
# When those that do were replaced everywhere, and no bare id of a user had reached bit 32 yet.
PACKED_UNTIL = "2021-10"
_MASK = (1 << PACKED_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class ExportedChat:
    """Header of a chat: ``id`` as bare id, ``tg_channel_id`` marked, ``owner_id`` 0 for channels and supergroups.

    ``owner_id`` is None for direct messages or a small group whose file does not say whose account exported it.
    """

    name: str | None
    type: str
    id: int
    tg_channel_id: int
    source: Source
    owner_id: int | None

    @property
    def is_known(self) -> bool:
        """Whether Desktop is known to write this type."""
        return self.type in KNOWN_TYPES

    @property
    def peer_id(self) -> int:
        """Marked id of its peer, which tells the kind, too."""
        return peer_id(self.tg_channel_id, self.source)

    def ownerless(self, number: int, file: str) -> str:
        """What to tell a person when nobody said whose account this chat is from; it is ``number`` of its file."""
        which = f"Chat number {number} of {file}"
        if not self.is_known:
            return (
                f"{which} is of a type that is not known here ({self.type[:40]!r}), and its messages do not say whose "
                "account they are from. Give the account's Telegram id with --owner: the chat becomes a private one of "
                "that account."
            )
        what = "direct messages" if self.source == "dm" else "a small group"
        return f"{which} ({what}) does not say whose account it is from. Give the account's Telegram id with --owner."


def bare_id(value: Any) -> int | None:
    """The id of an account or a chat in whatever form a header has it; None when none has such an id."""
    found = integer(value)
    named = peer(value) if found is None and isinstance(value, str) else None
    found = named.id if named else found
    return found if found is not None and abs(found) < 2 * CHANNEL_SHIFT else None


def packs_ids(message: Mapping[str, Any]) -> bool:
    """Whether ids that a message has as numbers are packed: it is as old as that, and so is its schema."""
    date = message.get("date")
    return isinstance(date, str) and date < PACKED_UNTIL and "date_unixtime" not in message


def describe_chat(header: Mapping[str, Any], owner_id: int | None, packed_ids: bool) -> ExportedChat:
    """The chat of a header with a usable ``id``, bare or marked; ``packed_ids`` when the file packs ids of senders."""
    chat_type = string(header.get("type")) or ""
    bare = abs(integer(header.get("id")) or 0)
    if is_marked := CHANNEL_SHIFT < bare < 2 * CHANNEL_SHIFT:
        bare -= CHANNEL_SHIFT
    name = one_line(string(header.get("name")))
    if chat_type in CHANNEL_TYPES or chat_type in SUPERGROUP_TYPES or chat_type == "private_group":
        # No channel or group has reached 2^33 yet, so a packed id is told by its size alone.
        if bare >> PACKED_SHIFT == PACKED_CHAT:
            bare &= _MASK
        if chat_type == "private_group" and not is_marked:
            return ExportedChat(name, chat_type, bare, -bare, "persona", owner_id)
        source: Source = "channel" if chat_type in CHANNEL_TYPES else "group"
        return ExportedChat(name, chat_type, bare, marked_channel_id(bare), source, 0)
    if packed_ids and bare >> PACKED_SHIFT == PACKED_USER:
        bare &= _MASK
    if owner_id is None and chat_type == "saved_messages":
        owner_id = bare  # the chat with oneself
    if chat_type in DIRECT_TYPES:
        return ExportedChat(name, chat_type, bare, -bare, "dm", owner_id)
    filed_as = marked_channel_id(bare) if is_marked else -bare
    return ExportedChat(name, chat_type, bare, filed_as, "persona", owner_id)
