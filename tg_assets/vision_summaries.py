"""Asset ``vision_summaries``: each picture described and read, once per content and model.

Results are kept as JSON in the object store by content, provider and model, so the same picture in another
message, or a rebuilt database, costs nothing. A picture that is not there or is refused is *settled* with its
reason: albums complete all the same.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import dagster as dg
import orjson
from pydantic import ValidationError
from sqlalchemy import Connection, text

from resources.object_store import ObjectStore
from resources.postgres import Postgres, temp_rows
from resources.vision import VisionResource
from tg_assets.engine import Chunk, Outcome, Stage
from tg_assets.events.vision import MediaFile, VisionAnalysis, VisionAnalyzedEventV1
from tg_assets.live import outbox
from tg_assets.materialize import Made, materialize, partitioned_asset
from tg_assets.scope import StageConfig
from tg_assets.vision.provider import PictureRefused, VisionProvider
from tg_assets.vision.result import VisionResult

SCHEMA_VERSION = 1
WORKERS = 2

# A picture is a photo, or a file or sticker whose type says image.
PICTURE = "(p.kind = 'photo' OR p.mime LIKE 'image/%')"

INPUTS = f"""
    SELECT m.id AS item_id, m.posted_at AS at, 0 AS tokens,
           md5(concat_ws('/', p.sha256, p.missing_reason, f.data)) AS input_hash
    FROM messages m JOIN post_media_map p ON p.post_id = m.id AND p.role = 'primary' AND p.position = 0
    LEFT JOIN message_facts f ON f.id = m.id AND f.kind = 'vision'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
      AND m.deleted_at IS NULL AND {PICTURE}
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one picture: a result, or why there is none."""

    post_id: UUID
    sha256: str | None
    result: VisionResult | None = None
    skipped: str | None = None
    failed: str | None = None
    told: bool = False
    """Whether an outside worker said so."""


def result_key(tenant: UUID, sha256: str, provider: VisionProvider) -> str:
    """Key of a stored result; the contract's form."""
    return f"vision/{tenant}/{sha256}_{provider.name}_{provider.model}_v{SCHEMA_VERSION}.json"


def _told(picture: Any) -> Seen | None:
    """What an outside worker said about the picture that the post has now."""
    said = picture.said or {}
    if not said or said.get("sha256") not in (None, picture.sha256):
        return None
    if "result" not in said:
        return Seen(picture.post_id, picture.sha256, skipped=said["skipped"], told=True)
    return Seen(picture.post_id, picture.sha256, VisionResult.model_validate(said["result"]), told=True)


def _describe(picture: Any, tenant: UUID, provider: VisionProvider, objects: ObjectStore) -> Seen:
    if picture.sha256 is None:
        return Seen(picture.post_id, None, skipped=picture.missing_reason)
    key = result_key(tenant, picture.sha256, provider)
    if (cached := objects.get(key)) is not None:
        try:
            result = VisionResult.model_validate_json(cached)
        except ValidationError:
            result = None  # written by an older schema: made anew below
        if result is not None and result.vision_version == provider.version:
            return Seen(picture.post_id, picture.sha256, result.model_copy(update={"analysis_reason": "cache_hit"}))
    data = objects.get(picture.s3_key)
    if data is None:
        return Seen(picture.post_id, picture.sha256, failed="its object is missing from the object store")
    try:
        result = provider.describe(data, picture.mime or "")
    except PictureRefused as refused:
        return Seen(picture.post_id, picture.sha256, skipped=f"refused: {refused.reason}")
    objects.put(key, result.model_dump_json().encode())
    return Seen(picture.post_id, picture.sha256, result)


ENRICHMENT = {"post_id": "uuid", "params_hash": "text", "data": "jsonb", "status": "text", "error": "text"}


def save_enrichment(connection: Connection, kind: str, provider: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Upsert enrichment rows, given as (post id, hash, JSON, status, error), in one statement."""
    temp_rows(connection, "enriched", ENRICHMENT, rows)
    connection.execute(
        text("""
            INSERT INTO post_enrichment (tenant_id, kind, provider, post_id, params_hash, data, status, error)
            SELECT current_tenant(), :kind, :provider, post_id, params_hash, data, status, error FROM enriched
            ON CONFLICT (tenant_id, post_id, kind) DO UPDATE SET
                provider = excluded.provider, params_hash = excluded.params_hash, data = excluded.data,
                status = excluded.status, error = excluded.error, updated_at = now()
        """),
        {"kind": kind, "provider": provider},
    )


def stage(provider: VisionProvider, objects: ObjectStore) -> Stage:
    """The stage, for one provider."""

    def work(chunk: Chunk) -> Outcome:
        pictures = chunk.connection.execute(
            text("""SELECT c.item_id AS post_id, p.sha256, p.missing_reason, o.s3_key, o.mime, f.data AS said
                    FROM chunk c JOIN post_media_map p ON p.post_id = c.item_id AND p.position = 0
                    LEFT JOIN media_objects o ON o.sha256 = p.sha256
                    LEFT JOIN message_facts f ON f.id = c.item_id AND f.kind = 'vision'""")
        ).all()
        told = {one.post_id: said for one in pictures if (said := _told(one)) is not None}
        first = {one.sha256: one for one in pictures if one.sha256 and one.post_id not in told}
        with ThreadPoolExecutor(WORKERS) as pool:  # one description per content, however many messages show it
            described = {
                seen.sha256: seen
                for seen in pool.map(lambda one: _describe(one, chunk.scope.tenant, provider, objects), first.values())
            }
        seen = [
            told.get(picture.post_id)
            or (
                replace(described[picture.sha256], post_id=picture.post_id)
                if picture.sha256
                else _describe(picture, chunk.scope.tenant, provider, objects)
            )
            for picture in pictures
        ]
        save_enrichment(chunk.connection, "vision", provider.name, map(_row, seen))
        _tell(chunk, [one for one in seen if one.result and not one.told])
        return Outcome(
            counts=Counter(_count(one) for one in seen),
            failed={one.post_id: one.failed for one in seen if one.failed},
            skipped={one.post_id: one.skipped for one in seen if one.skipped},
        )

    return Stage("vision_summaries", provider.version, INPUTS, work, chunk_size=32)


def _tell(chunk: Chunk, seen: Sequence[Seen]) -> None:
    """Put what was seen into the outbox."""
    found = chunk.connection.execute(
        text("""SELECT m.id, m.channel_id, m.telegram_message_id, c.tg_channel_id, c.source, c.owner_id, o.s3_key,
                       o.mime, o.size_bytes
                FROM chunk JOIN messages m ON m.id = chunk.item_id JOIN channels c ON c.id = m.channel_id
                JOIN post_media_map p ON p.post_id = m.id AND p.position = 0
                JOIN media_objects o ON o.sha256 = p.sha256""")
    )
    posts = {row.id: row for row in found}
    outbox.send(chunk.connection, (_event(chunk.scope.tenant, posts[one.post_id], one) for one in seen))


def _event(tenant: UUID, post: Any, seen: Seen) -> VisionAnalyzedEventV1:
    result = seen.result
    if result is None:
        raise ValueError("there is nothing to tell of a picture without a result")
    return VisionAnalyzedEventV1(
        tenant_id=str(tenant),
        post_id=str(post.id),
        channel_id=str(post.channel_id),
        tg_channel_id=post.tg_channel_id,
        source=post.source,
        owner_id=post.owner_id or None,
        telegram_message_id=post.telegram_message_id,
        media=[
            MediaFile(
                sha256=seen.sha256 or "",
                s3_key=post.s3_key,
                mime_type=post.mime,
                size_bytes=post.size_bytes,
                position=0,
            )
        ],
        vision=VisionAnalysis.model_validate(result.model_dump(mode="json")),
        vision_version=result.vision_version,
        features_hash=result.features_hash,
    )


def _row(seen: Seen) -> tuple[object, ...]:
    if seen.result is None:
        status = "error" if seen.failed else "skipped"
        return (
            seen.post_id,
            None,
            orjson.dumps({"sha256": seen.sha256}).decode(),
            status,
            seen.failed or seen.skipped,
        )
    data = seen.result.model_dump(mode="json") | {"sha256": seen.sha256}
    return seen.post_id, seen.result.features_hash, orjson.dumps(data).decode(), "ok", None


def _count(seen: Seen) -> str:
    return seen.result.classification if seen.result else "without a result"


@partitioned_asset(group="enrichment", kinds={"python", "tesseract"}, deps=["posts", "media_objects"], pool="vision")
def vision_summaries(
    context: dg.AssetExecutionContext,
    config: StageConfig,
    postgres: Postgres,
    objects: ObjectStore,
    vision: VisionResource,
) -> Made:
    """Kind, description, labels, colours and the text in each picture (Russian and English)."""
    return materialize(context, config, postgres, stage(vision.get(), objects))
