"""Files of a stored Telethon message: which of its media are files, of what kind and size.

A link preview, poll, place, contact, dice, game, invoice or story has no file of its own, as in Desktop's exports;
paid media have one per item, a poll may have one attached, a service message may have the new photo of its chat.
Never raises. What does not belong here: fetching files (``telethon_file``), storing them.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tg_assets.events.parts import PostMedia
from tg_assets.telegram.desktop_media import LONGEST_SECONDS, MediaKind
from tg_assets.telegram.fields import INT32, INT64, integer, string
from tg_assets.telegram.telethon_fields import Raw, kind_of, part, parts


class MessageFile(NamedTuple):
    """A file with its TL ``Photo`` or ``Document``, which is without an id once the file is out of reach."""

    kind: MediaKind
    tl: Raw


class PhotoSize(NamedTuple):
    """A size of a photo: Telegram's letter for it, pixels, bytes (0 when they are in the message itself)."""

    letter: str
    width: int
    height: int
    bytes: int


def files_of(raw: Raw) -> list[MessageFile]:
    """Files of a message in order."""
    if media := part(raw, "media"):
        return list(_files(media))
    photo = part(part(raw, "action"), "photo")  # the new one of a chat, or one proposed to somebody
    return [MessageFile("photo", photo)] if kind_of(photo) == "Photo" else []


def _files(media: Raw) -> Iterator[MessageFile]:
    kind = kind_of(media)
    if kind == "MessageMediaPhoto":
        yield MessageFile("photo", part(media, "photo"))
    elif kind == "MessageMediaDocument":
        document = part(media, "document")
        yield MessageFile(_document_kind(media, document), document)
    elif kind == "MessageMediaPoll":
        attached = part(media, "attached_media")
        if kind_of(attached) != kind:
            yield from _files(attached)
    elif kind == "MessageMediaPaidMedia":
        for item in parts(media, "extended_media"):
            inner = part(item, "media")
            if kind_of(inner) in ("MessageMediaPhoto", "MessageMediaDocument"):
                yield from _files(inner)
            elif not inner:  # nobody paid: its size is all that is known
                yield MessageFile("video" if item.get("video_duration") is not None else "photo", item)


def _document_kind(media: Raw, document: Raw) -> MediaKind:
    """As Desktop decides: a sticker may be a video, an animation is one."""
    given = {kind_of(one): one for one in parts(document, "attributes")}
    video, audio = given.get("DocumentAttributeVideo"), given.get("DocumentAttributeAudio")
    if "DocumentAttributeSticker" in given:
        return "sticker"
    if (video and video.get("round_message") is True) or media.get("round") is True:
        return "video_note"
    if (audio and audio.get("voice") is True) or media.get("voice") is True:
        return "voice"
    if "DocumentAttributeAnimated" in given:
        return "animation"
    if video is not None or media.get("video") is True:
        return "video"
    return "audio" if audio is not None else "document"


def media_of_message(raw: Raw) -> list[PostMedia]:
    """Every file as an event has it; sizes that no database column holds are left out."""
    return [_photo(one.tl) if one.kind == "photo" else _document(one) for one in files_of(raw)]


def _photo(photo: Raw) -> PostMedia:
    size = largest(photo)
    return PostMedia(
        kind="photo",
        role="primary",
        mime="image/jpeg",
        size=(size.bytes or None) if size else None,
        width=size.width if size else _number(photo.get("w"), INT32),
        height=size.height if size else _number(photo.get("h"), INT32),
    )


def _document(file: MessageFile) -> PostMedia:
    found: Raw = {"width": file.tl.get("w"), "height": file.tl.get("h"), "duration": file.tl.get("video_duration")}
    file_name = None
    for one in parts(file.tl, "attributes"):
        if one.get("w") and one.get("h"):
            found["width"], found["height"] = one["w"], one["h"]
        if one.get("duration"):
            found["duration"] = one["duration"]
        file_name = string(one.get("file_name")) or file_name
    seconds = found["duration"]
    return PostMedia(
        kind=file.kind,
        role="primary",
        mime=string(file.tl.get("mime_type")),
        size=_number(file.tl.get("size"), INT64),
        file_name=file_name,
        width=_number(found["width"], INT32),
        height=_number(found["height"], INT32),
        duration=seconds if type(seconds) in (int, float) and 0 <= seconds <= LONGEST_SECONDS else None,
    )


def largest(photo: Raw) -> PhotoSize | None:
    """The size with the most pixels; None when the message has no more than a blurred miniature."""
    sizes = [size for one in parts(photo, "sizes") if (size := _size(one))]
    return max(sizes, key=lambda size: (size.width * size.height, size.bytes), default=None)


def _size(one: Raw) -> PhotoSize | None:
    letter, width, height = string(one.get("type")), _number(one.get("w"), INT32), _number(one.get("h"), INT32)
    if letter is None or not width or not height:
        return None
    steps = one.get("sizes")  # a progressive JPEG's, in bytes from its beginning
    of_bytes = [_number(step, INT32) or 0 for step in steps] if isinstance(steps, list) else []
    return PhotoSize(letter, width, height, max([_number(one.get("size"), INT32) or 0, *of_bytes]))


def _number(value: Any, limit: int) -> int | None:
    number = integer(value)
    return number if number is not None and 0 <= number <= limit else None
