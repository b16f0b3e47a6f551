"""Search: three legs in one round trip, lifted by their context, fused, and the rows behind the best lines.

A unit of a conversation is shown as that line of it which matched best, with its neighbours; no line is shown twice. A
score is the chance that the result is what was meant (``evidence``), so that results of two searches compare and
the best of nothing is not much. Private chats are found only for the owner accounts that are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.embedder import Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.index.context import Found, look
from tg_assets.index.evidence import FAIR, Passage
from tg_assets.index.ranking import order
from tg_assets.index.snippet import snippet
from tg_assets.index.sparse import SparseVector, weighted
from tg_assets.index.text import TextParts, has_words, text_to_embed
from tg_assets.stores.collections import Collection, maker
from tg_assets.stores.vectors import LEMMAS, NOBODY, TRIGRAMS, Narrow
from tg_assets.stores.word_counts import frequencies
from tg_assets.vision.picture_words import picture_words, why_its_picture

LEG_HITS = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """One found post, album or conversation; ``posted_at`` is aware UTC, ``id`` the post's, the album's or the unit's.

    A conversation's message, link and snippet are those of its best line.
    """

    id: UUID
    kind: str
    score: float
    posted_at: datetime
    feed: str
    chat: str | None
    snippet: str
    tags: list[str]
    link: str | None
    telegram_message_id: int | None
    post: UUID
    """Of a conversation the line that was found, else ``id``."""
    picture: str | None = None
    """What its picture shows, in the question's language, where a word of the question is of the picture alone."""
    conversation: UUID | None = None
    """The unit that was found with it, if any."""


def ranked(archive: Archive, query: str, narrow: Narrow = Narrow(), limit: int = 10) -> list[Hit]:  # noqa: B008
    """Best posts, albums and lines of conversations for a query in any language of the models.

    Owners and feeds are the archive's: ``narrow`` can name fewer feeds, nothing else. Raises TgAssetsError for a query
    without words.
    """
    if not has_words(query):
        raise TgAssetsError("A search needs at least one word.")
    bound = archive.narrowed(narrow)
    if bound is None:
        return []
    dense = partial(_dense, query, archive.embedder())
    with archive.vectors.tenant(archive.tenant) as index, archive.reading() as connection:
        found = look(query, dense, partial(_weighted, archive, connection), index, connection, bound, LEG_HITS)
        # Rows of all hits, since some may be gone meanwhile: what nobody may see is not evidence either.
        rows = _rows(connection, archive, sorted({point for hits in found.legs.values() for point, _ in hits}), bound)
    texts = {point: _whole(row) for point, row in rows.items()}
    seen = {name: [hit for hit in hits if texts.get(hit[0])] for name, hits in found.legs.items()}

    def passage(point: str) -> Passage:
        row = rows[point]
        return Passage.of(texts[point], row.author_name, row.title, picture=picture_words(row.picture).text)

    best = _each_once(order(query, seen, passage), found)[:limit]
    return [_hit(rows[point], score, query, found) for point, score in best]


def _each_once(ranked: Sequence[tuple[str, float]], found: Found) -> list[tuple[str, float]]:
    """Without all but the best of the lines that were found as a unit's only."""
    kept, units = list[tuple[str, float]](), set[UUID]()
    for point, score in ranked:
        unit = found.unit.get(point)
        if point not in found.itself and unit is not None:
            if unit.id in units:
                continue
            units.add(unit.id)
        kept.append((point, score))
    return kept


def fits(hits: Sequence[Hit]) -> bool:
    """Whether the best of the results is at all likely to be what was meant."""
    return bool(hits) and hits[0].score >= FAIR


def _dense(query: str, chosen: Embedder, collection: Collection | None) -> list[float] | None:
    """The question's vector by the model of the index, which may be another than the one that was chosen since."""
    embedder = maker(collection, chosen)
    vector: list[float] | None = embedder.encode([query])[0].tolist() if embedder else None
    return vector


def _weighted(archive: Archive, connection: Connection, lemmas: SparseVector, trigrams: SparseVector) -> dict[str, Any]:
    """The legs of a query's words, weighed by how rare they are in what these owners may see."""
    had = frequencies(connection, [NOBODY, *archive.owners], lemmas.indices, trigrams.indices)
    made = {
        LEMMAS: weighted(lemmas, had.lemmas, had.documents),
        TRIGRAMS: weighted(trigrams, had.trigrams, had.documents),
    }
    return {name: {"indices": leg.indices, "values": leg.values} for name, leg in made.items() if leg.indices}


def _rows(connection: Connection, archive: Archive, ids: Sequence[str], narrow: Narrow) -> dict[str, Any]:
    """Rows of posts and albums by id, with what a reader wants to see; a unit's lines may be of another time."""
    rows = connection.execute(
        text(f"""
            SELECT m.id, 'post' AS kind, m.posted_at, c.feed, c.title, m.author_name, m.content,
                   t.data->'names' AS tags, v.data->>'description' AS vision, v.data->'ocr'->>'text' AS ocr,
                   s.data->>'text' AS spoken, v.data - 'description' - 'ocr' AS picture,
                   m.telegram_post_url AS link, m.telegram_message_id
            FROM messages m JOIN channels c ON c.id = m.channel_id
            LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
            LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
            LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
            WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.deleted_at IS NULL AND {SEEN}
            UNION ALL
            SELECT g.id, 'album', g.posted_at, c.feed, c.title, m.author_name, g.caption_text, t.data->'names',
                   g.meta->'enrichment'->>'vision_summary', g.meta->'enrichment'->>'ocr_text', NULL,
                   jsonb_build_object('labels', g.meta->'enrichment'->'vision_labels'),
                   m.telegram_post_url, m.telegram_message_id
            FROM media_groups g JOIN channels c ON c.id = g.channel_id
            JOIN media_group_items i ON i.group_id = g.id AND i.position = 0
            JOIN messages m ON m.id = i.post_id
            LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
            WHERE g.id = ANY(CAST(:ids AS uuid[])) AND g.deleted_at IS NULL AND {SEEN}
        """),  # noqa: S608 - a constant
        {"ids": list(ids), **archive.seen},
    ).all()
    begins, ends = narrow.since, narrow.until
    return {
        str(row.id): row
        for row in rows
        if (begins is None or row.posted_at >= begins) and (ends is None or row.posted_at < ends)
    }


def _whole(row: Any) -> str:
    return text_to_embed(
        TextParts(post=row.content or "", speech=row.spoken or "", vision=row.vision or "", ocr=row.ocr or "")
    )


def _hit(row: Any, score: float, query: str, found: Found) -> Hit:
    whole = _whole(row)
    unit = found.unit.get(str(row.id))
    is_units = unit is not None and str(row.id) not in found.itself
    return Hit(
        unit.id if unit is not None and is_units else row.id,
        "conversation" if is_units else row.kind,
        score,
        row.posted_at,
        row.feed,
        row.title,
        snippet(whole, query),
        list(row.tags or ()),
        row.link,
        row.telegram_message_id,
        row.id,
        why_its_picture(picture_words(row.picture), query, whole),
        unit.id if unit else None,
    )
