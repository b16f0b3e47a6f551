"""Asset ``vision_summaries``: the pictures of each post described and read, once per content and model.

Results are kept as JSON in the object store by content, provider and model, so the same picture in another
message, or a rebuilt database, costs nothing. A picture that is not there, is refused or is not wanted is *settled*
with its reason: albums complete all the same. What a provider that is down, or whose budget is spent, was not asked
waits, and is asked by a later run.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from resources.vision import TenantVision
from tg_assets.assets import picture_looks
from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.checks import Rule
from tg_assets.assets.picture_metadata import pictures_shown
from tg_assets.events.vision import MediaFile, VisionAnalysis, VisionAnalyzedEventV1
from tg_assets.jsonb import jsonb
from tg_assets.keys import vision_key
from tg_assets.ledger import outbox
from tg_assets.ledger.deletion import keep_derived
from tg_assets.ledger.enrichment import LEFT_OVER, enrichment_failed, forget_enrichment, save_enrichment
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.metrics.catalogue import media_of
from tg_assets.metrics.tally import Tally
from tg_assets.stores.database import temp_rows
from tg_assets.stores.objects import ObjectStore
from tg_assets.vision.contents import Content, Described, Down, describe
from tg_assets.vision.policy import HAS_LOOKS, PICTURES
from tg_assets.vision.posts import Post
from tg_assets.vision.provider import VisionProvider
from tg_assets.vision.similar import SAME, Fingerprint, same

# A content that several posts show is looked at, and paid for, once.
INPUTS = f"""
    WITH wanted AS (
        SELECT id, channel_id, posted_at FROM messages
        WHERE channel_id = ANY(:channels) AND posted_at >= :since AND posted_at < :until AND deleted_at IS NULL
    )
    SELECT m.id AS item_id, m.posted_at AS at,
           count(*) FILTER (WHERE p.sha256 IS NOT NULL AND p.policy IS NULL AND p.nth = 1 AND NOT EXISTS (
               SELECT FROM pictures x WHERE (x.sha256, x.provider, x.model, x.vision_version)
                                          = (p.sha256, :provider, :model, :version)
           ))::int AS tokens,
           md5(concat(string_agg(concat_ws('/', p.sha256, p.missing_reason, p.policy), ',' ORDER BY p.position),
                      f.data)) AS input_hash
    FROM wanted m JOIN (
        SELECT s.*, row_number() OVER (PARTITION BY s.sha256, s.policy IS NULL ORDER BY s.post_id, s.position) AS nth
        FROM ({PICTURES}) s
    ) p ON p.post_id = m.id
    LEFT JOIN message_facts f ON f.id = m.id AND f.kind = 'vision'
    GROUP BY m.id, m.posted_at, f.data
    UNION ALL {LEFT_OVER.format(kind="vision", shown=HAS_LOOKS)}
"""  # noqa: S608 - constants


def stage(vision: TenantVision, objects: ObjectStore) -> Stage:
    """The stage, for one tenant's provider and policy; once the provider is down it is not asked again."""
    provider, down = vision.provider, Down()

    def work(chunk: Chunk) -> Outcome:
        posts = _posts(chunk, vision)
        contents = {
            one.sha256: Content(one.sha256, one.s3_key, one.mime or "")
            for post in posts
            if not post.told
            for one in post.pictures
            if one.sha256 and not one.policy
        }
        started = time.monotonic()
        described = describe(
            list(contents.values()),
            chunk.scope.tenant,
            provider,
            objects,
            down,
            lambda found: _twins(chunk.connection, provider, found),
        )
        seconds = time.monotonic() - started
        for post in posts:
            post.settle(described)
        settled = [post for post in posts if not post.waits]
        save_enrichment(chunk.connection, "vision", provider.name, map(_row, settled))
        forget_enrichment(chunk.connection, "vision", HAS_LOOKS)
        _remember(chunk.connection, chunk.scope.tenant, provider, described)
        _tell(chunk, [post for post in settled if post.result and not post.told])
        outcome = Outcome(counts=_counts(posts, described), spent=sum(one.tokens for one in described.values()))
        _count(outcome.tally, provider, posts, described, seconds)
        for post in posts:
            if post.waits:
                outcome.waiting[post.id] = post.waits
            elif any(one.again for one in post.described):
                outcome.failed[post.id] = post.failed or "failed"
            elif post.result is None:
                outcome.skipped[post.id] = post.reason or "no picture"
        return outcome

    return Stage(
        "vision_summaries",
        provider.version,
        INPUTS,
        work,
        chunk_size=500,
        chunk_tokens=32,
        price=vision.price,
        unit="pictures",
        tokens_per_unit=vision.tokens_per_picture,
        pace=vision.pace,
        unmade=partial(enrichment_failed, kind="vision", provider=provider.name),
        values={
            **vision.policy.values(),
            "provider": provider.name,
            "model": provider.model,
        },
    )


def _posts(chunk: Chunk, vision: TenantVision) -> list[Post]:
    rows = chunk.connection.execute(
        text(f"""WITH wanted AS (SELECT m.id, m.channel_id FROM chunk JOIN messages m ON m.id = chunk.item_id)
                 SELECT p.*, o.s3_key, coalesce(o.mime, p.mime) AS mime, f.data AS said
                 FROM ({PICTURES}) p LEFT JOIN media_objects o ON o.sha256 = p.sha256
                 LEFT JOIN message_facts f ON f.id = p.post_id AND f.kind = 'vision'
                 ORDER BY p.post_id, p.position"""),  # noqa: S608 - a constant
        vision.policy.values(),
    )
    posts: dict[UUID, Post] = {}
    for row in rows:
        posts.setdefault(row.post_id, Post(row.post_id, row.said or {})).pictures.append(row)
    return list(posts.values())


def _twins(connection: Connection, provider: VisionProvider, fingerprints: Mapping[str, Fingerprint]) -> dict[str, str]:
    """Of contents, those that look like one which has a result of this provider and version."""
    temp_rows(connection, "seen_looks", {"sha256": "text", "looks": "text"}, _bits(fingerprints))
    found = connection.execute(
        text("""SELECT s.sha256, p.sha256 AS twin, p.looks::text AS looks, p.thumbnail
                FROM seen_looks s JOIN pictures p ON bit_count(p.looks # s.looks::bit(256)) <= :near
                WHERE p.provider = :provider AND p.model = :model AND p.vision_version = :version
                ORDER BY s.sha256, bit_count(p.looks # s.looks::bit(256)) DESC, p.sha256"""),
        {"provider": provider.name, "model": provider.model, "version": provider.version, "near": SAME},
    )
    twins: dict[str, str] = {}
    for row in found:
        other = int(row.looks, 2).to_bytes(32), bytes(row.thumbnail)
        if same(fingerprints[row.sha256], other):
            twins[row.sha256] = row.twin  # the nearest comes last
    return twins


def _bits(fingerprints: Mapping[str, Fingerprint]) -> list[tuple[str, str]]:
    return [(sha256, f"{int.from_bytes(phash):0256b}") for sha256, (phash, _) in fingerprints.items()]


def _remember(
    connection: Connection, tenant: UUID, provider: VisionProvider, described: Mapping[str, Described]
) -> None:
    """Index the results that are in the object store now."""
    made = [sha256 for sha256, one in described.items() if one.result]
    keep_derived(connection, ((sha256, vision_key(tenant, sha256, provider)) for sha256 in made))
    rows = [
        (
            sha256,
            one.result.vision_version,
            f"{int.from_bytes(one.fingerprint[0]):0256b}" if one.fingerprint else None,
            one.fingerprint[1].hex() if one.fingerprint else None,
        )
        for sha256, one in described.items()
        if one.result
    ]
    columns = {"sha256": "text", "vision_version": "text", "looks": "text", "thumbnail": "text"}
    temp_rows(connection, "described", columns, rows)
    connection.execute(
        text("""INSERT INTO pictures AS p (tenant_id, sha256, provider, model, vision_version, looks, thumbnail)
                SELECT current_tenant(), sha256, :provider, :model, vision_version, looks::bit(256),
                       decode(thumbnail, 'hex') FROM described
                ON CONFLICT (tenant_id, sha256, provider, model) DO UPDATE SET
                    vision_version = excluded.vision_version, looks = coalesce(excluded.looks, p.looks),
                    thumbnail = coalesce(excluded.thumbnail, p.thumbnail), described_at = now()
                WHERE p.vision_version <> excluded.vision_version
                   OR (p.looks IS NULL AND excluded.looks IS NOT NULL)"""),
        {"provider": provider.name, "model": provider.model},
    )


def _counts(posts: Sequence[Post], described: Mapping[str, Described]) -> Counter[str]:
    counts = Counter(post.result.classification if post.result else "without a result" for post in posts)
    results = [one.result for one in described.values() if one.result]
    counts["pictures"] = sum(len(post.pictures) for post in posts)
    counts["cache_hits"] = sum(result.analysis_reason == "cache_hit" for result in results)
    counts["described"] = len(results) - counts["cache_hits"]
    return counts


def _count(
    tally: Tally, provider: VisionProvider, posts: Sequence[Post], described: Mapping[str, Described], seconds: float
) -> None:
    """Count pictures by what became of them, and the time per one that was looked at now."""
    for post in posts:
        for picture, one in zip(post.pictures, post.described, strict=False):
            done = "ok" if one.result else "waiting" if one.waiting else "failed" if one.failed else "skipped"
            media = media_of(picture.kind)
            tally.count("media_processing", stage="vision_summaries", media=media, outcome=done)
    new = [one.result for one in described.values() if one.result and one.result.analysis_reason != "cache_hit"]
    for result in new:
        has_ocr = str(bool(result.ocr_text)).lower()
        tally.observe("vision_analysis_duration_seconds", seconds / len(new), provider=provider.name, has_ocr=has_ocr)


def _tell(chunk: Chunk, posts: Sequence[Post]) -> None:
    """Put what was seen into the outbox."""
    found = chunk.connection.execute(
        text("""SELECT m.id, m.channel_id, m.telegram_message_id, c.tg_channel_id, c.source, c.owner_id
                FROM chunk JOIN messages m ON m.id = chunk.item_id JOIN channels c ON c.id = m.channel_id""")
    )
    messages = {row.id: row for row in found}
    files = chunk.connection.execute(
        text("""SELECT sha256, s3_key, mime, size_bytes FROM media_objects WHERE sha256 = ANY(:shown)"""),
        {"shown": [one.sha256 for post in posts for one in post.pictures if one.sha256]},
    )
    stored = {row.sha256: row for row in files}
    outbox.send(chunk.connection, (_event(chunk.scope.tenant, messages[post.id], post, stored) for post in posts))


def _event(tenant: UUID, message: Any, post: Post, stored: Mapping[str, Any]) -> VisionAnalyzedEventV1:
    result = post.result
    if result is None:
        raise ValueError("there is nothing to tell of a post without a result")
    seen = [
        (one, stored[one.sha256])
        for one, found in zip(post.pictures, post.described, strict=True)
        if found.result and one.sha256
    ]
    return VisionAnalyzedEventV1(
        tenant_id=str(tenant),
        post_id=str(message.id),
        channel_id=str(message.channel_id),
        tg_channel_id=message.tg_channel_id,
        source=message.source,
        owner_id=message.owner_id or None,
        telegram_message_id=message.telegram_message_id,
        media=[
            MediaFile(
                sha256=one.sha256, s3_key=file.s3_key, mime_type=file.mime, size_bytes=file.size_bytes,
                position=one.position,
            )
            for one, file in seen
        ],
        vision=VisionAnalysis.model_validate(result.model_dump(mode="json")),
        vision_version=result.vision_version,
        features_hash=result.features_hash,
    )  # fmt: skip


def _row(post: Post) -> tuple[object, ...]:
    """A row of ``post_enrichment``: the result, and of which pictures."""
    data: dict[str, Any] = post.result.model_dump(mode="json") if post.result else {}
    data["sha256"] = next((one.sha256 for one in post.pictures if one.sha256), None)
    if len(post.described) > 1:
        data["pictures"] = [
            {"sha256": one.sha256, "why": found.skipped or found.failed}
            for one, found in zip(post.pictures, post.described, strict=True)
        ]
    features = post.result.features_hash if post.result else None
    return post.id, features, jsonb(data), post.status, post.reason


ASSET = Asset(
    name="vision_summaries",
    description="Kind, description, labels, colours and the text in each picture (Russian and English).",
    group="enrichment",
    kinds=frozenset({"python", "tesseract"}),
    deps=("posts", "media_objects"),
    needs=("objects", "vision"),
    pool="vision",
    stages=lambda tools: (
        lambda scope: stage(tools.vision(scope.tenant_slug), tools.objects),
        lambda scope: picture_looks.of(tools, scope),
    ),
    ledger=("vision_summaries", picture_looks.NAME),
    shown=pictures_shown,
    live=Live(per_round=16, whole=True),
    checks=(
        Rule(
            "vision_summaries",
            "no_picture_waits",
            "No picture waits for a provider that is down or over its budget.",
            "SELECT count(*) FROM derivations WHERE status = 'waiting' AND stage = 'vision_summaries'",
            "posts wait for their pictures",
        ),
    ),
)
