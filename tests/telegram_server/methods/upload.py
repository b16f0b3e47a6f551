"""Downloading files, with Telegram's rules for offsets, limits, references and data centres."""

from typing import Any

from telethon.tl import functions as f
from telethon.tl import types as t
from telethon.tl.tlobject import TLObject

from tests.telegram_server.faults import RpcError
from tests.telegram_server.media import Document, File, Photo
from tests.telegram_server.rpc import Call, method

MEGABYTE = 1024 * 1024


@method(f.upload.GetFileRequest)
def get_file(call: Call, request: Any) -> TLObject:
    file, data = _part(call, request.location)
    if file.dc != call.dc:
        raise RpcError(303, f"FILE_MIGRATE_{file.dc}")
    _check_range(request)
    kind = t.storage.FileJpeg() if isinstance(file, Photo) else t.storage.FileUnknown()
    return t.upload.File(kind, int(file.date.timestamp()), data[request.offset : request.offset + request.limit])


def _part(call: Call, location: Any) -> tuple[File, bytes]:
    match location:
        case t.InputPhotoFileLocation():
            expected: type[File] = Photo
        case t.InputDocumentFileLocation():
            expected = Document
        case _:
            raise RpcError(400, "LOCATION_INVALID")
    file = call.world.files.get(location.id)
    if not isinstance(file, expected) or file.access_hash != location.access_hash:
        raise RpcError(400, "LOCATION_INVALID")
    works = file.accepts(location.file_reference)
    if not works:
        raise RpcError(400, "FILE_REFERENCE_INVALID" if works is None else "FILE_REFERENCE_EXPIRED")
    if location.thumb_size not in file.parts:
        raise RpcError(400, "LOCATION_INVALID")
    return file, file.parts[location.thumb_size]


def _check_range(request: Any) -> None:
    """Multiples of 4 KB (1 KB if precise), a limit that divides 1 MB, and no part across a 1 MB boundary."""
    step = 1024 if request.precise else 4096
    if request.offset < 0 or request.offset % step:
        raise RpcError(400, "OFFSET_INVALID")
    limit = request.limit
    if limit <= 0 or limit > MEGABYTE or limit % step or (not request.precise and MEGABYTE % limit):
        raise RpcError(400, "LIMIT_INVALID")
    if request.offset // MEGABYTE != (request.offset + limit - 1) // MEGABYTE:
        raise RpcError(400, "LIMIT_INVALID")
