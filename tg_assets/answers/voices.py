"""A voice note or a piece of music, for whoever may see a message that has it: its bytes as they were sent.

What does not belong here: what is said in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.pictures import SHA256
from tg_assets.answers.rows import NotThere
from tg_assets.errors import TgAssetsError
from tg_assets.keys import is_media_key

_CALLED = {
    "audio/ogg": ("application/ogg", "audio/opus", "audio/vorbis", "audio/x-opus+ogg", "audio/x-vorbis+ogg"),
    "audio/mpeg": ("audio/mp3", "audio/mpeg3", "audio/mpg", "audio/x-mp3", "audio/x-mpeg", "audio/x-mpeg-3"),
    "audio/mp4": ("audio/m4a", "audio/x-m4a"),
    "audio/aac": ("audio/aacp", "audio/x-aac", "audio/x-hx-aac-adts"),
    "audio/wav": ("audio/vnd.wave", "audio/wave", "audio/x-wav", "audio/x-pn-wav"),
    "audio/flac": ("audio/x-flac",),
    "audio/webm": (),
}
KINDS: Mapping[str, str] = {name: kind for kind, others in _CALLED.items() for name in (kind, *others)}
"""What is handed out, by what programs call it; whatever else a sender calls a voice may be a page with a script."""
LARGEST = 20 * 1024 * 1024
_KIND = "lower(btrim(split_part(p.mime, ';', 1)))"
PLAYS = f"""coalesce(p.kind IN ('voice', 'audio') AND o.size_bytes <= {LARGEST}
                     AND {_KIND} IN ({", ".join(f"'{name}'" for name in KINDS)}), false)"""
"""Whether ``voice`` hands out a file: ``p`` is a row of post_media_map, ``o`` that of its object, if there is one."""

_SHOWN = f"""
    SELECT o.s3_key, {_KIND} AS called FROM post_media_map p
    JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL
    JOIN channels c ON c.id = m.channel_id
    JOIN media_objects o ON o.sha256 = p.sha256 AND o.dropped_at IS NULL
    WHERE p.sha256 = :sha256 AND {PLAYS} AND {SEEN} LIMIT 1
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Voice:
    """``mime`` is one of the kinds of ``KINDS``."""

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
        stored = connection.execute(text(_SHOWN), {"sha256": sha256, **archive.seen}).first()
    if stored is None or not is_media_key(stored.s3_key, archive.tenant, sha256):
        raise NotThere("voice")
    data = archive.objects.media(stored.s3_key, sha256)
    if data is None:
        raise NotThere("voice")
    return Voice(sha256, KINDS[stored.called], data)
