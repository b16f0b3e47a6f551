"""Asset ``tags``: hashtags, key phrases and language of each post, and what its picture adds.

A post is tagged again when its text changed, its vision result changed (``trigger: vision_retag``) or the
tagger has a new version; the same input gives the same ``tags_hash``.
"""

from typing import Any

import dagster as dg
import orjson
from sqlalchemy import Connection, text

from resources.postgres import Postgres
from tg_assets.channels import channels_of
from tg_assets.engine import Chunk, Outcome, Stage
from tg_assets.events.results import PostTaggedEventV1
from tg_assets.live import outbox
from tg_assets.materialize import Made, materialize, partitioned_asset
from tg_assets.scope import Scope, StageConfig
from tg_assets.tagging.tags import TAGGER_VERSION, TagInput, tag
from tg_assets.vision_summaries import save_enrichment

INPUTS = """
    SELECT m.id AS item_id, m.posted_at AS at, length(m.content) / 4 AS tokens,
           md5(concat_ws('/', m.content_hash, m.deleted_at, v.params_hash)) AS input_hash
    FROM messages m LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until AND NOT m.is_service
"""


def _work(chunk: Chunk) -> Outcome:
    posts = chunk.connection.execute(
        text("""
            SELECT m.id, m.channel_id, c.tg_channel_id, c.owner_id, m.telegram_message_id, m.content, m.deleted_at,
                   v.params_hash AS features_hash, v.data->>'vision_version' AS vision_version,
                   v.data->'ocr'->>'text' AS ocr,
                   v.data->'labels' AS labels, t.data->>'features_hash' AS tagged_features,
                   t.data->>'tags_hash' AS tagged_hash, t.post_id IS NOT NULL AS tagged
            FROM chunk JOIN messages m ON m.id = chunk.item_id JOIN channels c ON c.id = m.channel_id
            LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
            LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
        """)
    ).all()
    outcome = Outcome()
    rows, events = [], []
    for post in posts:
        data = _tagged(post)
        if data["trigger"] == "vision_retag" or data["tags_hash"] != post.tagged_hash:
            events.append(_event(chunk, post, data))
        outcome.counts["tags"] += len(data["tags"])
        outcome.counts["tagged"] += bool(data["tags"])
        outcome.counts[data["trigger"]] += 1
        rows.append((post.id, data["tags_hash"], orjson.dumps(data).decode(), "ok", None))
    save_enrichment(chunk.connection, "tags", "local", rows)
    outbox.send(chunk.connection, events)
    return outcome


def _event(chunk: Chunk, post: Any, data: dict[str, Any]) -> PostTaggedEventV1:
    return PostTaggedEventV1(
        tenant_id=str(chunk.scope.tenant),
        post_id=str(post.id),
        channel_id=str(post.channel_id),
        tg_channel_id=post.tg_channel_id,
        telegram_message_id=post.telegram_message_id,
        owner_id=post.owner_id or None,
        tags=data["names"],
        tags_hash=data["tags_hash"],
        provider="local",
        trigger=data["trigger"],
        vision_version=post.vision_version,
        metadata={"tags_version": data["tags_version"], "lang": data["lang"]},
    )


def _tagged(post: Any) -> dict[str, Any]:
    """The ``data`` of a tags row; a deleted post has none."""
    given = TagInput() if post.deleted_at else TagInput(post.content, None, post.ocr or "", tuple(post.labels or ()))
    result = tag(given)
    retag = post.tagged and post.tagged_features != post.features_hash
    return {
        "tags": [
            {"name": one.name, "confidence": round(one.confidence, 3), "origin": one.origin} for one in result.tags
        ],
        "names": result.names,
        "lang": result.lang,
        "tags_hash": result.tags_hash,
        "features_hash": post.features_hash,
        "tags_version": TAGGER_VERSION,
        "trigger": "vision_retag" if retag else "initial",
    }


STAGE = Stage("tags", TAGGER_VERSION, INPUTS, _work, chunk_size=2000)


def _top(connection: Connection, scope: Scope) -> dict[str, Any]:
    rows = connection.execute(
        text("""
            SELECT name, count(*) FROM messages m
            JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
            CROSS JOIN jsonb_array_elements_text(t.data->'names') AS name
            WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
            GROUP BY name ORDER BY count(*) DESC, name LIMIT 20
        """),
        {"channels": channels_of(connection, scope), "since": scope.since, "until": scope.until},
    ).all()
    table = [dg.TableRecord({"tag": name, "posts": count}) for name, count in rows]
    return {"top_tags": dg.MetadataValue.table(table)} if table else {}


@partitioned_asset(group="enrichment", kinds={"python", "postgres"}, deps=["posts", "vision_summaries"])
def tags(context: dg.AssetExecutionContext, config: StageConfig, postgres: Postgres) -> Made:
    """Tags of each post with confidence and origin; lemmas for Russian and English."""
    return materialize(context, config, postgres, STAGE, extra=_top)
