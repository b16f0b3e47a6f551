"""A stage of ``qdrant_points`` that is there with ``TG_CLIP``: a vector of each post's first picture.

A post without a picture that was looked at, and a deleted one, has none. What does not belong here: the model
(``vision.clip``), the collection (``stores.picture_vectors``).
"""

from datetime import UTC
from typing import Any

from sqlalchemy import text

from tg_assets.assets.tools import Tools
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.sandbox.provider import Refused
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.picture_vectors import CLIP, PictureVectors
from tg_assets.vision.clip import Clip
from tg_assets.vision.prepare import prepare

NAME = "qdrant_points.clip"
VERSION = "1"
LOST = "its object is missing from the object store, or is another file"

INPUTS = """
    SELECT m.id AS item_id, m.posted_at AS at, 0 AS tokens,
           md5(concat_ws('/', m.deleted_at, v.data->>'sha256', v.data->>'classification', c.feed, m.album_id,
                         t.params_hash)) AS input_hash
    FROM messages m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
      AND (m.has_media OR m.deleted_at IS NOT NULL)
"""
_POSTS = """
    SELECT m.id, m.tenant_id, m.channel_id, c.owner_id, c.feed, m.source, m.album_id, m.posted_at, m.deleted_at,
           v.data->>'classification' AS kind, t.data->'names' AS tags, o.sha256, o.s3_key, o.mime
    FROM chunk JOIN messages m ON m.id = chunk.item_id JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    LEFT JOIN media_objects o ON o.sha256 = v.data->>'sha256'
    ORDER BY o.sha256
"""


def stage(clip: Clip, vectors: PictureVectors, objects: ObjectStore) -> Stage:
    """The stage for a model and its collection; a content that several posts of a chunk show is looked at once."""

    def work(chunk: Chunk) -> Outcome:
        outcome, points, seen = Outcome(), list[dict[str, Any]](), dict[str, list[float]]()
        for row in chunk.connection.execute(text(_POSTS)):
            if row.deleted_at or row.kind is None or row.sha256 is None:
                outcome.skipped[row.id] = "deleted" if row.deleted_at else "no picture that was looked at"
                continue
            if row.sha256 not in seen:
                data = objects.media(row.s3_key, row.sha256)
                if data is None:
                    outcome.failed[row.id] = LOST
                    continue
                try:
                    seen[row.sha256] = clip.image(prepare(data, row.mime, 2 * clip.config.size, prints=False).jpeg)
                except Refused as refused:
                    outcome.skipped[row.id] = f"refused: {refused.reason}"
                    continue
            points.append(_point(row, seen[row.sha256]))
        vectors.create_collection(clip.config.dimension)
        with vectors.tenant(chunk.scope.tenant) as index:
            index.delete(list(outcome.skipped))
            index.upsert(points)
        outcome.counts["pictures"] = len(points)
        return outcome

    return Stage(NAME, f"{VERSION}/{clip.tag}", INPUTS, work, chunk_size=200)


def _point(row: Any, vector: list[float]) -> dict[str, Any]:
    payload = {
        "post_id": str(row.id),
        "tenant_id": str(row.tenant_id),
        "owner_id": row.owner_id,
        "channel_id": str(row.channel_id),
        "feed": row.feed,
        "source": row.source,
        "album_id": str(row.album_id) if row.album_id else None,
        "kind": "post",
        "tags": row.tags or [],
        "posted_at": row.posted_at.astimezone(UTC).isoformat(),
        "vision": {"classification": row.kind},
    }
    return {"id": str(row.id), "vector": {CLIP: vector}, "payload": payload}


def of(tools: Tools) -> tuple[Stage, ...]:
    """The stage where a model is chosen, else none."""
    if tools.settings.clip is None:
        return ()
    clip = Clip(tools.settings.clip)
    return (stage(clip, PictureVectors(tools.vectors, clip.tag), tools.objects),)
