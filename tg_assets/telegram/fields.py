"""Lenient readers of single fields of an export: a usable value, or None; never an exception.

Exports carry nulls, wrong types and numbers as strings. Strings come back fit for Postgres (no NUL, no lone
surrogate), integers fit for a bigint, moments aware and in UTC, peers marked. What does not belong here:
anything that looks at more than one field's value.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal, NamedTuple

from tg_assets.ids import CHANNEL_SHIFT, MESSAGE_ID_MAX, marked_channel_id

PeerType = Literal["user", "channel", "chat"]
INT32, INT64 = (1 << 31) - 1, (1 << 63) - 1
# Floats hold smaller whole numbers exactly.
_EXACT = 1 << 53
# Telegram counts the seconds of dates in 32 bits.
_SECONDS = 1 << 32
# What str.splitlines() breaks at.
_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_KINDS: tuple[PeerType, ...] = ("user", "channel", "chat")
_PACKED: dict[int, PeerType] = {0: "user", 1: "user", 2: "channel"}


class Peer(NamedTuple):
    """A peer with its marked id."""

    type: PeerType
    id: int

    def as_json(self) -> dict[str, str | int]:
        """``{"type": …, "id": …}`` as stored in ``author_peer_id`` and ``forward_from_peer_id``."""
        return {"type": self.type, "id": self.id}


def integer(value: Any) -> int | None:
    """A whole number that fits a bigint; decimal strings and exact floats (``7.0``) count, booleans do not."""
    if type(value) is not int:
        if type(value) is float or (isinstance(value, str) and value.endswith(".0")):
            value = _whole(value)
        if type(value) is int:
            return value
        if not isinstance(value, str) or len(value) > 20 or not value.removeprefix("-").isdecimal():
            return None
        value = int(value)
    return value if -INT64 - 1 <= value <= INT64 else None


def _whole(value: float | str) -> int | str | None:
    """What a program that reads numbers as floats made of a whole one; None when its digits may have been rounded."""
    if isinstance(value, str):
        return value.removesuffix(".0")
    return int(value) if abs(value) < _EXACT and value.is_integer() else None


def message_id(value: Any) -> int | None:
    """A number that a message may have; in chats that were small groups once, a negative one, too."""
    number = integer(value)
    return number if number and abs(number) <= MESSAGE_ID_MAX else None


def string(value: Any) -> str | None:
    """A non-empty string without characters that Postgres or UTF-8 cannot hold."""
    if not isinstance(value, str) or not value:
        return None
    text: str = value
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def one_line(title: str | None) -> str | None:
    """A title or a name as Telegram has them, without breaks of lines: one could pass for a line of ours."""
    return title if title is None else _BREAKS.sub(" ", title).strip()


def document_id(value: Any) -> str | None:
    """Id of a custom emoji's document, exact; None for the path that an export has there when it made a file of it."""
    number = integer(value)
    return str(number) if number else None


def moment(unixtime: Any, local: Any, zone: tzinfo) -> datetime | None:
    """An instant in UTC from Desktop's pair of fields; ``local`` has no zone and is read in ``zone``.

    Zero means absent: Telegram uses it for dates that are not set. What 32 bits of seconds do not hold is no date.
    ``local`` may be seconds, too, as other programs write them.
    """
    seconds = integer(unixtime) or (integer(local) if not isinstance(local, str) else None)
    try:
        if seconds:
            return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _SECONDS else None
        if not isinstance(local, str) or len(local) < 10:
            return None
        found = datetime.fromisoformat(local)
        found = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year > 1970 and found.timestamp() < _SECONDS else None


def peer(value: Any, packed: bool = False) -> Peer | None:
    """The peer of ``"user1"``, ``"channel2"``, ``"chat3"``, or of a number, which is a user's or marked.

    ``packed`` says that the number may have the kind above bit 32, as it was written before mid-2021; there channels
    and small groups look alike, and a channel is assumed.
    """
    if isinstance(value, str):
        for kind in _KINDS:
            if value.startswith(kind):
                return marked_peer(kind, integer(value[len(kind) :]))
    number = integer(value)
    if number is None:
        return None
    if packed and number > 0 and (known := _PACKED.get(number >> 32)):
        return marked_peer(known, number & 0xFFFFFFFF)
    if number >= CHANNEL_SHIFT:
        return marked_peer("channel", number)
    return marked_peer("user" if number > 0 else "chat", number)


def marked_peer(kind: PeerType, number: int | None) -> Peer | None:
    """The peer of a kind and an id that is bare or marked, as ``-100…`` and also ``100…``; None when it is no id."""
    if not number:
        return None
    if kind == "user":
        return Peer(kind, number) if number > 0 else None
    bare = abs(number)
    if bare >= CHANNEL_SHIFT:  # its mark says what it is
        return Peer("channel", -bare) if CHANNEL_SHIFT < bare < 2 * CHANNEL_SHIFT else None
    return Peer(kind, -bare) if kind == "chat" else Peer(kind, marked_channel_id(bare))
