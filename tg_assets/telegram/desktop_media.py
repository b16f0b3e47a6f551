"""Media of a message of a Telegram Desktop export: what it is, where its file is, or why there is none.

Paths are as written, relative to the folder of ``result.json``; whether such a file exists, and may be read, is
``telegram.archive``'s to say. Never raises. What does not belong here: reading files, albums.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from tg_assets.telegram.fields import INT32, INT64, integer, string

MediaKind = Literal["photo", "video", "animation", "audio", "voice", "video_note", "sticker", "document"]
MediaRole = Literal["primary", "attachment", "thumbnail"]

KINDS: dict[str, MediaKind] = {
    "sticker": "sticker",
    "video_message": "video_note",
    "voice_message": "voice",
    "animation": "animation",
    "video_file": "video",
    "audio_file": "audio",
}
LONGEST_SECONDS = 10**9
# Desktop writes a sentence in place of the path, possibly behind the file's name.
_ABSENT = re.compile(r"\((?:[A-Z][a-z ]+ )?(?:unavailable|exceeds maximum size|not included)[^()]*\)\Z")


@dataclass(frozen=True, slots=True)
class MediaRef:
    """One file of a message, in order of ``position``; sizes in bytes and pixels, duration in seconds."""

    position: int
    kind: MediaKind
    role: MediaRole
    path: str | None
    absent_reason: str | None
    mime: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    file_name: str | None = None


def primary_kind(raw: dict[str, Any]) -> MediaKind | None:
    """Kind of the message's own media; None without. A link preview, poll, place or contact has no file."""
    if string(raw.get("photo")):
        return "photo"
    if string(raw.get("file")):
        kind = raw.get("media_type")
        return KINDS.get(kind, "document") if isinstance(kind, str) else "document"
    return None


def media_of(raw: dict[str, Any]) -> list[MediaRef]:
    """Every file that the message names: its media first, then a contact card, then the thumbnail."""
    found: list[MediaRef] = []
    kind = primary_kind(raw)
    if kind is not None:
        is_photo = kind == "photo"
        path, absent = _location(raw["photo" if is_photo else "file"])
        found.append(
            MediaRef(
                position=0,
                kind=kind,
                role="primary",
                path=path,
                absent_reason=absent,
                mime=string(raw.get("mime_type")) or ("image/jpeg" if is_photo else None),
                size=_size(raw.get("photo_file_size" if is_photo else "file_size")),
                width=_size(raw.get("width"), INT32),
                height=_size(raw.get("height"), INT32),
                duration=_size(raw.get("duration_seconds"), LONGEST_SECONDS),
                file_name=string(raw.get("file_name")),
            )
        )
    if card := string(raw.get("contact_vcard")):
        path, absent = _location(card)
        size = _size(raw.get("contact_vcard_file_size"))
        found.append(MediaRef(len(found), "document", "attachment", path, absent, mime="text/vcard", size=size))
    if kind is not None and (thumbnail := string(raw.get("thumbnail"))):
        path, absent = _location(thumbnail)
        size = _size(raw.get("thumbnail_file_size"))
        found.append(MediaRef(len(found), "photo", "thumbnail", path, absent, size=size))
    return found


def _location(value: str) -> tuple[str | None, str | None]:
    """``(path, None)``, or ``(None, why there is no file)``."""
    text = string(value) or ""
    if text.startswith("("):
        return None, text
    match = _ABSENT.search(text) if text.endswith(")") else None
    return (None, match.group()) if match else (text, None)


def _size(value: Any, limit: int = INT64) -> int | None:
    """A size, unless it is one that no database column holds."""
    number = integer(value)
    return number if number is not None and 0 <= number <= limit else None
