"""Asset checks: statements about the data that must hold, measured from the data.

Each looks at every tenant in turn (row security shows one at a time) and names counts, never contents. They are
evaluated by runs that materialize their asset, and by the sensor ``evaluate_checks`` for what came in otherwise.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData
from sqlalchemy import text

from resources.postgres import Postgres
from tg_assets import ids
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.stores.database import TenantConnection


@dataclass(frozen=True, slots=True)
class Rule:
    """``statement`` counts what must not be, in one tenant; ``what`` names it. ``stages`` is its one parameter.

    Where a resource, named ``store``, has to be asked, too, it is ``counted`` by a function of a tenant and of that.
    """

    asset: str
    name: str
    description: str
    statement: str
    what: str
    stages: tuple[str, ...] = ()
    store: str = ""
    counted: Callable[[TenantConnection, Any], int] | None = None


class OfNewest(dg.AssetCheckResult):
    """A result that is of the newest materialization of its asset, as Dagster has it for a check without partitions.

    Dagster's own lists all partitions there are on the way, days by feeds, for each check: in a run of a few days a
    second for each three feeds of the installation.
    """

    def _get_target_materialization_data(
        self, step_context: Any, check_key: dg.AssetCheckKey
    ) -> AssetCheckEvaluationTargetMaterializationData | None:
        if step_context.has_partition_key:  # of that partition, which is looked up alone
            return super()._get_target_materialization_data(step_context, check_key)
        for record in step_context.instance.get_asset_records([check_key.asset_key]):
            if (last := record.asset_entry.last_materialization_record) is not None:
                return AssetCheckEvaluationTargetMaterializationData(
                    storage_id=last.storage_id, run_id=last.run_id, timestamp=last.timestamp
                )
        return None


def evaluate(rule: Rule, postgres: Postgres, slugs: Iterable[str], store: Any = None) -> dg.AssetCheckResult:
    """What a rule says of these tenants now; ``store`` is the resource that it names."""
    counts = {}
    with postgres.connection() as connection:
        for slug in slugs:
            session = TenantConnection(connection, ids.tenant_id(slug))
            counts[slug] = rule.counted(session, store) if rule.counted else _counted(rule, session)
    total = sum(counts.values())
    return OfNewest(
        passed=total == 0,
        asset_key=rule.asset,
        check_name=rule.name,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{total:,} {rule.what}" if total else f"no {rule.what}",
        metadata={"count": total, **{f"tenant/{slug}": count for slug, count in counts.items() if count}},
    )


def _counted(rule: Rule, session: TenantConnection) -> int:
    with session.transaction() as connection:
        found = connection.execute(text(rule.statement), {"stages": list(rule.stages)} if rule.stages else {})
        return int(found.scalar_one())


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

    @dg.asset_check(
        asset=rule.asset,
        name=rule.name,
        description=rule.description,
        required_resource_keys={"postgres", *filter(None, [rule.store])},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        resources: Any = context.resources
        store = getattr(resources, rule.store) if rule.store else None
        return evaluate(rule, resources.postgres, tenant_slugs(known_feeds(context.instance)), store)

    return check
