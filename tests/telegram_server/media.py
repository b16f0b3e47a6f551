"""Files and polls: what a message may carry, the bytes behind it, and file references that expire.

Tests hand over the bytes. A reference names its file and the file's epoch; `World.expire_references` moves the epoch
on, and only a message fetched again carries a reference that works.
"""

import struct
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

HOME_DC = 2
_WIDTHS = {"s": 100, "m": 320}
_REFERENCE = struct.Struct("<3sqi")


@dataclass(eq=False)
class File:
    """A stored file. `parts` holds the bytes by Telegram's size letter; a document's own bytes are under ''."""

    id: int
    access_hash: int
    date: datetime
    dc: int
    parts: dict[str, bytes]
    epoch: int = 0

    @property
    def reference(self) -> bytes:
        return _REFERENCE.pack(b"ref", self.id, self.epoch)

    @property
    def data(self) -> bytes:
        """The bytes in full size."""
        return self.parts[""] if "" in self.parts else list(self.parts.values())[-1]

    def accepts(self, reference: bytes) -> bool | None:
        """True if the reference works, False if it expired, None if it is not one of this file."""
        if len(reference) != _REFERENCE.size or reference[:3] != b"ref":
            return None
        _, number, epoch = _REFERENCE.unpack(reference)
        return epoch == self.epoch if number == self.id else None


@dataclass(eq=False)
class Photo(File):
    """A photo; `sizes` gives width and height of each part, smallest first."""

    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def media(self) -> TLObject:
        sizes = [t.PhotoSize(kind, *self.sizes[kind], len(data)) for kind, data in self.parts.items()]
        return t.MessageMediaPhoto(photo=t.Photo(self.id, self.access_hash, self.reference, self.date, sizes, self.dc))


@dataclass(eq=False)
class Document(File):
    """Any other file; what kind it is (video, voice, sticker…) is told by its attributes, as in Telegram."""

    mime_type: str = "application/octet-stream"
    attributes: list[TLObject] = field(default_factory=list)
    thumb_size: tuple[int, int] = (320, 320)

    def document(self) -> t.Document:
        thumbs = [t.PhotoSize(kind, *self.thumb_size, len(data)) for kind, data in self.parts.items() if kind]
        return t.Document(
            self.id,
            self.access_hash,
            self.reference,
            self.date,
            self.mime_type,
            len(self.parts[""]),
            self.dc,
            self.attributes,
            thumbs=thumbs or None,
        )

    def media(self) -> TLObject:
        def has(kind: type, flag: str | None = None) -> bool:
            return any(isinstance(a, kind) and (flag is None or getattr(a, flag)) for a in self.attributes)

        return t.MessageMediaDocument(
            document=self.document(),
            video=has(t.DocumentAttributeVideo) or None,
            round=has(t.DocumentAttributeVideo, "round_message") or None,
            voice=has(t.DocumentAttributeAudio, "voice") or None,
        )


@dataclass(eq=False)
class Poll:
    """A poll; `votes` counts each answer in order."""

    id: int
    question: str
    answers: list[str]
    votes: list[int]
    multiple: bool = False
    correct: int | None = None
    closed: bool = False

    def results(self) -> t.PollResults:
        voters = [
            t.PollAnswerVoters(bytes([i]), correct=(i == self.correct) or None, voters=count, recent_voters=[])
            for i, count in enumerate(self.votes)
        ]
        return t.PollResults(results=voters, total_voters=sum(self.votes))

    def media(self) -> TLObject:
        answers = [t.PollAnswer(t.TextWithEntities(text, []), bytes([i])) for i, text in enumerate(self.answers)]
        poll = t.Poll(
            self.id,
            t.TextWithEntities(self.question, []),
            answers,
            0,
            closed=self.closed or None,
            multiple_choice=self.multiple or None,
            quiz=(self.correct is not None) or None,
        )
        return t.MessageMediaPoll(poll, self.results())


Media = Photo | Document | Poll


def photo_parts(
    data: bytes, size: tuple[int, int] | None, smaller: dict[str, bytes] | None
) -> tuple[dict[str, bytes], dict[str, tuple[int, int]]]:
    """Parts and their pixel sizes. Smaller parts are given, or made if `data` is an image Pillow can read."""
    try:
        with Image.open(BytesIO(data)) as image:
            full = size or image.size
            made = {kind: _thumbnail(image, width) for kind, width in _WIDTHS.items() if width < max(image.size)}
    except (UnidentifiedImageError, OSError):
        full, made = size or (800, 600), {}
    given = made if smaller is None else smaller
    parts = {**given, ("y" if max(full) > 800 else "x"): data}
    sizes = {kind: _fit(full, _WIDTHS.get(kind, 800)) for kind in given}
    return parts, {**sizes, list(parts)[-1]: full}


def _fit(size: tuple[int, int], width: int) -> tuple[int, int]:
    scale = min(1.0, width / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _thumbnail(image: Image.Image, width: int) -> bytes:
    out = BytesIO()
    image.convert("RGB").resize(_fit(image.size, width)).save(out, "JPEG", quality=70)
    return out.getvalue()
