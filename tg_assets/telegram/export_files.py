"""What an opened Telegram Desktop export offers, whatever holds it.

Media that would leave the export (absolute, ``..``, backslash, symbolic link), are encrypted, or are bigger than
Telegram allows are *refused* with a reason; the message is imported without them.
What does not belong here: one way of holding an export.
"""

import lzma
import zipfile
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

# Telegram's own limit is 4,000 MiB; what declares more is not its media.
MEDIA_MAX_BYTES = 4 << 30
# Folders below the given one in which result.json is looked for: archive/ChatExport_2024-01-01/result.json.
MAX_DEPTH = 3
# What a damaged archive or disk raises while it is read.
UNREADABLE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One media file: ``size`` in bytes when it can be opened, else ``refused`` with why, or neither: absent."""

    path: str
    size: int | None = None
    refused: str | None = None

    @property
    def missing(self) -> bool:
        """The export names the file but does not hold it."""
        return self.size is None and self.refused is None


class ExportArchive(ABC):
    """An opened export; a context manager. Names of JSON files are relative, with forward slashes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 a folder has nothing to close
        """Release what is open."""

    @abstractmethod
    def json_files(self) -> list[str]:
        """Names of the export's JSON files, at least one."""

    @abstractmethod
    def open_json(self, name: str) -> BinaryIO:
        """One of ``json_files`` as it is written, decompressed."""

    @abstractmethod
    def media(self, json_name: str, path: str) -> MediaFile:
        """What the export holds under a media path of a message of ``json_name``; never raises."""

    @abstractmethod
    def open_media(self, json_name: str, path: str) -> BinaryIO | None:
        """The media as a stream, or None where ``media`` has no size."""


def too_big(size: int) -> str:
    """Why a file of ``size`` bytes is refused."""
    return f"The file declares {size:,} bytes, more than the {MEDIA_MAX_BYTES:,} that are accepted."
