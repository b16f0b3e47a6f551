"""Asset checks: statements about the data that must hold, measured from the data.

Each looks at every tenant in turn (row security shows one at a time) and names counts, never contents.
"""

from collections.abc import Iterator

import dagster as dg
from sqlalchemy import text

from resources.postgres import Postgres
from tg_assets import ids
from tg_assets.tenants import known_feeds, tenant_slugs

# Assets whose work the ledger records, with their stages.
STAGES = {
    "posts": ("posts",),
    "media_objects": ("media_objects",),
    "media_groups": ("media_groups",),
    "vision_summaries": ("vision_summaries",),
    "album_summaries": ("album_summaries",),
    "transcripts": ("transcripts",),
    "tags": ("tags",),
    "qdrant_points": ("qdrant_points", "qdrant_points.albums"),
    "neo4j_nodes": ("neo4j_nodes", "neo4j_nodes.albums"),
    "feed_statistics": ("feed_statistics",),
}


def _per_tenant(
    context: dg.AssetCheckExecutionContext, postgres: Postgres, statement: str, **values: object
) -> Iterator[tuple[str, int]]:
    for slug in tenant_slugs(known_feeds(context.instance)):
        with postgres.tenant(ids.tenant_id(slug)) as session, session.transaction() as connection:
            yield slug, int(connection.execute(text(statement), values).scalar_one())


def _result(counts: dict[str, int], what: str) -> dg.AssetCheckResult:
    total = sum(counts.values())
    return dg.AssetCheckResult(
        passed=total == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{total:,} {what}" if total else f"no {what}",
        metadata={"count": total, **{f"tenant/{slug}": count for slug, count in counts.items() if count}},
    )


def _nothing_failed(asset: str, stages: tuple[str, ...]) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name="nothing_failed", description="No item of this asset failed when last worked on.")
    def check(context: dg.AssetCheckExecutionContext, postgres: Postgres) -> dg.AssetCheckResult:
        statement = "SELECT count(*) FROM derivations WHERE status = 'error' AND stage = ANY(:stages)"
        return _result(dict(_per_tenant(context, postgres, statement, stages=list(stages))), "items failed")

    return check


@dg.asset_check(
    asset="vision_summaries", description="No picture waits for a provider that is down or over its budget."
)
def no_picture_waits(context: dg.AssetCheckExecutionContext, postgres: Postgres) -> dg.AssetCheckResult:
    """Posts whose pictures could not be looked at yet."""
    statement = "SELECT count(*) FROM derivations WHERE status = 'waiting' AND stage = 'vision_summaries'"
    return _result(dict(_per_tenant(context, postgres, statement)), "posts wait for their pictures")


@dg.asset_check(asset="posts", description="Every raw message inside the partitions became a row of messages.")
def every_message_is_parsed(context: dg.AssetCheckExecutionContext, postgres: Postgres) -> dg.AssetCheckResult:
    """Raw messages that the ledger has as parsed but that have no row."""
    statement = """
        SELECT count(*) FROM derivations d
        WHERE d.stage = 'posts' AND d.status = 'ok' AND NOT EXISTS (SELECT FROM messages m WHERE m.id = d.item_id)
    """
    return _result(dict(_per_tenant(context, postgres, statement)), "parsed messages without a row")


@dg.asset_check(asset="media_groups", description="items_count of each album is the number of its live items.")
def album_counts_are_true(context: dg.AssetCheckExecutionContext, postgres: Postgres) -> dg.AssetCheckResult:
    """Albums whose stored count differs from a count."""
    statement = """
        SELECT count(*) FROM media_groups g WHERE g.items_count <> (
            SELECT count(*) FROM media_group_items i WHERE i.group_id = g.id AND i.deleted_at IS NULL)
    """
    return _result(dict(_per_tenant(context, postgres, statement)), "albums with a wrong count")


ALL = [
    *(_nothing_failed(asset, stages) for asset, stages in STAGES.items()),
    no_picture_waits,
    every_message_is_parsed,
    album_counts_are_true,
]
