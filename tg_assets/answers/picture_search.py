"""Pictures by words, and pictures that are like another one: of a tenant, as somebody may see it.

What a picture is like is told by its fingerprint first (``vision.similar``), then by what it shows. Each content is
told once, by its newest message that may be seen. What does not belong here: making fingerprints and words, showing
pictures to people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.ranked import ranked
from tg_assets.answers.rows import NotThere
from tg_assets.index.evidence import FAIR
from tg_assets.index.sparse import lemma_query
from tg_assets.index.text import text_short
from tg_assets.stores.vectors import LEMMAS, Narrow
from tg_assets.vision.names import Name
from tg_assets.vision.picture_words import PictureWords, picture_words
from tg_assets.vision.prepare import prepare
from tg_assets.vision.provider import VisionProvider
from tg_assets.vision.result import Classification

NEAR = 48
"""Bits of 256 in which look-alikes differ at most: saved anew 20, another caption 42, others 56 and more."""
APART = 128
"""Bits in which two pictures differ that have nothing in common."""
CANDIDATES = 100
ALIKE = 0.3
"""From which share of common names on two pictures show the same."""
MANNER = 0.25
"""What kind and colours weigh beside what is shown."""

EVERY_KIND: tuple[str, ...] = get_args(Classification)

Why = Literal["words", "looks", "shows"]


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a picture that others are to be like: the 32 bytes of ``vision.similar``, and its names.

    ``sha256`` or ``post_id``, whichever was asked for, is not told among them.
    """

    phash: bytes | None
    names: PictureWords
    sha256: str | None = None
    post_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in an archive; ``posted_at`` is aware UTC, its sides are None where unknown.

    ``score`` is 0…1: the chance that it is meant, or how alike it is. ``text`` is what was said with it.
    """

    post_id: UUID
    sha256: str
    why: Why
    score: float
    posted_at: datetime
    feed: str
    chat: str | None
    telegram_message_id: int
    link: str | None
    text: str
    description: str
    names: PictureWords
    posts: int
    """Messages that may be seen and show this content."""
    mime: str
    size_bytes: int
    width: int | None
    height: int | None


def pictures_by_words(archive: Archive, query: str, limit: int = 10) -> list[Picture]:
    """Pictures that words in Russian or English mean, or that are told of or captioned so, best first.

    Raises TgAssetsError for a query without words.
    """
    if archive.feeds == ():
        return []
    narrow = Narrow(owners=archive.owners, feeds=archive.feeds or (), pictures=EVERY_KIND)
    hits = ranked(archive, query, narrow, CANDIDATES)
    scores = {copy.id: hit.score for hit in hits for copy in hit.copies} | {hit.id: hit.score for hit in hits}
    found = _of_posts(archive, list(scores))
    best = sorted(found, key=lambda one: (-scores[one.post_id], -one.posted_at.timestamp()))
    told = [replace(one, score=scores[one.post_id]) for one in best]
    return list({one.sha256: one for one in reversed(told)}.values())[::-1][:limit]


def similar_pictures(archive: Archive, like: Look | UUID | str, limit: int = 10) -> list[Picture]:
    """Pictures that look like another, nearest first, then those that show the same.

    ``like`` is a post's id, a content's sha256, or what ``look_at`` knows of a file. Raises TgAssetsError when
    whoever opened the archive may see no such picture, whether there is one or not.
    """
    look = like if isinstance(like, Look) else _look(archive, like)
    found = {one.sha256: one for one in _alike(archive, look, limit)}
    if len(found) < limit:
        for one in _showing(archive, look):
            found.setdefault(one.sha256, one)
    return list(found.values())[:limit]


def fits(pictures: Sequence[Picture]) -> bool:
    """Whether the best of them is at all likely to be what was meant."""
    return bool(pictures) and pictures[0].score >= FAIR


def look_at(data: bytes, provider: VisionProvider) -> Look:
    """What a file looks like and shows; ``provider`` is who says it. Raises ``Refused`` for what is no picture."""
    return Look(prepare(data, "", 1).phash, picture_words(provider.describe(data, "").model_dump(mode="json")))


def _look(archive: Archive, like: UUID | str) -> Look:
    """What is known of a picture that may be seen here."""
    which = "p.post_id = :like" if isinstance(like, UUID) else "p.sha256 = :like"
    rows = _rows(archive, f"SELECT p.post_id, p.sha256, 0.0 AS score FROM post_media_map p WHERE {which}", like=like)  # noqa: S608
    if not rows:
        raise NotThere("picture")
    first = min(rows, key=lambda row: row.position)
    asked: dict[str, Any] = {"post_id" if isinstance(like, UUID) else "sha256": like}
    return Look(int(first.looks, 2).to_bytes(32) if first.looks else None, picture_words(first.vision), **asked)


def _alike(archive: Archive, look: Look, limit: int) -> list[Picture]:
    if look.phash is None:
        return []
    near = """
        SELECT NULL::uuid AS post_id, sha256,
               1 - min(bit_count(looks # CAST(:looks AS bit(256))))::float / :apart AS score
        FROM pictures
        WHERE bit_count(looks # CAST(:looks AS bit(256))) <= :near AND sha256 IS DISTINCT FROM :itself
        GROUP BY sha256
    """
    bits = f"{int.from_bytes(look.phash):0256b}"
    rows = _rows(archive, near, look.post_id, looks=bits, near=NEAR, apart=APART, itself=look.sha256)
    return _best((_picture(row, "looks") for row in rows), limit)


def _showing(archive: Archive, look: Look) -> list[Picture]:
    """Pictures that share names with another, best first."""
    query = lemma_query(look.names.shown_text or look.names.manner_text)
    if not query.indices or archive.feeds == ():
        return []
    narrow = Narrow(owners=archive.owners, feeds=archive.feeds or (), pictures=EVERY_KIND)
    with archive.vectors.tenant(archive.tenant) as index:
        legs = {LEMMAS: {"indices": query.indices, "values": query.values}}
        posts = [UUID(point) for point, _ in index.search(legs, narrow, CANDIDATES)[LEMMAS]]
    found = [replace(one, why="shows", score=_shared(look.names, one.names)) for one in _of_posts(archive, posts)]
    itself = (look.sha256, look.post_id)
    others = (one for one in found if one.sha256 not in itself and one.post_id not in itself)
    return _best((one for one in others if one.score >= ALIKE), len(found))


def _shared(one: PictureWords, other: PictureWords) -> float:
    """The share of names, wider ones too, that two pictures have in common, 0…1; what neither has does not count."""
    parts = [
        (weight, len(a & b) / len(a | b))
        for weight, a, b in (
            (1 - MANNER, _every(one.shown), _every(other.shown)),
            (MANNER, _every(one.manner), _every(other.manner)),
        )
        if a or b
    ]
    total = sum(weight for weight, _ in parts)
    return sum(weight * share for weight, share in parts) / total if total else 0.0


def _every(names: Iterable[Name]) -> set[str]:
    return {word for name in names for word in name.every()}


def _best(pictures: Iterable[Picture], limit: int) -> list[Picture]:
    return sorted(pictures, key=lambda one: (-one.score, -one.posted_at.timestamp(), one.sha256))[:limit]


def _of_posts(archive: Archive, posts: Sequence[UUID]) -> list[Picture]:
    """The first pictures of posts."""
    which = """SELECT DISTINCT ON (p.post_id) p.post_id, p.sha256, 0.0 AS score FROM post_media_map p
               WHERE p.post_id = ANY(CAST(:posts AS uuid[])) AND p.sha256 IS NOT NULL ORDER BY p.post_id, p.position"""
    return [_picture(row, "words") for row in _rows(archive, which, posts=list(map(str, posts)))]


def _rows(archive: Archive, which: str, without: UUID | None = None, **values: Any) -> list[Any]:
    """Pictures of ``which (post_id, sha256, score)`` that may be seen, ``without`` those of a post.

    Where no post is named a content is told by the newest that shows it.
    """
    statement = f"""
        WITH which AS ({which}),
        shown AS (
            SELECT p.post_id, p.position, p.sha256, p.mime, p.size_bytes, p.width, p.height, w.score,
                   row_number() OVER (PARTITION BY p.sha256, w.post_id ORDER BY m.posted_at DESC, m.id) AS nth,
                   count(*) OVER (PARTITION BY p.sha256, w.post_id) AS posts,
                   m.posted_at, m.content, m.telegram_post_url AS link, m.telegram_message_id, c.feed, c.title AS chat
            FROM which w JOIN post_media_map p ON p.sha256 = w.sha256 AND p.post_id = coalesce(w.post_id, p.post_id)
            JOIN messages m ON m.id = p.post_id JOIN channels c ON c.id = m.channel_id
            WHERE m.deleted_at IS NULL AND {SEEN}
              AND p.post_id IS DISTINCT FROM CAST(:without AS uuid)
        )
        SELECT s.*, o.mime AS stored_mime, o.size_bytes AS bytes, v.data AS vision,
               (SELECT x.looks::text FROM pictures x WHERE x.sha256 = s.sha256 AND x.looks IS NOT NULL LIMIT 1) AS looks
        FROM shown s JOIN media_objects o ON o.sha256 = s.sha256
        JOIN post_enrichment v ON v.post_id = s.post_id AND v.kind = 'vision' AND v.data ? 'classification'
        WHERE s.nth = 1
    """  # noqa: S608 - of constants
    with archive.reading() as connection:
        return list(connection.execute(text(statement), {**values, "without": without, **archive.seen}).all())


def _picture(row: Any, why: Why) -> Picture:
    return Picture(
        row.post_id, row.sha256, why, row.score, row.posted_at, row.feed, row.chat, row.telegram_message_id, row.link,
        text_short(row.content), row.vision["description"], picture_words(row.vision), row.posts,
        row.stored_mime, row.bytes, row.width, row.height,
    )  # fmt: skip
