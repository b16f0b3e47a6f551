"""A picture of a message, for whoever may see the message: unpacked in a worker, scaled, encoded anew.

What is handed out is never the sender's file: no position, no camera, nothing that a browser would run. What does not
belong here: which pictures look alike (``similar``).
"""

import re
from dataclasses import dataclass

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.neighbours import check_count
from tg_assets.answers.rows import NotThere
from tg_assets.errors import TgAssetsError
from tg_assets.keys import is_media_key
from tg_assets.vision.decode import MAX_BYTES

LARGEST, SMALLEST = 2560, 16
SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Picture:
    """``data`` is a JPEG; ``width`` and ``height`` are those of the original, in pixels."""

    sha256: str
    mime: str
    width: int
    height: int
    data: bytes


_SHOWN = f"""
    SELECT o.s3_key, o.mime FROM post_media_map p
    JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL
    JOIN channels c ON c.id = m.channel_id
    JOIN media_objects o ON o.sha256 = p.sha256 AND o.dropped_at IS NULL AND o.size_bytes <= {MAX_BYTES}
    WHERE p.sha256 = :sha256 AND {SEEN} LIMIT 1
"""  # noqa: S608 - a constant


def picture(archive: Archive, sha256: str, max_size: int = 1024) -> Picture:
    """A picture by the hash of its file (64 hex digits, lower case), its longer side at most so many pixels.

    Raises NotThere where no message that the archive shows has it, or its file is gone, and TgAssetsError for a file
    that is no picture.
    """
    from tg_assets.sandbox.provider import Refused
    from tg_assets.vision.prepare import prepare

    check_count("max_size", max_size, LARGEST, SMALLEST)
    if not SHA256.fullmatch(sha256):
        raise TgAssetsError("A picture is named by the sha256 of its file: 64 hex digits in lower case.")
    with archive.reading() as connection:
        stored = connection.execute(text(_SHOWN), {"sha256": sha256, **archive.seen}).first()
    data = None
    if stored is not None and is_media_key(stored.s3_key, archive.tenant, sha256):
        data = archive.objects.media(stored.s3_key, sha256)
    if stored is None or data is None:
        raise NotThere("picture")
    try:
        made = prepare(data, stored.mime or "", max_size, prints=False)
    except Refused as refused:
        raise TgAssetsError(f"This file cannot be shown as a picture: {refused.reason}.") from None
    return Picture(sha256, "image/jpeg", made.width, made.height, made.jpeg)
