"""A Telegram Desktop export in a folder, or as a single JSON file with its media beside it.

The folder's own path may be a symbolic link; nothing inside it may. What does not belong here: other ways to hold
an export.
"""

import gzip
import os
import stat
from pathlib import Path
from typing import BinaryIO, cast

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.export_files import MAX_DEPTH, MEDIA_MAX_BYTES, ExportArchive, MediaFile, too_big
from tg_assets.telegram.paths import UnsafePath, safe_parts

JSON_NAMES = ("result.json", "result.json.gz")


class FolderExport(ExportArchive):
    """An export in a folder; ``given`` is the JSON file when a person named the file instead."""

    def __init__(self, root: Path, given: str | None = None) -> None:
        self._root = root.resolve()
        self._given = given  # may be a link: the person chose it
        self._names = [given] if given else _find_json(root)

    def json_files(self) -> list[str]:
        return list(self._names)

    def open_json(self, name: str) -> BinaryIO:
        raw = (self._root / name).open("rb") if name == self._given else self._open(safe_parts(name))
        if not name.lower().endswith(".gz"):
            return raw
        unpacked = gzip.GzipFile(fileobj=raw)
        unpacked.myfileobj = raw  # type: ignore[assignment]  # closed with it
        return cast(BinaryIO, unpacked)

    def media(self, json_name: str, path: str) -> MediaFile:
        try:
            parts = (*_folder_of(json_name), *safe_parts(path))
            size = self._check(parts)
        except UnsafePath as reason:
            return MediaFile(path, refused=str(reason))
        except (OSError, ValueError):
            return MediaFile(path)
        return MediaFile(path, size=size)

    def open_media(self, json_name: str, path: str) -> BinaryIO | None:
        if self.media(json_name, path).size is None:
            return None
        try:
            return self._open((*_folder_of(json_name), *safe_parts(path)))
        except OSError:
            return None

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
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if len(here.relative_to(root).parts) >= MAX_DEPTH:
            folders.clear()
        folders.sort()
        name = next((name for name in JSON_NAMES if name in files and not (here / name).is_symlink()), None)
        if name:
            found.append((here / name).relative_to(root).as_posix())
    if not found:
        raise TgAssetsError(
            f"The folder {root.name!r} holds no result.json. Choose the folder that Telegram Desktop exported to, "
            "and the format Machine-readable JSON when exporting."
        )
    return found
