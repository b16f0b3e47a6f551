"""Opening a Telegram Desktop export: a folder, its ``result.json``, a ``.json.gz`` or a ``.zip``.

``open_archive`` gives the JSON files (usually one) and the media that messages name, as binary streams; nothing
is ever extracted. What does not belong here: JSON, storing media.
"""

from pathlib import Path

from tg_assets.errors import TgAssetsError
from tg_assets.telegram.export_files import ExportArchive, MediaFile
from tg_assets.telegram.folder_archive import FolderExport
from tg_assets.telegram.zip_archive import ZipExport

__all__ = ["ExportArchive", "MediaFile", "open_archive"]


def open_archive(path: Path) -> ExportArchive:
    """Open an export; raises ``TgAssetsError`` when nothing at ``path`` can be one."""
    if path.is_dir():
        return FolderExport(path)
    if not path.is_file():
        raise TgAssetsError(f"There is no file or folder {path.name!r} to import. Check the path.")
    with path.open("rb") as file:
        is_zip = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    if is_zip:
        return ZipExport(path)
    if path.name.lower().endswith((".json", ".json.gz")):
        return FolderExport(path.parent, given=path.name)
    raise TgAssetsError(
        f"{path.name!r} is no export: it must be a folder with result.json, a .json or .json.gz file, or a .zip."
    )
