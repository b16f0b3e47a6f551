"""A Telegram Desktop export in a ``.zip``, read member by member and never extracted.

Zips of Windows separate folders by backslashes and do not say how their names are encoded, those of a Mac decompose
letters: names are compared in NFC, with slashes, as UTF-8 or in the code pages that are common, and without case where
nothing matches as it is. What does not belong here: other ways to hold an export.
"""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.export_files import MAX_DEPTH, MEDIA_MAX_BYTES, ExportArchive, MediaFile, too_big
from tg_assets.telegram.foreign import foreign_names
from tg_assets.telegram.paths import IGNORED, Spellings, UnsafePath, safe_parts

# A chat of a million messages is about 600 MB of JSON; a member that declares this much is a bomb.
JSON_MAX_BYTES = 64 << 30
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
# Of names that do not say their encoding; ``zipfile`` reads them as code page 437.
_ENCODINGS = ("utf-8", "cp866", "cp437", "cp1251", "cp850")
# What ``zipfile`` raises for damage; a ValueError for names and sizes that make no sense.
_DAMAGED = (zipfile.BadZipFile, OSError, EOFError, ValueError, struct.error, zlib.error, lzma.LZMAError)
# What it raises for ways of packing that it does not know, and for a password.
_UNKNOWN = (NotImplementedError, RuntimeError)


class ZipExport(ExportArchive):
    """An export in a zip file."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            self._zip = zipfile.ZipFile(path)
        except (*_DAMAGED, *_UNKNOWN):
            raise self._damaged() from None
        members = self._zip.infolist()
        self._members = Spellings((name, member) for member in members for name in _spellings(member))
        # Each once, under the first of its names, whatever else it may be called.
        first = (next(_spellings(member)) for member in members)
        self._json = sorted({name for name in first if _is_export(name)})
        if not self._json:
            self.close()
            names = {next(_spellings(member)).rpartition("/")[2] for member in members}
            raise TgAssetsError(f"The zip file {path.name!r} holds no result.json. {foreign_names(names)}")

    def close(self) -> None:
        self._zip.close()

    def json_files(self) -> list[str]:
        return list(self._json)

    def open_json(self, name: str) -> BinaryIO:
        member = self._members.find(name)
        if member is None or (reason := _refusal(member, JSON_MAX_BYTES)):
            raise TgAssetsError(f"{name} in {self._name!r} cannot be imported. {reason}")
        return self._open(member)

    def media(self, json_name: str, path: str) -> MediaFile:
        try:
            member = self._find(json_name, path)
        except UnsafePath as reason:
            return MediaFile(path, refused=str(reason))
        if member is None:
            return MediaFile(path)
        if problem := _refusal(member, MEDIA_MAX_BYTES):
            return MediaFile(path, refused=problem)
        return MediaFile(path, size=member.file_size)

    def open_media(self, json_name: str, path: str) -> BinaryIO | None:
        if self.media(json_name, path).size is None:
            return None
        member = self._find(json_name, path)
        return self._open(member) if member else None

    def _find(self, json_name: str, path: str) -> zipfile.ZipInfo | None:
        parts = (*json_name.split("/")[:-1], *safe_parts(path))
        return self._members.find("/".join(parts))

    def _open(self, member: zipfile.ZipInfo) -> BinaryIO:
        try:
            return cast(BinaryIO, self._zip.open(member))
        except _DAMAGED:
            raise self._damaged() from None
        except _UNKNOWN:
            raise TgAssetsError(
                f"The zip file {self._name!r} is packed in a way that cannot be read here. Unpack it, and import the "
                "folder."
            ) from None

    def _damaged(self) -> TgAssetsError:
        return TgAssetsError(f"The zip file {self._name!r} is cut short or damaged. Copy or download it again.")


def _spellings(member: zipfile.ZipInfo) -> Iterator[str]:
    """Names under which a member may be meant, the likeliest first; at least one."""
    name = member.filename
    if member.flag_bits & _UTF8_NAME or name.isascii():
        yield name.replace("\\", "/")
        return
    try:
        written = name.encode("cp437")
    except UnicodeError:  # told by an extra field
        yield name.replace("\\", "/")
        return
    for encoding in _ENCODINGS:
        try:
            yield written.decode(encoding).replace("\\", "/")
        except UnicodeError:
            continue


def _is_export(name: str) -> bool:
    parts = name.split("/")
    try:
        safe_parts(name)
    except UnsafePath:
        return False
    return parts[-1].lower() == "result.json" and len(parts) <= MAX_DEPTH + 1 and IGNORED.isdisjoint(parts)


def _refusal(member: zipfile.ZipInfo, limit: int) -> str | None:
    if member.is_dir():
        return "The path does not name a regular file."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "The member is a symbolic link."
    if member.flag_bits & _ENCRYPTED:
        return "The member is encrypted."
    return too_big(member.file_size) if member.file_size > limit else None
