"""Opening a Telegram Desktop export: a folder, its ``result.json``, a ``.json.gz`` or a ``.zip``.

``open_archive`` gives the JSON files (usually one) and the media that messages name, as binary streams; nothing
is ever extracted. What does not belong here: JSON, storing media.
"""

import gzip
import os
import zlib
from pathlib import Path

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.export_files import ExportArchive, MediaFile
from tg_assets.telegram.folder_archive import FolderExport
from tg_assets.telegram.foreign import HEAD_BYTES, begins_as_json, foreign_file
from tg_assets.telegram.zip_archive import ZipExport

__all__ = ["ExportArchive", "MediaFile", "open_archive"]

ZIP, GZIP = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b"


def open_archive(path: Path) -> ExportArchive:
    """Open an export; raises ``TgAssetsError`` when nothing at ``path`` can be one."""
    try:
        if path.is_dir():
            return FolderExport(path)
        if not path.is_file():
            raise TgAssetsError(f"There is no file or folder {path.name!r} to import. Check the path.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError) as error:  # no permission, a name too long or with a NUL character
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "the path is none"
        raise TgAssetsError(f"{path.name!r} cannot be opened: {why}. Check the path and its permissions.") from None
    if head.startswith(ZIP):
        return ZipExport(path)
    if head.startswith(GZIP):
        head = _unpacked(path)
        if head.startswith((*ZIP, GZIP)):
            raise TgAssetsError(f"{path.name!r} is packed twice. Unpack it once, and import what comes out.")
    if path.name.lower().endswith((".json", ".json.gz")) or begins_as_json(head):
        return FolderExport(path.parent, given=path.name)
    raise TgAssetsError(f"{path.name!r} is no export: {foreign_file(path, head)}")


def _unpacked(path: Path) -> bytes:
    """How the content of a gzip file begins; empty when it is damaged."""
    try:
        with gzip.open(path) as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""
