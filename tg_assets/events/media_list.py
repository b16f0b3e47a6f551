"""Media of an event in the form that ``telegram_messages.media`` has, whoever landed them.

Keys of an item: position, kind, role, then sha256, key, mime and size of a stored one or missing_reason, and what
is known of path, file_name, width, height, duration. What does not belong here: storing media.
"""

import mimetypes
from collections.abc import Iterable
from typing import Any

from tg_assets.events.parts import PostMedia
from tg_assets.events.persona import PersonaMessageIngestedEventV1
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.vision import MediaFile, VisionUploadedEventV1
from tg_assets.telegram.desktop_media import MediaKind

NOT_STORED = "not stored yet"
UNKNOWN_MIME = "application/octet-stream"

_DETAILS = ("path", "file_name", "width", "height")

Item = dict[str, Any]


def media_of_event(event: PostParsedEventV1 | PersonaMessageIngestedEventV1 | VisionUploadedEventV1) -> list[Item]:
    """Every medium that an event names, in order; a predecessor's hash without a key is not stored yet.

    A stored medium whose size nobody told has size 0.
    """
    if isinstance(event, VisionUploadedEventV1):
        return [_uploaded(place, file) for place, file in enumerate(event.media_files)]
    if isinstance(event, PersonaMessageIngestedEventV1):
        return []
    if event.media:
        return media_items(event.media)
    return [
        {"position": place, "kind": "document", "role": "primary", "missing_reason": NOT_STORED}
        for place, _ in enumerate(event.media_sha256_list)
    ]


def media_items(media: Iterable[PostMedia]) -> list[Item]:
    """The files of one message, in order."""
    return [_item(place, medium) for place, medium in enumerate(media)]


def _item(place: int, medium: PostMedia) -> Item:
    item: Item = {"position": place, "kind": medium.kind, "role": medium.role or "primary"}
    for name in _DETAILS:
        value = getattr(medium, name)
        if value is not None:
            item[name] = value.replace("\x00", "\ufffd") if isinstance(value, str) else value
    if (seconds := medium.duration) is not None:
        item["duration"] = int(seconds) if seconds == int(seconds) else seconds
    if medium.sha256 and medium.s3_key:
        item.update(sha256=medium.sha256, key=medium.s3_key, size=medium.size or 0)
        item["mime"] = medium.mime or _mime(medium.file_name or medium.s3_key)
        return item
    item["missing_reason"] = medium.missing_reason or NOT_STORED
    if medium.mime:
        item["mime"] = medium.mime
    if medium.size is not None:
        item["size"] = medium.size
    return item


def _uploaded(place: int, file: MediaFile) -> Item:
    position = place if file.position is None else file.position
    mime = file.mime_type or _mime(file.s3_key)
    return {
        "position": position,
        "kind": file.kind or kind_of(mime),
        "role": "primary",
        "sha256": file.sha256,
        "key": file.s3_key,
        "mime": mime,
        "size": file.size_bytes,
    }


def kind_of(mime: str) -> MediaKind:
    """What a file is when only its MIME type is known."""
    family = mime.partition("/")[0]
    if mime in ("image/jpeg", "image/png"):
        return "photo"
    if family == "video":
        return "video"
    return "audio" if family == "audio" else "document"


def _mime(name: str) -> str:
    return mimetypes.guess_type(name)[0] or UNKNOWN_MIME
