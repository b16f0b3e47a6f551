"""Points of units of conversations, a part of the asset ``qdrant_points``.

The point's id is the unit's. Its dense vector is the mean of its lines', which are cached: a call of the model
for all the words once more finds no better. Its sparse vectors are those of all its words, with the names of who spoke.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.conversations import rows
from tg_assets.embedder import Embedder
from tg_assets.index.conversation import Line, Talk, TalkDocument, analyse_talks
from tg_assets.index.text import TextParts
from tg_assets.ledger.stage import Chunk, Outcome
from tg_assets.stores import word_counts
from tg_assets.stores.vectors import DENSE, LEMMAS, TRIGRAMS
from tg_assets.workers import Workers

NAME = "qdrant_points.conversations"
VERSION = "1"
PART = 200
"""Points that are written while the next ones are made."""
LEAST = 50
"""Units that are worth sending to another process."""

# A thread belongs to every partition that it reaches: that is where its messages change.
INPUTS = """
    SELECT u.id AS item_id, u.posted_at AS at, 0 AS tokens,
           md5(concat_ws('/', u.content_hash, u.deleted_at) || ROW(c.feed, c.title)::text) AS input_hash
    FROM conversations u JOIN channels c ON c.id = u.channel_id
    WHERE u.channel_id = ANY(:channels) AND u.posted_at < :until AND u.reaches >= :since
"""
UNITS = """
    SELECT u.id, u.tenant_id, u.channel_id, c.owner_id, c.feed, c.title, c.source, u.posted_at, u.first_message_id,
           u.last_message_id
    FROM chunk JOIN conversations u ON u.id = chunk.item_id JOIN channels c ON c.id = u.channel_id
    WHERE u.deleted_at IS NULL
"""
LINES = """
    SELECT u.id AS unit, m.content, m.author_name,
           v.data->>'description' AS vision, v.data->'ocr'->>'text' AS ocr, s.data->>'text' AS spoken
    FROM chunk JOIN conversations u ON u.id = chunk.item_id
    CROSS JOIN LATERAL unnest(u.posts) WITH ORDINALITY AS p (id, place)
    JOIN messages m ON m.id = p.id AND m.deleted_at IS NULL
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision' AND v.status = 'ok'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech' AND s.status = 'ok'
    ORDER BY u.id, p.place
"""


def _lines(connection: Connection) -> dict[UUID, list[Any]]:
    found = connection.execute(text(LINES))
    return {unit: list(lines) for unit, lines in groupby(found, key=lambda row: row.unit)}


def _parts(line: Any) -> TextParts:
    return TextParts(post=line.content or "", speech=line.spoken or "", vision=line.vision or "", ocr=line.ocr or "")


def _talk(row: Any, lines: Sequence[Any]) -> Talk:
    return Talk(tuple(Line(_parts(line), line.author_name) for line in lines), row.title)


def points(kept: Sequence[tuple[Any, TalkDocument]], embedder: Embedder) -> Iterator[list[dict[str, Any]]]:
    """Points of units, a part at a time."""
    import numpy as np

    for first in range(0, len(kept), PART):
        part = kept[first : first + PART]
        vectors = embedder.encode([said for _, document in part for said in document.texts])
        begins = np.cumsum([0, *(len(document.texts) for _, document in part)])[:-1]
        sums = np.add.reduceat(vectors, begins, axis=0)
        dense = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).astype(np.float32)
        yield [_point(*one, vector, embedder.model_id) for one, vector in zip(part, dense, strict=True)]


def _point(row: Any, document: TalkDocument, dense: Any, model: str) -> dict[str, Any]:
    sparse = {
        name: {"indices": vector.indices, "values": vector.values}
        for name, vector in ((LEMMAS, document.lemmas), (TRIGRAMS, document.trigrams))
    }
    return {"id": str(row.id), "vector": {DENSE: dense, **sparse}, "payload": _payload(row, document, model)}


def _payload(row: Any, document: TalkDocument, model: str) -> dict[str, Any]:
    return {
        "post_id": None,
        "conversation_id": str(row.id),
        "tenant_id": str(row.tenant_id),
        "owner_id": row.owner_id,
        "channel_id": str(row.channel_id),
        "feed": row.feed,
        "source": row.source,
        "album_id": None,
        "kind": "conversation",
        "tags": [],
        "text_short": document.short,
        "telegram_message_id": row.first_message_id,
        "first_message_id": row.first_message_id,
        "last_message_id": row.last_message_id,
        "posted_at": row.posted_at.astimezone(UTC).isoformat(),
        "expires_at": None,
        "lang": document.lang,
        "vision": None,
        "embedding_model": model,
    }


def documents(connection: Connection, workers: Workers) -> tuple[list[tuple[Any, TalkDocument]], dict[UUID, str]]:
    """Units of ``chunk`` with what the index has of them, and why others have no point."""
    units = connection.execute(text(UNITS)).all()
    lines = _lines(connection)
    made = workers.map(analyse_talks, [_talk(row, lines.get(row.id, ())) for row in units], least=LEAST)
    kept = [(row, document) for row, document in zip(units, made, strict=True) if document is not None]
    with_point = {row.id for row, _ in kept}
    items = connection.execute(text("SELECT item_id FROM chunk")).scalars()
    return kept, {item: "no conversation any more" for item in items if item not in with_point}


def after(
    chunk: Chunk, _outcome: Outcome, _kept: Sequence[tuple[Any, TalkDocument]], chats: Sequence[UUID], _model: Embedder
) -> None:
    """Forget the units that are no more, now that they have no point.

    Words of units are not counted, but with a chat that was replaced points of posts went whose words were.
    """
    rows.forget(chunk.connection)
    word_counts.move(chunk.connection, (), gone_chats=chats)
