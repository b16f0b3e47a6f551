"""Copying an export's media into the object store, each byte sequence once per tenant.

What cannot be copied stays in the list with its reason: absent from the export, refused because its path
leaves the export, or unreadable. A message is never rejected because of its media.
"""

import mimetypes
from io import BytesIO
from pathlib import PurePosixPath
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.importing import landing
from tg_assets.importing.options import Progress
from tg_assets.importing.reading import StagedChat
from tg_assets.jsonb import jsonb
from tg_assets.stores.objects import ObjectStore
from tg_assets.telegram.archive import ExportArchive
from tg_assets.telegram.export_files import UNREADABLE

BATCH = 500
LONGEST_EXTENSION = 10


def copy_media(
    archive: ExportArchive,
    json_name: str,
    connection: Connection,
    staged: StagedChat,
    tenant: UUID,
    objects: ObjectStore,
    progress: Progress,
) -> None:
    """Store the media of a staged chat and write what became of each into the staging table."""
    counts, done, total = staged.report.counts, 0, staged.report.counts["with_media"]
    for batch in landing.media_batches(connection, staged.number, BATCH):
        settled = []
        for ordinal, media in batch:
            for item in media:
                became = settle(archive, json_name, item, tenant, objects)
                # A preview that is not there is nothing that a person misses.
                if became == "media_present" or item.get("role") != "thumbnail":
                    counts[became] += 1
            settled.append((ordinal, jsonb(media)))
        landing.set_media(connection, settled)
        done += len(batch)
        progress(f"copying media of {staged.report.title}", done, total)


def settle(archive: ExportArchive, json_name: str, item: dict[str, object], tenant: UUID, objects: ObjectStore) -> str:
    """Store one medium or note why not, in place; returns the count it belongs to."""
    path = item.get("path")
    if not isinstance(path, str):
        item["missing_reason"] = item.pop("absent_reason", None) or "not included in the export"
        return "media_missing"
    found = archive.media(json_name, path)
    if found.refused:
        item["missing_reason"] = f"refused: {found.refused}"
        return "media_refused"
    stream = None if found.missing else archive.open_media(json_name, path)
    if stream is None:
        item["missing_reason"] = "named in the export but not there"
        return "media_missing"
    mime = item.get("mime") or mimetypes.guess_type(path)[0] or "application/octet-stream"
    extension = PurePosixPath(path).suffix.lstrip(".").lower()
    usable = extension.isascii() and extension.isalnum() and len(extension) <= LONGEST_EXTENSION
    try:
        with stream:
            sha256, key, size = objects.put_media(tenant, _Checked(stream), extension if usable else "bin")
    except Unreadable:
        item["missing_reason"] = "damaged in the export"
        return "media_damaged"
    item.update(sha256=sha256, key=key, size=size, mime=mime)
    return "media_present"


class Unreadable(Exception):
    """The export's file cannot be read to its end; the object store has nothing to do with it."""


class _Checked(BytesIO):
    """A file of an export, whose damage is told from that of the object store."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return self._stream.read(-1 if size is None else size)
        except UNREADABLE:
            raise Unreadable from None
