"""An album whole: its items in Telegram's order, and what was made of it.

What does not belong here: assembling albums (``tg_assets.albums``), pictures themselves (``pictures``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.references import locate, parse
from tg_assets.answers.rows import NotThere
from tg_assets.answers.struck import OF_MESSAGE, Struck, crossed, struck_in
from tg_assets.answers.voices import PLAYS


@dataclass(frozen=True, slots=True)
class AlbumItem:
    """One of an album's messages; ``position`` begins with 0."""

    position: int
    id: UUID
    message_id: int
    media_kind: str
    sha256: str | None
    text: str
    described: str | None
    read: str | None
    struck: tuple[Struck, ...] = ()
    """What is crossed out in its text."""
    plays: bool = False
    """Whether it is a sound that ``voices`` hands out."""

    @property
    def said(self) -> str:
        """Its text, with ``~~`` around what is crossed out."""
        return crossed(self.text, self.struck)


@dataclass(frozen=True, slots=True)
class Album:
    """An album; ``posted_at`` is aware UTC, ``summary`` and ``read`` what was made of its pictures."""

    id: UUID
    feed: str
    chat: str | None
    kind: str
    posted_at: datetime
    caption: str | None
    summary: str | None
    read: str | None
    link: str | None
    items: tuple[AlbumItem, ...]

    @property
    def said(self) -> str | None:
        """Its caption, with ``~~`` around what is crossed out: it is the text of an item."""
        return next((one.said for one in self.items if one.text == self.caption), self.caption)


_ALBUMS = f"""
    SELECT g.id AS album, g.album_kind, g.posted_at, g.caption_text, c.feed, c.title,
           g.meta->'enrichment'->>'vision_summary' AS summary, g.meta->'enrichment'->>'ocr_text' AS album_read,
           i.position, m.id, m.telegram_message_id, i.media_kind, i.media_sha256, m.content, m.telegram_post_url,
           {OF_MESSAGE},
           v.data->>'description' AS described, v.data->'ocr'->>'text' AS read,
           EXISTS (SELECT FROM post_media_map p JOIN media_objects o ON o.sha256 = p.sha256 AND o.dropped_at IS NULL
                   WHERE p.post_id = m.id AND p.sha256 = i.media_sha256 AND {PLAYS}) AS plays
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    JOIN media_group_items i ON i.group_id = g.id AND i.deleted_at IS NULL
    JOIN messages m ON m.id = i.post_id AND m.deleted_at IS NULL
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision' AND v.status IN ('ok', 'partial')
    WHERE g.id = ANY(CAST(:ids AS uuid[])) AND g.deleted_at IS NULL AND {SEEN}
    ORDER BY g.id, i.position
"""  # noqa: S608 - constants


def albums_by_id(connection: Connection, archive: Archive, wanted: Collection[UUID]) -> Mapping[UUID, Album]:
    """Those of the albums that the archive shows."""
    if not wanted:
        return {}
    rows: dict[UUID, list[AlbumItem]] = {}
    shared: dict[UUID, Any] = {}
    for row in connection.execute(text(_ALBUMS), {"ids": [str(one) for one in wanted], **archive.seen}):
        shared.setdefault(row.album, row)
        rows.setdefault(row.album, []).append(
            AlbumItem(
                row.position, row.id, row.telegram_message_id, row.media_kind, row.media_sha256, row.content or "",
                row.described, row.read or None, struck_in(row.struck), row.plays,
            )
        )  # fmt: skip
    return {
        album: Album(
            album, one.feed, one.title, one.album_kind, one.posted_at, one.caption_text, one.summary,
            one.album_read or None, one.telegram_post_url, tuple(rows[album]),
        )
        for album, one in shared.items()
    }  # fmt: skip


def album(archive: Archive, given: str | UUID) -> Album:
    """An album by its own id, or the one of a message as ``references`` reads it. Raises NotThere."""
    named = parse(given)
    with archive.reading() as connection:
        if isinstance(named, UUID) and (own := albums_by_id(connection, archive, [named])):
            return own[named]
        try:
            one = locate(connection, archive, given)
        except NotThere:
            raise NotThere("album") from None
        values = {"id": str(one)}
        found = albums_by_id(connection, archive, connection.execute(text(_OF_MESSAGE), values).scalars().all())
    if not found:
        raise NotThere("album")
    (whole,) = found.values()
    return whole


_OF_MESSAGE = "SELECT album_id FROM messages WHERE id = CAST(:id AS uuid) AND album_id IS NOT NULL"
