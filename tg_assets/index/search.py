"""Search: three legs in one round trip, lifted by their context, fused, and the rows behind the best lines.

A unit of a conversation is shown as that line of it which matched best, with its neighbours; no line is shown twice. A
score is the chance that the result is what was meant (``evidence``), so that results of two searches compare and
the best of nothing is not much. Private chats are found only for the owner accounts that are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.embedder import Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.index.context import Found, look
from tg_assets.index.evidence import FAIR, Passage
from tg_assets.index.ranking import order
from tg_assets.index.snippet import snippet
from tg_assets.index.sparse import SparseVector, lemma_query, trigram_query
from tg_assets.index.text import TextParts, has_words, text_to_embed
from tg_assets.stores.database import Database
from tg_assets.stores.vectors import DENSE, LEMMAS, NOBODY, TRIGRAMS, Narrow, VectorIndex

LEG_HITS = 100
BESIDE = 2
"""Lines of a conversation that are shown before a found one, and after it."""


@dataclass(frozen=True, slots=True)
class Around:
    """A line before or after a found one, in its conversation."""

    telegram_message_id: int
    posted_at: datetime
    author: str | None
    snippet: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One found post, album or conversation; ``posted_at`` is aware UTC, ``id`` the post's, the album's or the unit's.

    A conversation's message, link and snippet are those of its best line. ``conversation`` is the unit that a line was
    found in, and ``around`` what was said there just before and after it.
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
    conversation: UUID | None = None
    around: tuple[Around, ...] = ()


def search(
    query: str,
    tenant: UUID,
    qdrant: VectorIndex,
    embedder: Embedder,
    postgres: Database,
    narrow: Narrow = Narrow(),  # noqa: B008 - frozen
    limit: int = 10,
) -> list[Hit]:
    """Best posts, albums and conversations for a query in any language of the models.

    Raises TgAssetsError for one without words.
    """
    if not has_words(query):
        raise TgAssetsError("A search needs at least one word.")
    legs = {
        DENSE: embedder.encode([query])[0].tolist(),
        LEMMAS: _sparse(lemma_query(query)),
        TRIGRAMS: _sparse(trigram_query(query)),
    }
    asking = {name: leg for name, leg in legs.items() if leg is not None}
    with (
        qdrant.tenant(tenant) as index,
        postgres.tenant(tenant) as session,
        session.transaction() as connection,
    ):
        found = look(query, asking, index, connection, narrow, LEG_HITS)
        # Rows of all hits, since some may be gone meanwhile: what nobody may see is not evidence either.
        rows = _rows(connection, sorted({point for hits in found.legs.values() for point, _ in hits}), narrow)

        texts = {point: said for point, row in rows.items() if (said := _whole(row))}

        def passage(point: str) -> Passage:
            return Passage.of(texts[point], rows[point].author_name, rows[point].title)

        seen = {name: [hit for hit in hits if hit[0] in texts] for name, hits in found.legs.items()}
        best = _each_once(order(query, seen, passage), found)[:limit]
        beside = {point: _beside(point, found) for point, _ in best}
        others = _rows(
            connection, sorted({one for near in beside.values() for one in near} - rows.keys()), narrow, True
        )
    shown = {**others, **rows}
    return [
        _hit(rows[point], score, query, found, [shown[one] for one in beside[point] if one in shown])
        for point, score in best
    ]


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


def _beside(point: str, found: Found) -> Sequence[str]:
    """Lines just before and after a line in its unit."""
    if (unit := found.unit.get(point)) is None:
        return ()
    place = unit.posts.index(point)
    return (*unit.posts[max(0, place - BESIDE) : place], *unit.posts[place + 1 : place + 1 + BESIDE])


def fits(hits: Sequence[Hit]) -> bool:
    """Whether the best of the results is at all likely to be what was meant."""
    return bool(hits) and hits[0].score >= FAIR


def _sparse(vector: SparseVector) -> Any:
    return {"indices": vector.indices, "values": vector.values} if vector.indices else None


def _rows(connection: Connection, ids: Sequence[str], narrow: Narrow, always: bool = False) -> dict[str, Any]:
    """Rows of posts and albums by id, with what a reader wants to see of them; of any time where ``always``."""
    if not ids:
        return {}
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
        {"ids": list(ids), "owners": [NOBODY, *narrow.owners]},
    ).all()
    begins, ends = (None, None) if always else (narrow.since, narrow.until)
    return {
        str(row.id): row
        for row in rows
        if (begins is None or row.posted_at >= begins) and (ends is None or row.posted_at < ends)
    }


def _whole(row: Any) -> str:
    return text_to_embed(
        TextParts(post=row.content or "", speech=row.spoken or "", vision=row.vision or "", ocr=row.ocr or "")
    )


def _hit(row: Any, score: float, query: str, found: Found, beside: Sequence[Any]) -> Hit:
    unit = found.unit.get(str(row.id))
    is_units = unit is not None and str(row.id) not in found.itself
    return Hit(
        unit.id if unit is not None and is_units else row.id,
        "conversation" if is_units else row.kind,
        score,
        row.posted_at,
        row.feed,
        row.title,
        snippet(_whole(row), query),
        list(row.tags or ()),
        row.link,
        row.telegram_message_id,
        unit.id if unit else None,
        tuple(
            Around(one.telegram_message_id, one.posted_at, one.author_name, snippet(_whole(one), query))
            for one in beside
        ),
    )
