"""Where the file of a stored Telethon message is: what Telegram wants to be told to send it.

A file reference expires within hours or days; then the message is fetched again and stored anew. Never raises.
What does not belong here: fetching; kinds and sizes of media in an event (``telethon_media``).
"""

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tg_assets.events.telethon_media import files_of, largest
from tg_assets.telegram.fields import integer

if TYPE_CHECKING:
    from telethon.tl.types import InputDocumentFileLocation, InputPhotoFileLocation


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file at Telegram. ``thumb`` is the letter of a photo's size, empty for a document; ``size`` in bytes."""

    kind: Literal["photo", "document"]
    id: int
    access_hash: int
    file_reference: bytes
    dc_id: int
    size: int | None
    thumb: str = ""


def location_of(raw: dict[str, Any], position: int = 0) -> FileAt | None:
    """Place of a file of a message by its position in the event's ``media``, the main one unless told.

    None when the message has no such file, or has it no more: expired, not paid for, taken down.
    """
    files = files_of(raw)
    if not 0 <= position < len(files):
        return None
    kind, tl = files[position]
    number, access_hash, dc_id = (integer(tl.get(name)) for name in ("id", "access_hash", "dc_id"))
    if not number or access_hash is None or dc_id is None:
        return None
    reference = _bytes(tl.get("file_reference"))
    if kind != "photo":
        return FileAt("document", number, access_hash, reference, dc_id, integer(tl.get("size")))
    size = largest(tl)
    if size is None:
        return None
    return FileAt("photo", number, access_hash, reference, dc_id, size.bytes or None, size.letter)


def input_location(file: FileAt) -> "InputPhotoFileLocation | InputDocumentFileLocation":
    """The same as ``upload.getFile`` takes it."""
    from telethon.tl.types import InputDocumentFileLocation, InputPhotoFileLocation

    made = InputPhotoFileLocation if file.kind == "photo" else InputDocumentFileLocation
    return made(id=file.id, access_hash=file.access_hash, file_reference=file.file_reference, thumb_size=file.thumb)


def _bytes(value: Any) -> bytes:
    """Bytes from base64, or from a list of numbers, as other tools write them; empty when they are neither."""
    try:
        if isinstance(value, str):
            return b64decode(value, validate=True)
        return bytes(value) if isinstance(value, list) else b""
    except (ValueError, TypeError):
        return b""
