"""Search: three legs in one round trip, fused, and the rows behind the best points.

A score is the chance that the result is what was meant (``evidence``), so that results of two searches compare and
the best of nothing is not much. Private chats are found only for the owner accounts that are named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tg_assets.embedder import Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.index.evidence import FAIR, Passage
from tg_assets.index.ranking import order
from tg_assets.index.snippet import snippet
from tg_assets.index.sparse import SparseVector, lemma_query, trigram_query
from tg_assets.index.text import TextParts, has_words, text_to_embed
from tg_assets.stores.database import Database
from tg_assets.stores.vectors import DENSE, LEMMAS, NOBODY, TRIGRAMS, Narrow, VectorIndex
from tg_assets.vision.picture_words import picture_words, why_its_picture

LEG_HITS = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """One found post or album; ``posted_at`` is aware UTC, ``id`` the post's or the album's."""

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
    picture: str | None = None
    """What its picture shows, in the question's language, where a word of the question is of the picture alone."""


def search(
    query: str,
    tenant: UUID,
    qdrant: VectorIndex,
    embedder: Embedder,
    postgres: Database,
    narrow: Narrow = Narrow(),  # noqa: B008 - frozen
    limit: int = 10,
    pictures: Callable[[str, UUID, Narrow], Mapping[str, float]] | None = None,
) -> list[Hit]:
    """Best posts and albums for a query in any language of the models; raises TgAssetsError for one without words.

    ``pictures`` gives the chances of posts whose pictures a model of one's own finds fitting, by their ids.
    """
    if not has_words(query):
        raise TgAssetsError("A search needs at least one word.")
    legs = {
        DENSE: embedder.encode([query])[0].tolist(),
        LEMMAS: _sparse(lemma_query(query)),
        TRIGRAMS: _sparse(trigram_query(query)),
    }
    with qdrant.tenant(tenant) as index:
        found = index.search({name: leg for name, leg in legs.items() if leg is not None}, narrow, LEG_HITS)
    # Rows of all hits, since some may be gone meanwhile: what nobody may see is not evidence either.
    looked = pictures(query, tenant, narrow) if pictures else {}
    points = {point for hits in found.values() for point, _ in hits} | set(looked)
    rows = _rows(postgres, tenant, sorted(points), narrow.owners)
    seen = {name: [hit for hit in hits if hit[0] in rows] for name, hits in found.items()}

    def passage(point: str) -> Passage:
        row = rows[point]
        return Passage.of(_whole(row), row.author_name, row.title, picture=picture_words(row.picture).text)

    chances = dict(order(query, seen, passage))
    for point, chance in looked.items():
        if point in rows:
            chances[point] = max(chance, chances.get(point, 0.0))
    best = sorted(chances.items(), key=lambda hit: (-hit[1], hit[0]))[:limit]
    return [_hit(rows[point], score, query) for point, score in best]


def fits(hits: Sequence[Hit]) -> bool:
    """Whether the best of the results is at all likely to be what was meant."""
    return bool(hits) and hits[0].score >= FAIR


def _sparse(vector: SparseVector) -> Any:
    return {"indices": vector.indices, "values": vector.values} if vector.indices else None


def _rows(postgres: Database, tenant: UUID, ids: Sequence[str], owners: Sequence[int]) -> dict[str, Any]:
    """Rows of posts and albums by id, with what a reader wants to see of them."""
    with postgres.tenant(tenant) as session, session.transaction() as connection:
        rows = connection.execute(
            text("""
                SELECT m.id, 'post' AS kind, m.posted_at, c.feed, c.title, m.author_name, m.content,
                       t.data->'names' AS tags, v.data->>'description' AS vision, v.data->'ocr'->>'text' AS ocr,
                       s.data->>'text' AS spoken, v.data - 'description' - 'ocr' AS picture,
                       m.telegram_post_url AS link, m.telegram_message_id
                FROM messages m JOIN channels c ON c.id = m.channel_id
                LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
                LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
                LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
                WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.deleted_at IS NULL
                  AND c.owner_id = ANY(CAST(:owners AS bigint[]))
                UNION ALL
                SELECT g.id, 'album', g.posted_at, c.feed, c.title, m.author_name, g.caption_text, t.data->'names',
                       g.meta->'enrichment'->>'vision_summary', g.meta->'enrichment'->>'ocr_text', NULL,
                       jsonb_build_object('labels', g.meta->'enrichment'->'vision_labels'),
                       m.telegram_post_url, m.telegram_message_id
                FROM media_groups g JOIN channels c ON c.id = g.channel_id
                JOIN media_group_items i ON i.group_id = g.id AND i.position = 0
                JOIN messages m ON m.id = i.post_id
                LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
                WHERE g.id = ANY(CAST(:ids AS uuid[])) AND g.deleted_at IS NULL
                  AND c.owner_id = ANY(CAST(:owners AS bigint[]))
            """),
            {"ids": list(ids), "owners": [NOBODY, *owners]},
        ).all()
    return {str(row.id): row for row in rows}


def _whole(row: Any) -> str:
    return text_to_embed(
        TextParts(post=row.content or "", speech=row.spoken or "", vision=row.vision or "", ocr=row.ocr or "")
    )


def _hit(row: Any, score: float, query: str) -> Hit:
    whole = _whole(row)
    return Hit(
        row.id,
        row.kind,
        score,
        row.posted_at,
        row.feed,
        row.title,
        snippet(whole, query),
        list(row.tags or ()),
        row.link,
        row.telegram_message_id,
        why_its_picture(picture_words(row.picture), query, whole),
    )
