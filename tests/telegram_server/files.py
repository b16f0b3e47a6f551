"""Making and keeping files: the part of the world that stores bytes."""

from datetime import datetime
from pathlib import PurePath

from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.media import HOME_DC, Document, File, Photo, Poll, photo_parts

STRANGE_DC = 4


class Files:
    """Files by id. A file says in which data centre it is; asked elsewhere, it answers with a redirection."""

    def __init__(self) -> None:
        self.files: dict[int, File] = {}
        self._polls = 0

    def photo(
        self,
        data: bytes,
        *,
        size: tuple[int, int] | None = None,
        smaller: dict[str, bytes] | None = None,
        dc: int = HOME_DC,
        date: datetime | None = None,
    ) -> Photo:
        """A photo in several sizes. Smaller ones (letters s, m) are given, or made if `data` is a real image."""
        parts, sizes = photo_parts(data, size, smaller)
        return self._keep(Photo, parts, dc, date, sizes=sizes)

    def document(
        self,
        data: bytes,
        name: str | None = None,
        *,
        mime_type: str = "application/octet-stream",
        attributes: list[TLObject] | None = None,
        thumb: bytes | None = None,
        dc: int = HOME_DC,
        date: datetime | None = None,
    ) -> Document:
        """Any file; `attributes` say what kind it is, `name` adds the one with the file's name, `thumb` is an image."""
        named = [t.DocumentAttributeFilename(name)] if name is not None else []
        parts = {"": data, "m": thumb} if thumb is not None else {"": data}
        return self._keep(Document, parts, dc, date, mime_type=mime_type, attributes=[*(attributes or []), *named])

    def video(self, data: bytes, name: str = "video.mp4", *, seconds: float = 3, round: bool = False, **rest: object):
        """A video, or a round video message."""
        attribute = t.DocumentAttributeVideo(seconds, 640, 360, round_message=round or None, supports_streaming=True)
        return self.document(data, name, mime_type="video/mp4", attributes=[attribute], **rest)

    def animation(self, data: bytes, name: str = "animation.mp4", **rest: object) -> Document:
        """A GIF, which Telegram keeps as a silent video."""
        attributes = [t.DocumentAttributeAnimated(), t.DocumentAttributeVideo(2, 320, 240, nosound=True)]
        return self.document(data, name, mime_type="video/mp4", attributes=attributes, **rest)

    def audio(self, data: bytes, name: str = "audio.mp3", *, seconds: int = 3, **rest: object) -> Document:
        """Music."""
        attribute = t.DocumentAttributeAudio(seconds, title=PurePath(name).stem, performer="Nobody")
        return self.document(data, name, mime_type="audio/mpeg", attributes=[attribute], **rest)

    def voice(self, data: bytes, *, seconds: int = 3, **rest: object) -> Document:
        """A voice message; it has no name."""
        attribute = t.DocumentAttributeAudio(seconds, voice=True, waveform=bytes(63))
        return self.document(data, mime_type="audio/ogg", attributes=[attribute], **rest)

    def sticker(self, data: bytes, emoji: str = "🙂", **rest: object) -> Document:
        """A sticker."""
        attributes = [
            t.DocumentAttributeImageSize(512, 512),
            t.DocumentAttributeSticker(emoji, t.InputStickerSetEmpty()),
        ]
        return self.document(data, "sticker.webp", mime_type="image/webp", attributes=attributes, **rest)

    def poll(
        self,
        question: str,
        answers: list[str],
        *,
        votes: list[int] | None = None,
        multiple: bool = False,
        correct: int | None = None,
        closed: bool = False,
    ) -> Poll:
        """A poll to send as media; `votes` counts each answer, `correct` makes it a quiz."""
        with self.lock:
            self._polls += 1
            return Poll(self._polls, question, list(answers), votes or [0] * len(answers), multiple, correct, closed)

    def expire_references(self, *files: File) -> None:
        """References given out so far to `files`, or to all files, stop working."""
        with self.lock:
            for file in files or self.files.values():
                file.epoch += 1

    def _keep(self, kind: type, parts: dict[str, bytes], dc: int, date: datetime | None, **fields: object) -> File:
        with self.lock:
            number = 4_000_000_000 + len(self.files)
            file = kind(number, number * 31 + 7, date or self.now(), dc, parts, **fields)
            self.files[number] = file
            return file
