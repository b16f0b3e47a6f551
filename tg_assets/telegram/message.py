"""What a message is told apart by before anything is parsed: id, time, and what albums are rebuilt from.

``read_head`` accepts any JSON value and never raises: it returns the head, or a sentence that says why this is
not a message (kept with the import as a rejection). Messages of a small group that became a supergroup carry
negative ids there; they are messages. What does not belong here: text, forwards, replies.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from tg_assets.telegram.desktop_media import MediaKind, primary_kind
from tg_assets.telegram.fields import message_id, moment

Message = dict[str, Any]


class Malformed(Message):
    """An entry of a chat that cannot be a message, as far as it can be kept; ``reason`` quotes nothing of it."""

    def __init__(self, kept: Message, reason: str) -> None:
        super().__init__(kept)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class MessageHead:
    """The few fields that every later step needs; moments are aware and in UTC."""

    message_id: int
    posted_at: datetime
    edited_at: datetime | None
    is_service: bool
    has_media: bool
    media_kind: MediaKind | None
    author: str | None
    """Sender as the export writes it, or the name when there is no id; only good for comparing."""
    has_caption: bool


def read_head(raw: Any, tz: tzinfo = UTC) -> MessageHead | str:
    """The head of a message, or why there is none. ``tz`` is the zone of dates written without one."""
    if not isinstance(raw, dict):
        return "not an object"
    if isinstance(raw, Malformed):
        return raw.reason
    number = message_id(raw.get("id"))
    if number is None:
        return "no usable id"
    if raw.get("type") == "unsupported":
        return "a kind of message that the exporting Telegram Desktop did not support"
    posted_at = moment(raw.get("date_unixtime"), raw.get("date"), tz)
    if posted_at is None:
        return "no usable date"
    is_service = raw.get("type") == "service"
    kind = primary_kind(raw)
    names = ("actor", "from") if is_service else ("from", "actor")
    author = next((raw[key] for key in (*(f"{name}_id" for name in names), *names) if raw.get(key)), None)
    return MessageHead(
        message_id=number,
        posted_at=posted_at,
        edited_at=moment(raw.get("edited_unixtime"), raw.get("edited"), tz),
        is_service=is_service,
        has_media=kind is not None,
        media_kind=kind,
        author=str(author) if isinstance(author, str | int) else None,
        has_caption=bool(kind and raw.get("text")),
    )


def zone_of(raw: Any) -> timezone | None:
    """The exporting machine's zone at a message that has both its dates; None when it does not show.

    Converted exports leave ``date_unixtime`` out of some messages only: read those in their neighbours' zone.
    """
    if not isinstance(raw, dict):
        return None
    instant, local = moment(raw.get("date_unixtime"), None, UTC), moment(None, raw.get("date"), UTC)
    if instant is None or local is None or abs(local - instant) > timedelta(hours=14):
        return None
    return timezone(local - instant)
