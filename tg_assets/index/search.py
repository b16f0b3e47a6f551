"""Search: three legs in one round trip, fused, and the rows behind the best points.

A score is the chance that the result is what was meant (``evidence``), so that results of two searches compare and
the best of nothing is not much. Private chats are found only for the owner accounts that are named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tg_assets.embedder import Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.index.conditions import Question, moved, understand
from tg_assets.index.copies import collapse
from tg_assets.index.evidence import FAIR, Passage
from tg_assets.index.ranking import order
from tg_assets.index.rerank import Rerank
from tg_assets.index.snippet import snippet
from tg_assets.index.sparse import SparseVector, lemma_query, trigram_query, weighted
from tg_assets.index.text import TextParts, has_words, text_to_embed
from tg_assets.stores.database import Database, TenantConnection
from tg_assets.stores.vectors import DENSE, LEMMAS, NOBODY, TRIGRAMS, Narrow, VectorIndex
from tg_assets.stores.word_counts import frequencies
from tg_assets.tagging.lemmas import words

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
    author: str | None = None
    copies: tuple["Copy", ...] = ()
    """Where else the same text is."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place of a result's text."""

    id: UUID
    posted_at: datetime
    feed: str
    chat: str | None
    link: str | None


def search(
    query: str,
    tenant: UUID,
    qdrant: VectorIndex,
    embedder: Embedder,
    postgres: Database,
    narrow: Narrow = Narrow(),  # noqa: B008 - frozen
    limit: int = 10,
    now: datetime | None = None,
    rerank: Rerank | None = None,
) -> list[Hit]:
    """Best posts and albums for a query in any language of the models; raises TgAssetsError for one without words.

    ``now``, aware, is what «вчера» is told by, without it this moment in UTC; ``rerank`` orders the first results anew.
    """
    if not has_words(query):
        raise TgAssetsError("A search needs at least one word.")
    question = understand(query, now or datetime.now(UTC))
    about = question.about
    meant = embedder.encode([about])[0].tolist()
    with postgres.tenant(tenant) as session, qdrant.tenant(tenant) as index:
        lemmas, trigrams = weighed(session, narrow.owners, lemma_query(about), trigram_query(about))
        legs = {DENSE: meant, LEMMAS: sparse_leg(lemmas), TRIGRAMS: sparse_leg(trigrams)}
        asked = {name: leg for name, leg in legs.items() if leg is not None}
        found = index.search(asked, narrow, LEG_HITS)
        if (then := _then(question, narrow)) is not None:
            found = _both(found, index.search(asked, then, LEG_HITS))
        # Rows of all hits, since some may be gone meanwhile: what nobody may see is not evidence either.
        rows = rows_of(session, sorted({point for hits in found.values() for point, _ in hits}), narrow.owners)
    seen = {name: [hit for hit in hits if hit[0] in rows] for name, hits in found.items()}

    def passage(point: str) -> Passage:
        return Passage.of(rows[point].whole, rows[point].author_name, rows[point].title)

    ordered = order(about, seen, passage)
    ranked = moved(question, ordered, lambda point: rows[point].author_name, lambda point: rows[point].posted_at)
    if rerank is not None:
        ranked = rerank.order(query, ranked, lambda point: rows[point].whole)
    return as_hits(rows, ranked, about, limit)


def as_hits(rows: Mapping[str, Any], ranked: Sequence[tuple[str, float]], query: str, limit: int) -> list[Hit]:
    """The first results as people see them, with the places of their copies."""

    def said(point: str) -> tuple[str, frozenset[str]]:
        return rows[point].kind, frozenset(words(rows[point].whole))

    return [
        _hit(rows[point], score, query, [rows[copy] for copy in copies])
        for point, score, copies in collapse(ranked, said, limit)
    ]


def fits(hits: Sequence[Hit]) -> bool:
    """Whether the best of the results is at all likely to be what was meant."""
    return bool(hits) and hits[0].score >= FAIR


def weighed(
    session: TenantConnection, owners: Sequence[int], lemmas: SparseVector, trigrams: SparseVector
) -> tuple[SparseVector, SparseVector]:
    """Words of a query weighed by how rare they are in what these owners may see."""
    with session.transaction() as connection:
        had = frequencies(connection, [NOBODY, *owners], lemmas.indices, trigrams.indices)
    return weighted(lemmas, had.lemmas, had.documents), weighted(trigrams, had.trigrams, had.documents)


def _then(question: Question, narrow: Narrow) -> Narrow | None:
    """The search limited to the days that a question names; None when it names none, or none that it may see."""
    if question.span is None or question.now is None:
        return None
    since, until = question.span.bounds(question.now.tzinfo)
    since, until = max(since, narrow.since or since), min(until, narrow.until or until)
    return replace(narrow, since=since, until=until) if since < until else None


def _both(one: dict[str, list[tuple[str, float]]], other: dict[str, list[tuple[str, float]]]) -> dict[str, Any]:
    return {leg: sorted({**dict(one[leg]), **dict(other[leg])}.items(), key=lambda hit: -hit[1]) for leg in one}


def sparse_leg(vector: SparseVector) -> Any:
    """A sparse vector as the server is asked; None for an empty one."""
    return {"indices": vector.indices, "values": vector.values} if vector.indices else None


def rows_of(session: TenantConnection, ids: Sequence[str], owners: Sequence[int]) -> dict[str, Any]:
    """Rows of posts and albums by id, with what a reader wants to see of them, and their ``whole`` text."""
    with session.transaction() as connection:
        rows = connection.execute(
            text("""
                SELECT m.id, 'post' AS kind, m.posted_at, c.feed, c.title, m.author_name, m.content,
                       t.data->'names' AS tags, v.data->>'description' AS vision, v.data->'ocr'->>'text' AS ocr,
                       s.data->>'text' AS spoken,
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
    return {str(row.id): SimpleNamespace(**row._mapping, whole=_whole(row)) for row in rows}


def _whole(row: Any) -> str:
    return text_to_embed(
        TextParts(post=row.content or "", speech=row.spoken or "", vision=row.vision or "", ocr=row.ocr or "")
    )


def _hit(row: Any, score: float, query: str, copies: Sequence[Any]) -> Hit:
    return Hit(
        row.id,
        row.kind,
        score,
        row.posted_at,
        row.feed,
        row.title,
        snippet(row.whole, query),
        list(row.tags or ()),
        row.link,
        row.telegram_message_id,
        row.author_name,
        tuple(Copy(copy.id, copy.posted_at, copy.feed, copy.title, copy.link) for copy in copies),
    )
