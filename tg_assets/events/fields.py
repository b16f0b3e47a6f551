"""Types of event fields: what fits the database's columns, moments in UTC, and which chat an event is about.

A value that PostgreSQL would refuse is a validation error here. What does not belong here: models of events.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from tg_assets.ids import CHANNEL_SHIFT, MESSAGE_ID_MAX, PER_ACCOUNT, marked_channel_id, peer_id
from tg_assets.telegram.fields import INT32, INT64

Source = Literal["channel", "group", "dm", "persona"]

# Bare ids of channels and supergroups begin here; smaller ones are those of small groups.
CHANNELS_BEGIN = 1_000_000_000


def _possible_id(number: int) -> int:
    if abs(number) > MESSAGE_ID_MAX:
        raise ValueError("no message of Telegram has this id")
    return number


BigInt = Annotated[int, Field(ge=-INT64 - 1, le=INT64)]
MessageId = Annotated[BigInt, AfterValidator(_possible_id)]
Bytes = Annotated[int, Field(ge=0, le=INT64)]
Count = Annotated[int, Field(ge=0, le=INT32)]
Name = Annotated[str, StringConstraints(min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


def _utc(moment: datetime) -> datetime:
    """An aware moment in UTC; one without a zone is taken to be in UTC already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is outside the calendar in UTC") from None


Moment = Annotated[datetime, AfterValidator(_utc)]

# Telegram counts seconds in 32 bits.
FIRST_MOMENT, LAST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC), datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)


def _possible(moment: datetime) -> datetime:
    if FIRST_MOMENT <= moment <= LAST_MOMENT:
        return moment
    raise ValueError("no message of Telegram is of that time")


Posted = Annotated[Moment, AfterValidator(_possible)]
"""When a message was sent: it decides on the message's partition, and there is none of any year."""


class ChatRef(NamedTuple):
    """The chat of an event: marked id, source, account of a private chat (0 when shared), and how it is shown."""

    tg_channel_id: int
    source: Source
    owner_id: int
    title: str | None = None
    username: str | None = None

    @property
    def peer_id(self) -> int:
        """Marked id of its peer, which tells the kind, too."""
        return peer_id(self.tg_channel_id, self.source)


def marked(tg_channel_id: int, source: Source) -> int:
    """The marked id of a chat that a producer may have named by its bare id; raises ValueError.

    Direct messages are filed as ``-abs(peer)``. Elsewhere a positive id is a bare one: of a small group with source
    ``persona``, else of a channel or supergroup. Whoever gives small groups another source names them by ``-id``.
    """
    if tg_channel_id == 0:
        raise ValueError("tg_channel_id is 0, which is no chat")
    if source == "dm":
        if abs(tg_channel_id) > CHANNEL_SHIFT:
            raise ValueError("tg_channel_id is a channel's, and no person's that direct messages could be with")
        return -abs(tg_channel_id)
    if tg_channel_id < 0:
        return tg_channel_id
    if tg_channel_id >= CHANNEL_SHIFT:
        raise ValueError("tg_channel_id is too large for a bare channel id")
    if source in PER_ACCOUNT:
        return -tg_channel_id
    return marked_channel_id(tg_channel_id)
