"""Messages and albums like one: by what they mean (vectors), and by what their pictures look like.

A score by meaning is the cosine of the two vectors. A score by picture is the share of equal bits of two perceptual
hashes: 1.0 is the same file or the same picture saved anew, and what has another caption on the same ground is above
``SAME_GROUND``. Hashes are there only where a provider of picture descriptions keeps them; the same file is always
found. What does not belong here: searching by words.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.albums import Album, albums_by_id
from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.neighbours import check_count
from tg_assets.answers.references import locate
from tg_assets.answers.rows import Message, messages_by_id
from tg_assets.stores.vectors import DENSE, Narrow

MOST = 100
BITS = 256
GROUND_BITS = 42
"""Bits that differ between two captions on one ground, at most (``vision.similar``); different pictures have 56."""
SAME_GROUND = 1 - GROUND_BITS / BITS
# Points that are asked for beyond the limit: some are of what is gone meanwhile, or the message's own album.
SPARE = 10


@dataclass(frozen=True, slots=True)
class Like:
    """One that is like it: a message, or an album. ``how`` is ``meaning`` or ``picture``; ``score`` is 0…1."""

    how: str
    score: float
    message: Message | None
    album: Album | None


_BY_PICTURE = f"""
    WITH mine AS MATERIALIZED (
        SELECT DISTINCT p.sha256 FROM post_media_map p WHERE p.post_id = CAST(:id AS uuid) AND p.sha256 IS NOT NULL
    ), looks AS MATERIALIZED (
        SELECT DISTINCT looks FROM pictures JOIN mine USING (sha256) WHERE looks IS NOT NULL
    ), twin AS (
        SELECT sha256, 0 AS bits FROM mine
        UNION ALL
        SELECT p.sha256, bit_count(p.looks # l.looks) FROM looks l JOIN pictures p
            ON bit_count(p.looks # l.looks) <= {GROUND_BITS}
    )
    SELECT m.id, min(t.bits) AS bits FROM (SELECT sha256, min(bits) AS bits FROM twin GROUP BY sha256) t
    JOIN post_media_map p ON p.sha256 = t.sha256
    JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL AND m.id <> CAST(:id AS uuid)
         AND NOT coalesce(m.album_id = (SELECT album_id FROM messages WHERE id = CAST(:id AS uuid)), false)
    JOIN channels c ON c.id = m.channel_id WHERE {SEEN}
    GROUP BY m.id ORDER BY 2, m.id LIMIT :limit
"""  # noqa: S608 - constants


def similar(archive: Archive, given: str | UUID, limit: int = 10) -> tuple[Like, ...]:
    """What is most like a message, named as ``references`` reads it, outside of its album: by picture first, then by
    meaning.

    Raises NotThere.
    """
    check_count("limit", limit, MOST, 1)
    with archive.reading() as connection:
        one = locate(connection, archive, given)
        seen_alike = _by_picture(connection, archive, one, limit)
        near = _by_meaning(archive, one, limit + SPARE)
        wanted = [*seen_alike, *near]
        messages = messages_by_id(connection, archive, wanted)
        own = messages_by_id(connection, archive, [one]).get(one)
        albums = albums_by_id(connection, archive, [each for each in near if each not in messages])
    found = [Like("picture", score, messages[each], None) for each, score in seen_alike.items() if each in messages]
    told = {one.album for one in (own, *(like.message for like in found)) if one and one.album}
    for each, score in near.items():
        there = messages.get(each)
        album = (there.album if there else None) or each
        if each in seen_alike or album in told or (there and there.deleted_at):
            continue
        if album in albums:  # it stands where the best of its messages would, and once
            told.add(album)
            found.append(Like("meaning", score, None, albums[album]))
        elif there:
            found.append(Like("meaning", score, there, None))
    return tuple(found[:limit])


def _by_picture(connection: Connection, archive: Archive, one: UUID, limit: int) -> dict[UUID, float]:
    rows = connection.execute(text(_BY_PICTURE), {"id": str(one), "limit": limit, **archive.seen})
    return {row.id: 1 - row.bits / BITS for row in rows}


def _by_meaning(archive: Archive, one: UUID, limit: int) -> dict[UUID, float]:
    """Points near the message's own, which the server leaves out; none where it has no point."""
    bound = archive.narrowed(Narrow(kinds=("post", "album")))
    if bound is None:
        return {}
    with archive.vectors.tenant(archive.tenant) as index:
        hits: Collection[tuple[str, float]] = index.search({DENSE: str(one)}, bound, limit)[DENSE]
    return {UUID(point): max(0.0, min(1.0, score)) for point, score in hits}
