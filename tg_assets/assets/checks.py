"""Asset checks: statements about the data that must hold, measured from the data.

Each looks at every tenant in turn (row security shows one at a time) and names counts, never contents. They are
evaluated by runs that materialize their asset, and by the sensor ``evaluate_checks`` for what came in otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
from sqlalchemy import text

from resources.postgres import Postgres, TenantConnection
from tg_assets import ids
from tg_assets.registry.tenants import known_feeds, tenant_slugs

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


@dataclass(frozen=True, slots=True)
class Rule:
    """``statement`` counts what must not be, in one tenant; ``what`` names it. ``stages`` is its one parameter."""

    asset: str
    name: str
    description: str
    statement: str
    what: str
    stages: tuple[str, ...] = ()


def evaluate(rule: Rule, postgres: Postgres, slugs: Iterable[str]) -> dg.AssetCheckResult:
    """What a rule says of these tenants now."""
    counts = {}
    with postgres.connection() as connection:
        for slug in slugs:
            with TenantConnection(connection, ids.tenant_id(slug)).transaction():
                found = connection.execute(text(rule.statement), {"stages": list(rule.stages)} if rule.stages else {})
                counts[slug] = int(found.scalar_one())
    total = sum(counts.values())
    return dg.AssetCheckResult(
        passed=total == 0,
        asset_key=rule.asset,
        check_name=rule.name,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{total:,} {rule.what}" if total else f"no {rule.what}",
        metadata={"count": total, **{f"tenant/{slug}": count for slug, count in counts.items() if count}},
    )


RULES = (
    *(
        Rule(
            asset,
            "nothing_failed",
            "No item of this asset failed when last worked on.",
            "SELECT count(*) FROM derivations WHERE status = 'error' AND stage = ANY(:stages)",
            "items failed",
            stages,
        )
        for asset, stages in STAGES.items()
    ),
    Rule(
        "vision_summaries",
        "no_picture_waits",
        "No picture waits for a provider that is down or over its budget.",
        "SELECT count(*) FROM derivations WHERE status = 'waiting' AND stage = 'vision_summaries'",
        "posts wait for their pictures",
    ),
    Rule(
        "posts",
        "every_message_is_parsed",
        "Every raw message inside the partitions became a row of messages.",
        """SELECT count(*) FROM derivations d WHERE d.stage = 'posts' AND d.status = 'ok'
           AND NOT EXISTS (SELECT FROM messages m WHERE m.id = d.item_id)""",
        "parsed messages without a row",
    ),
    Rule(
        "media_groups",
        "album_counts_are_true",
        "items_count of each album is the number of its live items.",
        """SELECT count(*) FROM media_groups g WHERE g.items_count <> (
               SELECT count(*) FROM media_group_items i WHERE i.group_id = g.id AND i.deleted_at IS NULL)""",
        "albums with a wrong count",
    ),
)


def _checked(rule: Rule) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=rule.asset, name=rule.name, description=rule.description)
    def check(context: dg.AssetCheckExecutionContext, postgres: Postgres) -> dg.AssetCheckResult:
        return evaluate(rule, postgres, tenant_slugs(known_feeds(context.instance)))

    return check


ALL = [_checked(rule) for rule in RULES]
