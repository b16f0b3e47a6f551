"""Search: the best messages and albums for a question, each with where it stands, what is around it and who made it.

A fixed number of statements and requests whatever the number of results: the vector index, the rows behind its hits,
what results carry, their neighbours, their lineage. What does not belong here: the ranking (``ranked``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.asked_words import names
from tg_assets.answers.cursors import is_count, is_id, place_of, written
from tg_assets.answers.feeds import check_feeds
from tg_assets.answers.lineage import Made, lineage
from tg_assets.answers.neighbours import Around, check_count, neighbours
from tg_assets.answers.pieces import Piece
from tg_assets.answers.ranked import Copy, Hit, fits, now_in, ranked
from tg_assets.answers.rows import Message
from tg_assets.answers.voices import PLAYS
from tg_assets.errors import TgAssetsError
from tg_assets.index.authors import asked_author
from tg_assets.index.conditions import understand
from tg_assets.index.evidence import verdict
from tg_assets.stores.prepared import prepared
from tg_assets.stores.vectors import Narrow

MOST, MOST_NEAR = 1000, 20
KINDS = ("post", "album", "conversation")


@dataclass(frozen=True, slots=True)
class Shown:
    """A file of a result: ``kind`` is photo, voice, document and so on."""

    kind: str
    sha256: str
    plays: bool = False
    """Whether it is a sound that ``voices`` hands out."""


@dataclass(frozen=True, slots=True)
class Result:
    """One found thing; ``score`` is the chance 0…1 that it is meant, ``fit`` a word for it, times are aware UTC."""

    id: UUID
    post: UUID
    """Of a conversation the line that was found, whose text, time and link these are; else ``id``."""
    kind: str
    score: float
    fit: str
    posted_at: datetime
    edited_at: datetime | None
    feed: str
    chat: str | None
    author: str | None
    telegram_message_id: int | None
    link: str | None
    album: UUID | None
    text: str
    """The piece that shows why it was found, with ``~~`` around what is crossed out in it."""
    pieces: tuple[Piece, ...]
    """The same by who wrote it: a person, or a model that heard, described or read."""
    picture: str | None
    """What its picture shows, where a word of the question is of the picture alone."""
    media: tuple[Shown, ...]
    """Its files that are here, an album's in the order of its items."""
    tags: tuple[str, ...]
    copies: tuple[Copy, ...]
    """Where else the same text is."""
    versions: int
    """How often its words have been another, and as they are."""
    before: tuple[Message, ...]
    after: tuple[Message, ...]
    lineage: tuple[Made, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results, best first. ``fits`` is whether any result of the question is likely what was meant.

    ``understood`` are the time and the author that it was taken to ask for.
    """

    query: str
    fits: bool
    understood: tuple[str, ...]
    results: tuple[Result, ...]
    cursor: str | None
    """Leads to the next page, None on the last one."""


# Of an album, what the first of its messages has that is there.
_CARRIED = f"""
    SELECT first.id, coalesce(m.author_name, m.post_author) AS author, m.album_id, m.edited_at,
           1 + (SELECT count(*) FROM telegram_message_versions v WHERE v.id = m.id) AS versions,
           (SELECT jsonb_agg(jsonb_build_array(p.kind, p.sha256, {PLAYS}) ORDER BY item.position, p.position) FROM (
                SELECT first.id AS post_id, 0 AS position
                UNION ALL SELECT post_id, position FROM media_group_items WHERE group_id = first.id
            ) item JOIN messages s ON s.id = item.post_id AND s.deleted_at IS NULL
            JOIN post_media_map p ON p.post_id = s.id AND p.sha256 IS NOT NULL
            LEFT JOIN media_objects o ON o.sha256 = p.sha256 AND o.dropped_at IS NULL) AS media
    FROM (
        SELECT unnest(CAST(:ids AS uuid[])) AS id, unnest(CAST(:ids AS uuid[])) AS post_id
        UNION ALL
        (SELECT DISTINCT ON (group_id) group_id, post_id FROM media_group_items
         WHERE group_id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL ORDER BY group_id, position)
    ) first JOIN messages m ON m.id = first.post_id JOIN channels c ON c.id = m.channel_id WHERE {SEEN}
"""  # noqa: S608 - constants


def search(
    archive: Archive,
    query: str,
    *,
    kind: str | None = None,
    tags: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    author: str | None = None,
    lang: str | None = None,
    feeds: Sequence[str] = (),
    half_life: timedelta | None = None,
    zone: str | None = None,
    near: int = 2,
    limit: int = 10,
    cursor: str | None = None,
) -> Found:
    """What is meant by a query, in Russian or English, by meaning and by words.

    ``kind`` is one of ``KINDS``; ``tags`` are all to be there; ``since`` and ``until`` are aware, the latter is not
    included; ``author`` is a whole name, @name or number; ``lang`` a code such as ``ru``; ``feeds`` are of the
    archive's. With a ``half_life`` a result of that age keeps three quarters of its score, and a very old one half.
    ``zone`` is an IANA name: whose day «вчера» is told by, without it UTC's. ``near`` messages before and after come
    with each result. Raises TgAssetsError for a query without words or a value that cannot be, NoSuch for a feed that
    is not shown, and CursorRefused.
    """
    check_count("limit", limit, MOST, 1)
    check_count("near", near, MOST_NEAR)
    if half_life is not None and half_life <= timedelta():
        raise TgAssetsError("half_life has to be longer than nothing.")
    narrow = narrowing(kind=kind, tags=tags, since=since, until=until, author=author, lang=lang, feeds=feeds)
    question = ("search", query, kind, sorted(tags), since, until, author, lang, sorted(feeds), str(half_life), zone)
    now = now_in(zone)
    place = place_of(archive, question, cursor, (is_count, is_id)) or [0, None]
    with archive.reading() as connection:
        check_feeds(archive, feeds)
        hits = ranked(archive, query, narrow, place[0] + limit + 1, now, half_life)
        first = _after(hits, *place)
        shown = hits[first : first + limit]
        results = carried(connection, archive, shown, near)
    more = None
    if shown and len(hits) > first + limit:
        more = written(archive, question, (first + limit, str(shown[-1].id)))
    return Found(query, fits(hits), _understood(query, now, hits), results, more)


def _understood(query: str, now: datetime, hits: Sequence[Hit]) -> tuple[str, ...]:
    """An author only if there is one of that name among the results."""
    question = understand(query, now)
    known = any(question.fits_author(hit.author) for hit in hits)
    return tuple(said for said in question.understood if known or not said.startswith("from "))


def narrowing(
    *,
    kind: str | None = None,
    tags: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    author: str | None = None,
    lang: str | None = None,
    feeds: Sequence[str] = (),
) -> Narrow:
    """What ``search`` is told, as the vector index takes it. Raises TgAssetsError."""
    if kind is not None and kind not in KINDS:
        raise TgAssetsError(f"There is no such kind of result; there are {', '.join(KINDS)}.")
    if any(at is not None and at.tzinfo is None for at in (since, until)):
        raise TgAssetsError("since and until have to be times with a zone.")
    if author is not None and not asked_author(author):
        raise TgAssetsError("An author is a name, a @name or a number.")
    return Narrow(
        feeds=tuple(feeds),
        kind=kind,
        tags=tuple(map(_forms, tags)),
        since=since,
        until=until,
        author=None if author is None else asked_author(author),
        lang=lang,
    )


def _forms(tag: str) -> str | tuple[str, ...]:
    """A tag as it is kept, however somebody typed it: «#Ёлка» is «ёлка» or «елка»."""
    forms = names(tag.strip().removeprefix("#"))
    return forms[0] if len(forms) == 1 else tuple(forms)


def _after(hits: Sequence[Hit], count: int, last: str | None) -> int:
    """Where the next page begins: after the last one that was shown, which new messages may have moved."""
    return next((place for place, hit in enumerate(hits, 1) if str(hit.id) == last), count)


def carried(connection: Connection, archive: Archive, hits: Sequence[Hit], near: int) -> tuple[Result, ...]:
    """Hits with all that a result carries, in their order."""
    if not hits:
        return ()
    ids = [hit.post for hit in hits]
    more = {row.id: row for row in connection.execute(prepared(_CARRIED), {"ids": list(map(str, ids)), **archive.seen})}
    sides = neighbours(connection, archive, ids, near, near)
    made = lineage(connection, ids)
    return tuple(
        _result(hit, more.get(hit.post), sides.get(hit.post, Around()), made.get(hit.post, ())) for hit in hits
    )


def _result(hit: Hit, row: Any, sides: Around, made: tuple[Made, ...]) -> Result:
    return Result(
        id=hit.id,
        post=hit.post,
        kind=hit.kind,
        score=round(hit.score, 3),
        fit=verdict(hit.score),
        posted_at=hit.posted_at,
        edited_at=row.edited_at if row else None,
        feed=hit.feed,
        chat=hit.chat,
        author=row.author if row else None,
        telegram_message_id=hit.telegram_message_id,
        link=hit.link,
        album=hit.id if hit.kind == "album" else row.album_id if row else None,
        text=hit.snippet,
        pieces=hit.pieces,
        picture=hit.picture,
        media=tuple(Shown(*file) for file in row.media or ()) if row else (),
        tags=tuple(hit.tags),
        copies=hit.copies,
        versions=row.versions if row else 1,
        before=sides.before,
        after=sides.after,
        lineage=made,
    )
