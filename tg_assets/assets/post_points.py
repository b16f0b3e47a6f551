"""Points of posts and albums, a part of the asset ``qdrant_points``.

The text that is embedded joins the post, what is said in its voice note, its picture's description and the text in
the picture; who wrote it, where, from whom it was forwarded, what its files are called, and its picture in Russian and
English, are in the sparse vectors only (the points of a private chat are its owner's). A post without words has no
point, as a service message in which nobody wrote anything; a deleted one loses it. The point's id is the post's or the
album's. What does not belong here: when points are made, and of which version of the index.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.assets.media_groups import IN_WINDOW
from tg_assets.embedder import Embedder
from tg_assets.events.results import PostIndexedEventV1
from tg_assets.index.authors import author_keys
from tg_assets.index.document import Document, Given, analyse
from tg_assets.index.sparse import SparseVector
from tg_assets.index.text import TextParts
from tg_assets.landing import beside
from tg_assets.ledger import arrivals, outbox
from tg_assets.ledger.stage import Chunk, Outcome
from tg_assets.ledger.status import mark
from tg_assets.stores import word_counts
from tg_assets.stores.vectors import COLLECTION, DENSE, LEMMAS, TRIGRAMS
from tg_assets.vision.picture_words import picture_words
from tg_assets.workers import Workers

POSTS, ALBUMS = "qdrant_points", "qdrant_points.albums"
"""Names of their stages."""
VERSION = "4"
DELETED = "deleted"
"""Why what is deleted has no point."""
PART = 1000
"""Points that are written while the next ones are made."""
LEAST = 250
"""Documents that are worth sending to another process."""

POST_INPUTS = f"""
    SELECT m.id AS item_id, m.posted_at AS at, least(length(m.content), 2000) / 4 AS tokens,
           md5(concat_ws('/', m.content_hash, m.deleted_at, m.album_id, t.params_hash, v.params_hash, s.params_hash,
                         c.feed) || ROW(m.author_name, c.title, m.sender_username, m.sender_tg_id,
               {beside.OF_POST})::text) AS input_hash
    FROM messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
          AND (NOT m.is_service OR m.content <> '')
"""  # noqa: S608 - a constant
POST_ROWS = f"""
    SELECT m.id, m.tenant_id, m.channel_id, c.tg_channel_id, c.owner_id, c.feed, c.title, m.author_name, m.source,
           work.input_hash, m.album_id, m.telegram_message_id, m.sender_username, m.sender_tg_id,
           m.posted_at, m.deleted_at, m.content, t.data->'names' AS tags, t.data->>'lang' AS lang, v.data AS vision,
           s.data->>'text' AS spoken, 'post' AS kind, {beside.OF_POST} AS beside
    FROM chunk JOIN work USING (item_id) JOIN messages m ON m.id = chunk.item_id JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision' AND v.status = 'ok'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech' AND s.status = 'ok'
"""  # noqa: S608 - a constant
# Tags of an album are those of its posts.
_ALBUM_TAGS = """
    (SELECT jsonb_agg(DISTINCT name) FROM media_group_items i
     JOIN post_enrichment t ON t.post_id = i.post_id AND t.kind = 'tags'
     CROSS JOIN jsonb_array_elements_text(t.data->'names') AS name
     WHERE i.group_id = g.id AND i.deleted_at IS NULL)
"""
# The first message that is there: of a deleted one nobody knows who wrote it.
_FIRST = """
    LEFT JOIN LATERAL (SELECT post_id FROM media_group_items WHERE group_id = g.id AND deleted_at IS NULL
                       ORDER BY position LIMIT 1) i ON true
    LEFT JOIN messages m ON m.id = i.post_id
"""
ALBUM_INPUTS = f"""
    SELECT g.id AS item_id, g.posted_at AS at, 0 AS tokens,
           md5(ROW(g.content_hash, g.deleted_at, g.meta->'enrichment'->'vision_summary',
                   g.meta->'enrichment'->'vision_labels', g.meta->'enrichment'->'has_meme',
                   g.meta->'enrichment'->'ocr_text', {_ALBUM_TAGS}, c.feed, c.title, m.author_name,
                   m.sender_username, m.sender_tg_id, {beside.OF_ALBUM})::text) AS input_hash
    FROM media_groups g JOIN channels c ON c.id = g.channel_id
    {_FIRST}
    WHERE {IN_WINDOW}
"""  # noqa: S608 - a constant
ALBUM_ROWS = f"""
    SELECT g.id, g.tenant_id, g.channel_id, c.owner_id, c.feed, c.title, m.author_name, c.source, g.id AS album_id,
           m.telegram_message_id, m.sender_username, m.sender_tg_id, g.posted_at, g.deleted_at,
           g.caption_text AS content, {_ALBUM_TAGS} AS tags,
           NULL AS lang, NULL AS spoken, 'album' AS kind, {beside.OF_ALBUM} AS beside,
           jsonb_build_object('description', g.meta->'enrichment'->'vision_summary',
                              'labels', g.meta->'enrichment'->'vision_labels',
                              'is_meme', g.meta->'enrichment'->'has_meme',
                              'ocr', jsonb_build_object('text', g.meta->'enrichment'->'ocr_text')) AS vision
    FROM chunk JOIN media_groups g ON g.id = chunk.item_id JOIN channels c ON c.id = g.channel_id
    {_FIRST}
"""  # noqa: S608 - a constant


def _given(row: Any) -> Given:
    """What a post or album is indexed by; a deleted one has no words."""
    if row.deleted_at:
        return Given(TextParts())
    vision = row.vision or {}
    ocr = (vision.get("ocr") or {}).get("text") or ""
    parts = TextParts(
        post=row.content or "", speech=row.spoken or "", vision=vision.get("description") or "", ocr=ocr
    )  # fmt: skip
    picture = picture_words(vision)
    return Given(parts, row.author_name, row.title, row.lang, picture.shown_text, picture.manner_text, row.beside)


def points(kept: Sequence[tuple[Any, Document]], embedder: Embedder) -> Iterator[list[dict[str, Any]]]:
    """Points of posts or albums, a part at a time."""
    for first in range(0, len(kept), PART):
        part = kept[first : first + PART]
        dense: Iterable[Any] = embedder.encode([document.text for _, document in part])
        yield [_point(*both, vector, embedder.model_id) for both, vector in zip(part, dense, strict=True)]


def _point(row: Any, document: Document, dense: Any, model: str) -> dict[str, Any]:
    vectors = {DENSE: dense, LEMMAS: _sparse(document.lemmas), TRIGRAMS: _sparse(document.trigrams)}
    return {"id": str(row.id), "vector": vectors, "payload": _payload(row, document, model)}


def _sparse(vector: SparseVector) -> dict[str, Any]:
    return {"indices": vector.indices, "values": vector.values}


def _words(row: Any, document: Document) -> word_counts.Words:
    return word_counts.Words(row.id, row.channel_id, row.owner_id, document.lemmas.indices, document.trigrams.indices)


def _payload(row: Any, document: Document, model: str) -> dict[str, Any]:
    vision = row.vision or {}
    names = ("is_meme", "labels", "objects", "scene", "classification", "nsfw_score")
    return {
        "post_id": str(row.id) if row.kind == "post" else None,
        "tenant_id": str(row.tenant_id),
        "owner_id": row.owner_id,
        "channel_id": str(row.channel_id),
        "feed": row.feed,
        "source": row.source,
        "album_id": str(row.album_id) if row.album_id else None,
        "kind": row.kind,
        "tags": row.tags or [],
        "text_short": document.short,
        "telegram_message_id": row.telegram_message_id,
        "posted_at": row.posted_at.astimezone(UTC).isoformat(),
        "expires_at": None,
        "lang": document.lang,
        "author": author_keys(row.author_name, row.sender_username, row.sender_tg_id),
        "vision": {name: vision.get(name) for name in names} if row.vision else None,
        "embedding_model": model,
    }


def _event(row: Any, embedder: Embedder) -> PostIndexedEventV1:
    return PostIndexedEventV1(
        idempotency_key=f"{row.id}:indexed:{row.input_hash}",
        tenant_id=str(row.tenant_id),
        post_id=str(row.id),
        channel_id=str(row.channel_id),
        tg_channel_id=row.tg_channel_id,
        telegram_message_id=row.telegram_message_id,
        owner_id=row.owner_id or None,
        vector_id=str(row.id),
        indexed_at=datetime.now(UTC),
        embedding_provider=embedder.model_id,
        embedding_dim=embedder.dimension,
        qdrant_collection=COLLECTION,
        embedding_status="completed",
    )


def documents(
    select: str, connection: Connection, workers: Workers
) -> tuple[list[tuple[Any, Document]], dict[UUID, str]]:
    """Posts or albums of ``chunk``, as ``select`` gives them, with what the index has of them, and why others have no
    point."""
    rows = connection.execute(text(select)).all()
    kept: list[tuple[Any, Document]] = []
    skipped: dict[UUID, str] = {}
    for row, document in zip(rows, workers.map(analyse, [_given(row) for row in rows], least=LEAST), strict=True):
        if document is not None:
            kept.append((row, document))
        else:
            skipped[row.id] = DELETED if row.deleted_at else "no words to index"
    return kept, skipped


def count(
    chunk: Chunk, outcome: Outcome, kept: Sequence[tuple[Any, Document]], chats: Sequence[UUID], _: Embedder
) -> None:
    """Note what arrived, and count the words of what has points now (``stores.word_counts``)."""
    arrivals.note(chunk.connection, [row.id for row, _ in kept])
    words = [_words(*both) for both in kept]
    word_counts.move(chunk.connection, words, outcome.skipped, chats)


def count_and_tell(
    chunk: Chunk, outcome: Outcome, kept: Sequence[tuple[Any, Document]], chats: Sequence[UUID], embedder: Embedder
) -> None:
    """Note the status of posts and what arrived, tell those who listen, and count words."""
    mark(chunk.connection, "embedding_status", outcome)
    outbox.send(chunk.connection, (_event(row, embedder) for row, _ in kept))
    count(chunk, outcome, kept, chats, embedder)  # which takes the lock that is taken last
