"""Asset ``tags``: hashtags, names, key phrases, topic and language of each post, and what its picture adds.

A post is tagged again when its text or what is said in it changed, what its pictures show changed (``features_hash``;
``trigger: vision_retag``) or the tagger has a new version, and for no other reason: another ``vision_version`` that
sees the same changes nothing. The same input gives the same ``tags_hash``. A post about which a remote tagger has
nothing usable to say is settled with its hashtags; where the tagger is not to be had now, posts wait.
"""

import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import dagster as dg
from sqlalchemy import Connection, text

from resources.tagger import TenantTagger
from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.tools import Tools
from tg_assets.events.results import PostTaggedEventV1
from tg_assets.jsonb import jsonb
from tg_assets.ledger import outbox
from tg_assets.ledger.enrichment import enrichment_failed, save_enrichment
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.registry.channels import channels_of
from tg_assets.remote.errors import NotNow, ReplyUnusable
from tg_assets.scope import Scope
from tg_assets.tagging.tagger import Tagger
from tg_assets.tagging.tags import TagInput, TagResult, only_hashtags

INPUTS = """
    SELECT m.id AS item_id, m.posted_at AS at,
           octet_length(left(coalesce(m.content, ''), 2000)) / 4 + :tokens_per_post AS tokens,
           md5(concat_ws('/', m.content_hash, m.deleted_at, v.params_hash, s.params_hash)) AS input_hash
    FROM messages m LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
    WHERE m.channel_id = ANY(:channels) AND m.posted_at >= :since AND m.posted_at < :until
          AND (NOT m.is_service OR m.content <> '')
"""


POSTS = """
    SELECT m.id, m.channel_id, c.tg_channel_id, c.owner_id, m.telegram_message_id, m.content, m.deleted_at,
           v.params_hash AS features_hash, v.data->>'vision_version' AS vision_version,
           v.data->'ocr'->>'text' AS ocr, s.data->>'text' AS spoken,
           v.data->'labels' AS labels, t.data->>'features_hash' AS tagged_features,
           t.data->>'tags_hash' AS tagged_hash, t.post_id IS NOT NULL AS tagged
    FROM chunk JOIN messages m ON m.id = chunk.item_id JOIN channels c ON c.id = m.channel_id
    LEFT JOIN post_enrichment v ON v.post_id = m.id AND v.kind = 'vision'
    LEFT JOIN post_enrichment s ON s.post_id = m.id AND s.kind = 'speech'
    LEFT JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    ORDER BY m.posted_at, m.channel_id, m.telegram_message_id
"""


def stage(chosen: TenantTagger, *, rehearsed: bool = False) -> Stage:
    """The stage, for one tenant's tagger; in a rehearsal models elsewhere are not asked."""
    tagger = chosen.tagger

    def work(chunk: Chunk) -> Outcome:
        posts, started = chunk.connection.execute(text(POSTS)).all(), time.monotonic()
        outcome, spent_before = Outcome(), tagger.tokens
        try:
            results = _guessed(chosen, posts) if rehearsed else _tagged(tagger, [_input(post) for post in posts])
        except NotNow as not_now:
            outcome.spent = tagger.tokens - spent_before
            outcome.waiting = dict.fromkeys((post.id for post in posts), not_now.reason)
            return outcome
        outcome.spent = tagger.tokens - spent_before
        rows, events, retagged = [], [], Counter[str]()
        for post, result in zip(posts, results, strict=True):
            status, reason = "ok", None
            if isinstance(result, ReplyUnusable):  # what it had may be of another text
                status, reason = "skipped", result.reason
                outcome.skipped[post.id] = result.reason
                result = only_hashtags(_input(post))
            data = _data(tagger, post, result)
            if data["trigger"] == "vision_retag" or data["tags_hash"] != post.tagged_hash:
                events.append(_event(chunk, tagger, post, data))
            outcome.counts["tags"] += len(data["tags"])
            outcome.counts["tagged"] += bool(data["tags"])
            outcome.counts[data["trigger"]] += 1
            if data["trigger"] == "vision_retag":
                changed = str(data["tags_hash"] != post.tagged_hash).lower()
                outcome.tally.count("retagging_processed", changed=changed, outcome=status)
                retagged[changed] += 1
                if status == "skipped":
                    outcome.tally.count("retagging_skipped", reason="unusable_reply")
            rows.append((post.id, data["tags_hash"], jsonb(data), status, reason))
        save_enrichment(chunk.connection, "tags", tagger.name, rows)
        outbox.send(chunk.connection, events)
        for changed, count in retagged.items():
            seconds = (time.monotonic() - started) / len(posts)
            outcome.tally.observe("retagging_duration_seconds", seconds, count, changed=changed)
        return outcome

    return Stage(
        "tags",
        tagger.version,
        INPUTS,
        work,
        chunk_size=tagger.chunk_size,
        price=chosen.price,
        pace=chosen.pace,
        unmade=partial(enrichment_failed, kind="tags", provider=tagger.name),
        values={"tokens_per_post": tagger.tokens_per_post},
    )


def _input(post: Any) -> TagInput:
    """What a post is tagged from; a deleted one from nothing. What is said in it is its text as much as a caption."""
    if post.deleted_at:
        return TagInput()
    words = "\n".join(filter(None, (post.content, post.spoken)))
    return TagInput(words, None, post.ocr or "", tuple(post.labels or ()))


def _guessed(chosen: TenantTagger, posts: Sequence[Any]) -> Sequence[TagResult | ReplyUnusable]:
    """Tags of a rehearsal: real ones where they are made here and it matters whether they are what they were, else such
    as no post has."""
    results: dict[Any, TagResult | ReplyUnusable] = {
        post.id: only_hashtags(TagInput(_input(post).text, hashtags=(uuid4().hex,))) for post in posts
    }
    again = [post for post in posts if post.tagged] if chosen.price is None else []
    results |= zip((post.id for post in again), _tagged(chosen.tagger, [_input(post) for post in again]), strict=True)
    return [results[post.id] for post in posts]


def _tagged(tagger: Tagger, inputs: Sequence[TagInput]) -> list[TagResult | ReplyUnusable]:
    """Each post's tags, or why there are none: posts whose answer is unusable are asked about by halves, so that one
    post that a model declines to speak about does not cost its neighbours theirs."""
    try:
        return list(tagger.tag_all(inputs))
    except ReplyUnusable as unusable:
        if len(inputs) == 1:
            return [unusable]
    half = len(inputs) // 2
    return _tagged(tagger, inputs[:half]) + _tagged(tagger, inputs[half:])


def _event(chunk: Chunk, tagger: Tagger, post: Any, data: dict[str, Any]) -> PostTaggedEventV1:
    return PostTaggedEventV1(
        tenant_id=str(chunk.scope.tenant),
        post_id=str(post.id),
        channel_id=str(post.channel_id),
        tg_channel_id=post.tg_channel_id,
        telegram_message_id=post.telegram_message_id,
        owner_id=post.owner_id or None,
        tags=data["names"],
        tags_hash=data["tags_hash"],
        topics=[one["name"] for one in data["tags"] if one["origin"] == "topic"],
        provider=tagger.name,
        trigger=data["trigger"],
        vision_version=post.vision_version,
        metadata={"tags_version": data["tags_version"], "lang": data["lang"]},
    )


def _data(tagger: Tagger, post: Any, result: TagResult) -> dict[str, Any]:
    """The ``data`` of a tags row."""
    retag = post.tagged and post.tagged_features != post.features_hash
    return {
        "tags": [
            {"name": one.name, "confidence": round(one.confidence, 3), "origin": one.origin}
            | ({"type": one.type} if one.type else {})
            for one in result.tags
        ],
        "names": result.names,
        "lang": result.lang,
        "tags_hash": result.tags_hash,
        "features_hash": post.features_hash,
        "tags_version": tagger.version,
        "trigger": "vision_retag" if retag else "initial",
    }


def _top(connection: Connection, scope: Scope, _tools: Tools) -> dict[str, Any]:
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


def _stage(tools: Tools, tenant: str) -> Stage:
    return stage(tools.tagger(tenant), rehearsed=tools.is_rehearsed)


ASSET = Asset(
    name="tags",
    description="Tags of each post with confidence and origin; lemmas for Russian and English.",
    group="enrichment",
    kinds=frozenset({"python", "postgres"}),
    deps=("posts", "vision_summaries", "transcripts"),
    needs=("tagger", "embedder"),
    stages=lambda tools: (lambda scope: _stage(tools, scope.tenant_slug),),
    ledger=("tags",),
    shown=_top,
    live=Live(),
)
