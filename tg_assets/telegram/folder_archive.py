"""A Telegram Desktop export in a folder, or as a single JSON file with its media beside it.

The folder's own path may be a symbolic link; nothing inside it may. Names are compared in NFC and without case where
they do not match as they are: a Mac, or a copy from one, spells them differently from the JSON. What does not belong
here: other ways to hold an export.
"""

import gzip
import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.export_files import MAX_DEPTH, MEDIA_MAX_BYTES, ExportArchive, MediaFile, too_big
from tg_assets.telegram.foreign import foreign_names
from tg_assets.telegram.paths import IGNORED, Spellings, UnsafePath, safe_parts

JSON_NAMES = ("result.json", "result.json.gz")
_GZIP = b"\x1f\x8b"
# Listings that are kept: the folders of one chat's media.
_LISTINGS = 16


class FolderExport(ExportArchive):
    """An export in a folder; ``given`` is the JSON file when a person named the file instead."""

    def __init__(self, root: Path, given: str | None = None) -> None:
        self._root = root.resolve()
        self._given = given  # may be a link: the person chose it
        self._names = [given] if given else _find_json(root)
        self._listed: dict[Path, Spellings[str]] = {}

    def json_files(self) -> list[str]:
        return list(self._names)

    def open_json(self, name: str) -> BinaryIO:
        try:
            raw = (self._root / name).open("rb") if name == self._given else self._open(safe_parts(name))
            is_gzip = raw.read(2) == _GZIP
            raw.seek(0)
        except OSError as error:
            raise TgAssetsError(
                f"{name} cannot be read ({os.strerror(error.errno) if error.errno else 'it is no regular file'}). "
                "Check its permissions and its disk."
            ) from None
        if not is_gzip:
            return raw
        unpacked = gzip.GzipFile(fileobj=raw)
        unpacked.myfileobj = raw  # type: ignore[assignment]  # closed with it
        return cast(BinaryIO, unpacked)

    def media(self, json_name: str, path: str) -> MediaFile:
        try:
            _, size = self._locate(json_name, path)
        except UnsafePath as reason:
            return MediaFile(path, refused=str(reason))
        except (OSError, ValueError):
            return MediaFile(path)
        return MediaFile(path, size=size)

    def open_media(self, json_name: str, path: str) -> BinaryIO | None:
        try:
            parts, _ = self._locate(json_name, path)
            return self._open(parts)
        except (UnsafePath, OSError, ValueError):
            return None

    def _locate(self, json_name: str, path: str) -> tuple[tuple[str, ...], int]:
        """Where a media path leads, as it is spelled there, and the size of the file."""
        parts = (*_folder_of(json_name), *safe_parts(path))
        try:
            return parts, self._check(parts)
        except FileNotFoundError:
            parts = self._as_spelled(parts)
            return parts, self._check(parts)

    def _check(self, parts: tuple[str, ...]) -> int:
        """Size of a regular file reached without a symbolic link."""
        at = self._root
        for part in parts:
            at = at / part
            status = at.lstat()
            if stat.S_ISLNK(status.st_mode):
                raise UnsafePath("The path passes a symbolic link.")
        if not stat.S_ISREG(status.st_mode):
            raise UnsafePath("The path does not name a regular file.")
        if status.st_size > MEDIA_MAX_BYTES:
            raise UnsafePath(too_big(status.st_size))
        return status.st_size

    def _as_spelled(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """The parts under the names that the disk has for them; those that it has none for as they are."""
        at, found = self._root, []
        for part in parts:
            if at not in self._listed and at.is_dir() and not at.is_symlink():
                if len(self._listed) >= _LISTINGS:
                    self._listed.clear()
                self._listed[at] = Spellings((entry.name, entry.name) for entry in at.iterdir())
            listed = self._listed.get(at)
            found.append((listed.find(part) if listed else None) or part)
            at = at / found[-1]
        return tuple(found)

    def _open(self, parts: tuple[str, ...]) -> BinaryIO:
        """Open below the root, refusing a link at every step, so that a swap after the check changes nothing."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(self._root, flags | os.O_DIRECTORY)
        try:
            for part in parts[:-1]:
                inner = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = inner
            return os.fdopen(os.open(parts[-1], flags | os.O_NONBLOCK, dir_fd=folder), "rb")
        finally:
            os.close(folder)


def _folder_of(json_name: str) -> tuple[str, ...]:
    return tuple(json_name.split("/")[:-1])


def _find_json(root: Path) -> list[str]:
    found: list[str] = []
    names: set[str] = set()
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if len(here.relative_to(root).parts) >= MAX_DEPTH:
            folders.clear()
        folders[:] = sorted(name for name in folders if name not in IGNORED)
        names.update(files)
        spelled = Spellings((name, name) for name in files)
        name = next((real for name in JSON_NAMES if (real := spelled.find(name))), None)
        if name and (here / name).is_file() and not (here / name).is_symlink():
            found.append((here / name).relative_to(root).as_posix())
    if not found:
        raise TgAssetsError(f"The folder {root.name!r} holds no result.json. {foreign_names(names)}")
    return found
