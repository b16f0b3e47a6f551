"""A Telegram Desktop export in a ``.zip``, read member by member and never extracted.

Names are compared in NFC, and as UTF-8 or the Russian DOS code page too, because zips made by Windows do not
say how their names are encoded. What does not belong here: other ways to hold an export.
"""

import stat
import unicodedata
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.export_files import MAX_DEPTH, MEDIA_MAX_BYTES, ExportArchive, MediaFile, too_big
from tg_assets.telegram.paths import UnsafePath, safe_parts

# A chat of a million messages is about 600 MB of JSON; a member that declares this much is a bomb.
JSON_MAX_BYTES = 64 << 30
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800


class ZipExport(ExportArchive):
    """An export in a zip file."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, NotImplementedError):
            raise TgAssetsError(
                f"The zip file {path.name!r} is cut short or damaged. Copy or download it again."
            ) from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            for name in _spellings(member):
                self._members.setdefault(name, member)
        self._json = sorted(name for name in self._members if _is_export(name))
        if not self._json:
            self.close()
            raise TgAssetsError(f"The zip file {path.name!r} holds no result.json.")

    def close(self) -> None:
        self._zip.close()

    def json_files(self) -> list[str]:
        return list(self._json)

    def open_json(self, name: str) -> BinaryIO:
        member = self._members[name]
        if reason := _refusal(member, JSON_MAX_BYTES):
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
        return self._members.get(unicodedata.normalize("NFC", "/".join(parts)))

    def _open(self, member: zipfile.ZipInfo) -> BinaryIO:
        try:
            return cast(BinaryIO, self._zip.open(member))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise TgAssetsError(
                f"A file in the zip file {self._name!r} cannot be read: {error}. Pack the export again."
            ) from None


def _spellings(member: zipfile.ZipInfo) -> list[str]:
    """Names under which a member may be meant; without the UTF-8 flag ``zipfile`` read it as code page 437."""
    names = [member.filename]
    if not member.flag_bits & _UTF8_NAME and not member.filename.isascii():
        for encoding in ("utf-8", "cp866"):
            try:
                names.append(member.filename.encode("cp437").decode(encoding))
            except UnicodeError:
                continue
    return [unicodedata.normalize("NFC", name) for name in names]


def _is_export(name: str) -> bool:
    parts = name.split("/")
    try:
        safe_parts(name)
    except UnsafePath:
        return False
    return parts[-1] == "result.json" and len(parts) <= MAX_DEPTH + 1 and parts[0] != "__MACOSX"


def _refusal(member: zipfile.ZipInfo, limit: int) -> str | None:
    if member.is_dir():
        return "The path does not name a regular file."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "The member is a symbolic link."
    if member.flag_bits & _ENCRYPTED:
        return "The member is encrypted."
    return too_big(member.file_size) if member.file_size > limit else None
