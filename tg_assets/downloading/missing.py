"""Messages with files that are not stored: finding them, and judging each file by what is known of it.

Telegram's id of the file that a medium's row was made from is kept with it (``file_id``, 0 when there was none), so
a message whose picture was exchanged by an edit lacks its file again. What does not belong here: asking Telegram.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.downloading.limits import GIVEN_UP, NO_FILE, NO_NUMBER, Limits
from tg_assets.events.media_list import Item
from tg_assets.events.telethon_file import FileAt, location_of
from tg_assets.events.telethon_media import media_of_message
from tg_assets.scope import Scope

_DETAILS = {"kind", "mime", "size", "file_name", "width", "height", "duration"}

# An event does not say which file a message has: after an edit only Telegram knows whether it is still the same.
_DOUBTED = """
    (t.format <> 'telethon' AND t.media->0 ? 'file_id' AND t.edited_at > (
        SELECT f.version_at FROM message_facts f WHERE f.id = t.id AND f.kind = 'media'))
"""

_CANDIDATES = text(f"""
    SELECT t.id, t.channel_id FROM telegram_messages t
    WHERE t.channel_id = ANY(CAST(:channels AS uuid[])) AND t.posted_at >= :since AND t.posted_at < :until
      AND t.deleted_at IS NULL AND t.media <> '[]' AND (
          EXISTS (SELECT FROM jsonb_array_elements(t.media) m
                  WHERE m->>'role' = 'primary' AND NOT m ? 'sha256'
                    AND coalesce(m->>'missing_reason', '') <> ALL(:settled))
          OR (t.format = 'telethon' AND t.edited_at IS NOT NULL AND t.media->0 ? 'file_id'
              AND coalesce(t.raw#>>'{{media,document,id}}', t.raw#>>'{{media,photo,id}}') <> t.media->0->>'file_id')
          OR {_DOUBTED})
    ORDER BY t.channel_id, t.posted_at, t.id
""")  # noqa: S608 - a constant

# Of the raw message only what files are in.
_MESSAGES = text(f"""
    SELECT t.id, t.channel_id, t.telegram_message_id, t.format, t.media, coalesce({_DOUBTED}, false),
           CASE t.format WHEN 'telethon' THEN jsonb_build_object('media', t.raw->'media', 'action', t.raw->'action') END
    FROM telegram_messages t WHERE t.id = ANY(CAST(:ids AS uuid[])) AND t.deleted_at IS NULL
    ORDER BY t.posted_at, t.id
""")  # noqa: S608 - a constant


@dataclass(slots=True)
class Message:
    """A message and its media as they are to be recorded; ``missing`` are those that wait for their file."""

    id: UUID
    channel: UUID
    number: int
    format: str
    items: list[Item]
    is_doubted: bool = False
    """Whether its stored files may be others by now."""
    missing: list["Missing"] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Reasons of media that have just been settled without a file."""
    is_changed: bool = False
    is_fresh: bool = False
    """Whether Telegram was asked for it in this run."""
    absent: str | None = None
    """Why Telegram did not give it."""
    is_deleted: bool = False


@dataclass(slots=True, eq=False)
class Missing:
    """A file that a message lacks: its place in ``items`` and among the message's own files, and where it is."""

    message: Message
    place: int
    ordinal: int
    at: FileAt | None

    @property
    def item(self) -> Item:
        """What is known of the medium."""
        return self.message.items[self.place]

    @property
    def size(self) -> int | None:
        """Its bytes, as far as anybody said."""
        return self.at.size if self.at and self.at.size else self.item.get("size")

    def found(self, raw: dict[str, Any]) -> None:
        """Take in what a newly fetched message says."""
        self.at = location_of(raw, self.ordinal)
        self.message.items[self.place] = _described(self.item, self.at, raw, self.ordinal)

    def refuse(self, reason: str) -> None:
        """Settle it without a file."""
        item = {name: value for name, value in self.item.items() if name not in ("sha256", "key")}
        item.update(missing_reason=reason, file_id=self.at.id if self.at else 0)
        if item != self.item:
            self.message.items[self.place] = item
            self.message.is_changed = True
            self.message.refused.append(reason)


def candidates(
    connection: Connection, scope: Scope, channels: Sequence[UUID], settled: Sequence[str]
) -> list[tuple[UUID, UUID]]:
    """(message, chat) of messages that may lack a file, chat by chat, older ones first."""
    rows = connection.execute(
        _CANDIDATES,
        {
            "channels": [str(one) for one in channels],
            "since": scope.since,
            "until": scope.until,
            "settled": list(settled),
        },
    )
    return [(row[0], row[1]) for row in rows]


def read(connection: Connection, posts: Sequence[UUID], limits: Limits, *, force: bool = False) -> list[Message]:
    """These messages, as far as they are still there, judged by the limits."""
    rows = connection.execute(_MESSAGES, {"ids": [str(one) for one in posts]})
    return [_judge(Message(*row[:6]), row[6], limits, force=force) for row in rows]


def _judge(message: Message, raw: dict[str, Any] | None, limits: Limits, *, force: bool) -> Message:
    """Say which files are missing; those that are not wanted, or cannot be had, get their reason."""
    primary = [place for place, item in enumerate(message.items) if item.get("role") == "primary"]
    for ordinal, place in enumerate(primary):
        item = message.items[place]
        one = Missing(message, place, ordinal, location_of(raw, ordinal) if raw else None)
        is_other = one.at is not None and item.get("file_id", one.at.id) != one.at.id
        if "sha256" in item and not is_other:
            if message.is_doubted and message.number > 0:
                message.missing.append(one)
            continue
        if is_other and raw:
            message.items[place] = _described({"position": item["position"]}, one.at, raw, ordinal)
        reason = limits.refusal(one.item["kind"], one.size)
        if reason is None and message.number <= 0:
            reason = NO_NUMBER
        if reason is None and raw and one.at is None and not force:
            reason = NO_FILE
        if reason is not None:
            one.refuse(reason)
        elif is_other or force or item.get("missing_reason") not in GIVEN_UP:
            message.missing.append(one)
    return message


def _described(item: Item, at: FileAt | None, raw: dict[str, Any], ordinal: int) -> Item:
    """An item with what the raw message says of its file; of the same file, only what was not known."""
    media = media_of_message(raw)
    told = media[ordinal].model_dump(include=_DETAILS, exclude_none=True) if ordinal < len(media) else {}
    is_other = at is not None and item.get("file_id", at.id) != at.id
    if is_other or "kind" not in item:
        return {"position": item["position"], "role": "primary", **told}
    return {**told, **item}
