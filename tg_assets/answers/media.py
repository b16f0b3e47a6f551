"""Files of messages: one statement for any number of them.

What does not belong here: the files themselves (``pictures``, ``voices``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.neighbours import check_count
from tg_assets.answers.voices import PLAYS

MOST = 200


@dataclass(frozen=True, slots=True)
class Medium:
    """A file of a message, or the reason why it is not here. Sizes in bytes and pixels, durations in seconds."""

    position: int
    role: str
    kind: str
    sha256: str | None
    missing_reason: str | None
    mime: str | None
    size_bytes: int | None
    file_name: str | None
    width: int | None
    height: int | None
    duration: float | None
    plays: bool
    """Whether it is a sound that ``voices`` hands out."""


_MEDIA = f"""
    SELECT p.post_id, p.position, p.role, p.kind, p.sha256, p.missing_reason, p.mime, p.size_bytes, p.file_name,
           p.width, p.height, p.duration, {PLAYS} AS plays
    FROM post_media_map p JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL
    LEFT JOIN media_objects o ON o.sha256 = p.sha256 AND o.dropped_at IS NULL
    WHERE p.post_id = ANY(CAST(:ids AS uuid[])) ORDER BY p.post_id, p.position
"""  # noqa: S608 - a constant
_SHOWN = f"""
    SELECT m.id FROM messages m JOIN channels c ON c.id = m.channel_id
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND {SEEN}
"""  # noqa: S608 - a constant


def media(archive: Archive, messages: Collection[UUID]) -> Mapping[UUID, tuple[Medium, ...]]:
    """Files of those of at most 200 messages that the archive shows, in their order; a deleted one has none."""
    check_count("messages", len(messages), MOST)
    with archive.reading() as connection:
        values = {"ids": [str(one) for one in messages], **archive.seen}
        return media_of(connection, connection.execute(text(_SHOWN), values).scalars().all())


def media_of(connection: Connection, shown: Collection[UUID]) -> Mapping[UUID, tuple[Medium, ...]]:
    """The same of ``shown``, ids that the archive shows."""
    if not shown:
        return {}
    found: dict[UUID, list[Medium]] = {}
    for row in connection.execute(text(_MEDIA), {"ids": [str(one) for one in shown]}).tuples():
        one, *rest = row
        found.setdefault(one, []).append(Medium(*rest))
    return {one: tuple(files) for one, files in found.items()}
