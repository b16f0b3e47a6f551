"""A voice note or a piece of music, for whoever may see a message that has it: its bytes as they were sent.

What does not belong here: what is said in it.
"""

from dataclasses import dataclass

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.pictures import SHA256
from tg_assets.answers.rows import NotThere
from tg_assets.errors import TgAssetsError
from tg_assets.keys import is_media_key

KINDS = {"audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/aac", "audio/wav", "audio/x-wav", "audio/flac"}
"""What is handed out; whatever else a sender calls a voice may be a page with a script."""
LARGEST = 20 * 1024 * 1024

_SHOWN = f"""
    SELECT o.s3_key, p.mime FROM post_media_map p
    JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL
    JOIN channels c ON c.id = m.channel_id
    JOIN media_objects o ON o.sha256 = p.sha256 AND o.dropped_at IS NULL
    WHERE p.sha256 = :sha256 AND p.kind IN ('voice', 'audio') AND p.size_bytes <= :largest
          AND p.mime = ANY(CAST(:kinds AS text[])) AND {SEEN} LIMIT 1
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Voice:
    """``mime`` is one of ``KINDS``."""

    sha256: str
    mime: str
    data: bytes


def voice(archive: Archive, sha256: str) -> Voice:
    """A voice by the hash of its file (64 hex digits, lower case).

    Raises NotThere where no message that the archive shows has it, it is larger than 20 MiB, or its file is gone.
    """
    if not SHA256.fullmatch(sha256):
        raise TgAssetsError("A voice is named by the sha256 of its file: 64 hex digits in lower case.")
    with archive.reading() as connection:
        values = {"sha256": sha256, "largest": LARGEST, "kinds": sorted(KINDS), **archive.seen}
        stored = connection.execute(text(_SHOWN), values).first()
    if stored is None or not is_media_key(stored.s3_key, archive.tenant, sha256):
        raise NotThere("voice")
    data = archive.objects.media(stored.s3_key, sha256)
    if data is None:
        raise NotThere("voice")
    return Voice(sha256, stored.mime, data)
