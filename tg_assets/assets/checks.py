"""Asset checks: statements about the data that must hold, measured from the data.

Each looks at every tenant in turn (row security shows one at a time) and names counts, never contents. They are
evaluated by runs that materialize their asset, and by the sensor ``evaluate_checks`` for what came in otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
from sqlalchemy import text

from resources.postgres import Postgres
from tg_assets import ids
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.stores.database import TenantConnection


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


def nothing_failed(asset: str, stages: tuple[str, ...]) -> Rule:
    """The rule that every asset with a ledger has."""
    return Rule(
        asset,
        "nothing_failed",
        "No item of this asset failed when last worked on.",
        "SELECT count(*) FROM derivations WHERE status = 'error' AND stage = ANY(:stages)",
        "items failed",
        stages,
    )


def definition(rule: Rule) -> dg.AssetChecksDefinition:
    """A rule as Dagster's check."""

    @dg.asset_check(asset=rule.asset, name=rule.name, description=rule.description)
    def check(context: dg.AssetCheckExecutionContext, postgres: Postgres) -> dg.AssetCheckResult:
        return evaluate(rule, postgres, tenant_slugs(known_feeds(context.instance)))

    return check
