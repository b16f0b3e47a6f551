"""Asset ``album_summaries``: one summary per album out of its items' descriptions and texts.

An album is summarised when every item is settled: described, skipped with a reason, failed for good, deleted, or
without a picture at all. Until then it waits, and a late result makes it stale again. A file that is still on its way
from Telegram is waited for, too, but not for longer than an hour.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from tg_assets.albums.assemble import Album, AlbumItem, assemble
from tg_assets.albums.progress import Progress, show
from tg_assets.albums.summary import (
    STRATEGIES,
    AlbumIdentity,
    AlbumSummary,
    Analysed,
    Settled,
    is_complete,
    results_of,
    summarise,
)
from tg_assets.albums.summary import (
    Outcome as Seen,
)
from tg_assets.albums.written import Writer
from tg_assets.assets.asset import Asset, Live
from tg_assets.assets.media_groups import IN_WINDOW
from tg_assets.assets.picture_metadata import contact_sheet_of
from tg_assets.assets.tools import Tools
from tg_assets.events.albums import AlbumAssembledEventV1
from tg_assets.events.content import digest
from tg_assets.events.media_list import NOT_STORED
from tg_assets.jsonb import jsonb
from tg_assets.keys import album_key
from tg_assets.ledger import outbox
from tg_assets.ledger.deletion import forget_summaries
from tg_assets.ledger.moved import move_summaries
from tg_assets.ledger.stage import Chunk, Outcome, Stage
from tg_assets.metrics.tally import Tally
from tg_assets.partitions import window_sql
from tg_assets.remote.errors import NotNow, ReplyUnusable
from tg_assets.stores.database import temp_rows
from tg_assets.stores.objects import ObjectStore
from tg_assets.vision.policy import HAS_LOOKS
from tg_assets.vision.result import VisionResult

if TYPE_CHECKING:
    from redis import Redis as RedisClient

# Whether a file is still on its way to an item of an album that came lately, and by no clock that was set back since.
_COMING = f"""
    (e.error = '{NOT_STORED}' AND EXISTS (
        SELECT FROM telegram_messages t WHERE t.id = i.post_id
           AND t.received_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour'))
"""

INPUTS = f"""
    SELECT g.id AS item_id, g.posted_at AS at, 1 AS tokens,
           md5(concat_ws('/', g.content_hash, g.deleted_at,
               (SELECT string_agg(concat_ws(':', e.params_hash, e.status, {_COMING}), ',' ORDER BY i.position)
                FROM media_group_items i JOIN post_enrichment e ON e.post_id = i.post_id AND e.kind = 'vision'
                WHERE i.group_id = g.id))) AS input_hash
    FROM media_groups g
    WHERE {IN_WINDOW}
"""  # noqa: S608 - constants


# Partitions of albums that were last looked at while a file was on its way, for which the hour is over.
_OVERDUE = """
    INSERT INTO dirty (tenant_id, feed, date)
    SELECT DISTINCT current_tenant(), c.feed, {window}
    FROM derivations d JOIN media_groups g ON g.id = d.item_id JOIN channels c ON c.id = g.channel_id
    WHERE d.stage = 'album_summaries' AND d.status = 'skipped' AND EXISTS (
        SELECT FROM media_group_items i JOIN telegram_messages t ON t.id = i.post_id
        JOIN post_enrichment e ON e.post_id = i.post_id AND e.kind = 'vision' AND e.error = :missing
        WHERE i.group_id = g.id AND i.deleted_at IS NULL AND t.received_at <= now() - interval '1 hour'
          AND d.made_at BETWEEN t.received_at AND t.received_at + interval '1 hour')
"""


def mark_overdue(connection: Connection) -> None:
    """Mark partitions of albums that wait no more for files, inside a tenant's transaction."""
    connection.execute(text(_OVERDUE.format(window=window_sql("d.at"))), {"missing": NOT_STORED})


WRITTEN = "model-written"


def _items(chunk: Chunk) -> dict[UUID, list[Any]]:
    rows = chunk.connection.execute(
        text(f"""
            SELECT g.id AS album_id, g.grouped_id, g.channel_id, g.album_kind, g.posted_at AS album_posted_at,
                   c.tg_channel_id, c.source, c.owner_id, i.post_id, i.media_kind,
                   i.media_sha256, i.deleted_at, m.telegram_message_id, m.content, m.posted_at,
                   EXISTS (SELECT FROM post_media_map p
                           WHERE p.post_id = i.post_id AND {HAS_LOOKS}) AS has_picture,
                   coalesce({_COMING}, false) AS is_coming, e.status, e.data, e.error, e.updated_at
            FROM chunk JOIN media_groups g ON g.id = chunk.item_id JOIN channels c ON c.id = g.channel_id
            JOIN media_group_items i ON i.group_id = g.id
            JOIN messages m ON m.id = i.post_id
            LEFT JOIN post_enrichment e ON e.post_id = i.post_id AND e.kind = 'vision'
            ORDER BY g.id, i.position
        """)  # noqa: S608 - a constant
    )
    albums: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        albums[row.album_id].append(row)
    return albums


def _outcome_of(row: Any) -> Analysed | Settled | None:
    """What is known of an item's picture; None while it waits."""
    if not row.has_picture:
        return Settled("no picture")
    if row.is_coming:
        return None
    if row.status in ("ok", "partial"):
        return Analysed(VisionResult.model_validate(row.data), row.updated_at)
    return None if row.status is None else Settled(row.error or row.status, row.updated_at)


def _event(tenant: UUID, rows: list[Any], summary: AlbumSummary) -> AlbumAssembledEventV1:
    """What is told of an album; its key names the content, so an album that changed is told of again."""
    first = rows[0]
    said = summary.model_dump(mode="json", exclude={"assembly_completed_at", "assembly_lag_seconds"})
    return AlbumAssembledEventV1(
        idempotency_key=f"{tenant}:{first.channel_id}:{first.grouped_id}:assembled:{digest(said)}",
        tenant_id=str(tenant),
        channel_id=str(first.channel_id),
        tg_channel_id=first.tg_channel_id,
        source=first.source,
        owner_id=first.owner_id or None,
        album_id=str(first.album_id),
        grouped_id=first.grouped_id,
        album_kind=first.album_kind,
        items_count=summary.items_count,
        items_analyzed=summary.items_analyzed,
        posted_at=first.album_posted_at,
        telegram_message_ids=[row.telegram_message_id for row in rows if row.deleted_at is None],
        vision_summary=summary.vision_summary,
        vision_labels=summary.vision_labels,
        vision_ocr_text=summary.ocr_text,
        has_meme=summary.has_meme,
        has_text=summary.has_text,
        s3_key=album_key(tenant, first.album_id),
        first_analyzed_at=summary.first_analyzed_at,
        last_analyzed_at=summary.last_analyzed_at,
        assembly_completed_at=summary.assembly_completed_at,
        assembly_lag_seconds=summary.assembly_lag_seconds,
    )


@dataclass(slots=True)
class _Made:
    """What a chunk came to."""

    summaries: list[tuple[object, ...]] = field(default_factory=list)
    events: list[AlbumAssembledEventV1] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)


def stage(
    objects: ObjectStore,
    redis: "RedisClient | None" = None,
    strategy: str = "weighted",
    writer: Writer | None = None,
) -> Stage:
    """The stage, writing summaries to one store; ``redis`` shows people how far albums are.

    With a ``writer`` its descriptions are the albums'; where it has nothing usable to say, the strategy's.
    """

    def work(chunk: Chunk) -> Outcome:
        result, made = Outcome(), _Made()
        spent_before = writer.tokens if writer else 0
        albums = _items(chunk)
        # An album that has no items any more is in the chunk because it was dissolved.
        forgotten: set[object] = set(chunk.connection.execute(text("SELECT item_id FROM chunk")).scalars()) - set(
            albums
        )
        for album_id, rows in albums.items():
            live = [row for row in rows if row.deleted_at is None]
            if not live:
                result.skipped[album_id] = "all its messages are deleted"
                forgotten.add(album_id)
                continue
            album = assemble([_item(row) for row in rows])
            outcomes = {row.telegram_message_id: outcome for row in live if (outcome := _outcome_of(row)) is not None}
            complete = is_complete(album, outcomes)
            made.progress.append(_progress(chunk.scope.tenant, live, outcomes, complete))
            if len(live) < len(rows):  # what was said of the others must not stay until there is a new summary
                forgotten.add(album_id)
            if not complete:
                result.skipped[album_id] = f"waits for {len(live) - len(outcomes)} of {len(live)} pictures"
                continue
            seen = results_of(album, outcomes)
            told = {name: describe(seen) for name, describe in STRATEGIES.items()}
            if writer is not None:
                try:
                    told[WRITTEN] = writer.write(seen)
                except NotNow as later:
                    result.waiting[album_id] = str(later)
                    continue
                except ReplyUnusable:
                    result.counts["not written"] += 1
            summary = _summary(chunk.scope.tenant, rows[0], album, outcomes, told.get(WRITTEN) or told[strategy])
            dumped = orjson.dumps(summary.model_dump(mode="json"))
            objects.put(album_key(chunk.scope.tenant, album_id), dumped)
            made.summaries.append((album_id, dumped.decode(), jsonb(told)))
            result.tally.observe("album_vision_summary_size_bytes", len(dumped))
            if summary.assembly_lag_seconds is not None:
                result.tally.observe("album_assembly_lag_seconds", summary.assembly_lag_seconds)
            made.events.append(_event(chunk.scope.tenant, rows, summary))
        forgotten -= {row[0] for row in made.summaries}
        forget_summaries(chunk.connection, objects, chunk.scope.tenant, forgotten)
        _save(chunk, made)
        result.counts["summaries"] = len(made.summaries)
        result.spent = writer.tokens - spent_before if writer else 0
        if redis is not None and not show(redis, made.progress):
            result.counts["progress not shown"] = len(made.progress)
        return result

    # Albums whose ids were replaced get their summaries under the keys of their ids.
    move = partial(move_summaries, objects=objects)
    version = f"2/{strategy}" + (f"+{writer.version}" if writer else "")
    if writer is None:
        return Stage("album_summaries", version, INPUTS, work, chunk_size=500, counted=_counted, after=move)
    return Stage(
        "album_summaries", version, INPUTS, work, chunk_size=20, price=writer.price,
        tokens_per_unit=writer.tokens_per_album, counted=_counted, after=move,
    )  # fmt: skip


def _counted(tally: Tally, settled: Mapping[str, int], seconds: float) -> None:
    for status, count in settled.items():
        tally.count("albums_assembled", count, status=status)
    if settled["ok"]:
        tally.observe("album_aggregation_duration_ms", 1000 * seconds / sum(settled.values()), settled["ok"])


def _save(chunk: Chunk, made: _Made) -> None:
    temp_rows(chunk.connection, "summaries", {"id": "uuid", "summary": "jsonb", "strategies": "jsonb"}, made.summaries)
    chunk.connection.execute(
        text("""UPDATE media_groups g
                SET meta = g.meta || jsonb_build_object('enrichment', s.summary, 'strategies', s.strategies)
                FROM summaries s WHERE g.id = s.id""")
    )
    outbox.send(chunk.connection, made.events)


def _item(row: Any) -> AlbumItem:
    return AlbumItem(
        row.telegram_message_id, row.media_kind, row.media_sha256, row.content, row.posted_at,
        row.deleted_at is not None,
    )  # fmt: skip


def _summary(
    tenant: UUID, first: Any, album: Album, outcomes: Mapping[int, Seen], description: str | None
) -> AlbumSummary:
    identity = AlbumIdentity(str(first.album_id), first.grouped_id, str(tenant), str(first.channel_id))
    return summarise(identity, album, outcomes, description)


def _progress(tenant: UUID, live: list[Any], outcomes: Mapping[int, Seen], complete: bool) -> Progress:
    analysed = {number: one for number, one in outcomes.items() if isinstance(one, Analysed)}
    moments = [one.at for one in analysed.values()]
    return Progress(
        album_id=str(live[0].album_id),
        grouped_id=live[0].grouped_id,
        channel_id=str(live[0].channel_id),
        tenant_id=str(tenant),
        items_count=len(live),
        post_ids=[str(row.post_id) for row in live],
        items_analyzed=[str(row.post_id) for row in live if row.telegram_message_id in analysed],
        items_settled=[str(row.post_id) for row in live if row.telegram_message_id in outcomes],
        first_analyzed_at=min(moments, default=None),
        last_analyzed_at=max(moments, default=None),
        status="assembled" if complete else "waiting",
    )


def _stage(tools: Tools, tenant: str) -> Stage:
    redis = None if tools.is_rehearsed else tools.redis
    return stage(tools.objects, redis, tools.settings.album_summary, tools.vision(tenant).writer)


ASSET = Asset(
    name="album_summaries",
    description="One summary per album: description, labels, text in its pictures.",
    group="enrichment",
    kinds=frozenset({"python", "s3"}),
    deps=("media_groups", "vision_summaries"),
    needs=("objects", "redis", "vision"),
    stages=lambda tools: (lambda scope: _stage(tools, scope.tenant_slug),),
    ledger=("album_summaries",),
    pictures=contact_sheet_of,
    live=Live(per_round=16, whole=True),
)
