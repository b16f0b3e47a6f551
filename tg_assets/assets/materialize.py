"""How Dagster runs an asset: its definition, its part of a run, and what it reports.

Belongs here: the mapping from a run (partitions, options, resources) to stages, and from their reports to metadata.
Does not belong here: what any stage does.
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import dagster as dg

from tg_assets.assets.asset import Asset, Made, Run, StageConfig
from tg_assets.assets.order import dependents
from tg_assets.assets.tools import Tools
from tg_assets.errors import TgAssetsError
from tg_assets.ledger import dirty
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, Stage
from tg_assets.partitions import check_feed, window
from tg_assets.scope import Scope, merge, parse_time

# Assets depend on each other by name only; nothing travels between steps.
NOTHING: dg.DagsterType = dg.Nothing  # type: ignore[assignment]  # Dagster takes it as one and exports it as a class

OWNERS = ["team:tg-assets"]

FEW_PARTITIONS = 7


def define(asset: Asset, assets: Sequence[Asset], partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """An asset of a list as Dagster's: over the one partitions definition, with one run for a range."""
    left_out = {dg.AssetKey(one) for one in dependents(assets, asset.name)}

    def work(context: dg.AssetExecutionContext, config: StageConfig) -> Made:
        selected = context.run.asset_selection
        tools = Tools(partial(getattr, context.resources))
        is_alone = selected is not None and not left_out <= selected
        run = Run(context, config, tools, tuple(scopes(context, config)), is_alone)
        return (asset.run or partial(materialize, asset))(run)

    with warnings.catch_warnings():  # backfill_policy is beta in 1.13; the version is pinned
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.asset(
            name=asset.name,
            description=asset.description,
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            deps=list(asset.deps),
            required_resource_keys={"postgres", "settings", *asset.needs},
            group_name=asset.group,
            kinds=set(asset.kinds),
            owners=OWNERS,
            pool=asset.pool,
            dagster_type=NOTHING,
            output_required=False,  # a dry run makes nothing, so it must not turn its partitions green
        )(work)


def scopes(context: dg.AssetExecutionContext, config: StageConfig) -> list[Scope]:
    """The stretches of a run's partitions, as few as possible, narrowed by its options."""
    since, until = parse_time(config.since, "since"), parse_time(config.until, "until")
    windows = []
    for key in context.partition_keys:
        if not isinstance(key, dg.MultiPartitionKey):
            raise TgAssetsError(f"{key!r} is not a partition of the form date|feed.")
        dimensions = key.keys_by_dimension
        windows.append((check_feed(dimensions["feed"]), *window(dimensions["date"])))
    narrowed = (scope.narrowed(since, until, config.channels) for scope in merge(windows))
    return [scope for scope in narrowed if scope.since < scope.until]


def materialize(asset: Asset, run: Run) -> Made:
    """Run an asset's stages over the run's scopes, one tenant at a time, and report what they found and did.

    Dagster keeps a run's metadata with each of its partitions: a run of many partitions tells what is large once, in
    an observation of the newest. A dry run yields no result but logs an observation, so its partitions stay as they
    were; assets downstream of it are skipped. What waits for something outside is marked for ``refresh``, which comes
    back.
    """
    context, config, tools = run.context, run.config, run.tools
    shown: dict[str, Any] = dict(asset.first(run)) if asset.first else {}
    large: dict[str, Any] = {}
    if asset.prepare and not config.dry_run:
        asset.prepare(tools)
    reports: dict[str, Report] = {}
    stages = asset.stages(tools)
    for scope in run.scopes:
        with tools.database.tenant(scope.tenant) as session:
            for of in stages:
                stage = of if isinstance(of, Stage) else of(scope)
                report = run_stage(
                    stage,
                    session,
                    scope,
                    force=config.force,
                    dry_run=config.dry_run,
                    run_id=context.run.run_id,
                    log=context.log.info,
                )
                reports.setdefault(stage.name, Report()).add(report)
                if report.waiting and not config.dry_run:
                    with session.transaction() as connection:
                        dirty.mark_waiting(connection, stage.name, scope)
            with session.transaction() as connection:
                shown.update(asset.shown(connection, scope, tools) if asset.shown else {})
                large.update(asset.pictures(connection, scope, tools) if asset.pictures else {})
    for name, report in reports.items():
        context.log.info(summary(name, report, config.dry_run))
    found = {**metadata(reports, config), **shown}
    if len(context.partition_keys) <= FEW_PARTITIONS:
        found |= large
        large = {}
    if config.dry_run:
        context.log_event(dg.AssetObservation(context.asset_key, metadata=found))
    else:
        yield dg.MaterializeResult(metadata=found)
    if large:  # last, since the asset's page shows what is newest
        newest = max(context.partition_keys)
        context.log_event(dg.AssetObservation(context.asset_key, partition=newest, metadata=large))


def summary(name: str, report: Report, dry_run: bool) -> str:
    """One line: what a stage did, or why it did nothing."""
    if not report.total:
        return f"{name}: no items in these partitions"
    if not report.todo:
        return f"{name}: nothing stale, all {report.total:,} items are up to date"
    if dry_run:
        return f"{name}: dry run, {report.todo:,} of {report.total:,} are stale; nothing was written"
    return (
        f"{name}: {report.done:,} made, {_told(report.skipped, 'skipped')}, {_told(report.failed, 'failed')}, "
        f"{report.total - report.todo:,} were up to date; {report.seconds:.1f} s"
        + (f"; {report.waiting.total():,} wait and are tried again" if report.waiting else "")
    )


def _told(reasons: Counter[str], what: str) -> str:
    """How many, and the most frequent reasons why."""
    if not reasons:
        return f"0 {what}"
    why = "; ".join(f"{count:,} {reason}" for reason, count in reasons.most_common(3))
    return f"{reasons.total():,} {what} ({why}{'; …' if len(reasons) > 3 else ''})"


def metadata(reports: Mapping[str, Report], config: StageConfig) -> dict[str, Any]:
    """Numbers that Dagster plots over time, and a table of stages and reasons."""
    total = Report()
    for report in reports.values():
        total.add(report)
    columns = ("stage", "items", "stale", "made", "skipped", "failed", "seconds")
    rows = [
        dg.TableRecord(
            dict(
                zip(
                    columns,
                    (
                        name,
                        report.total,
                        report.todo,
                        report.done,
                        report.skipped.total(),
                        report.failed.total(),
                        round(report.seconds, 2),
                    ),
                    strict=True,
                )
            )
        )
        for name, report in reports.items()
    ]
    shown: dict[str, Any] = {
        "items": total.total,
        "stale": total.todo,
        "made": total.done,
        "skipped": total.skipped.total(),
        "failed": total.failed.total(),
        "seconds": round(total.seconds, 2),
        "stages": dg.MetadataValue.table(rows),
        "why": ", ".join(f"{count:,} {reason}" for reason, count in total.stale.most_common()) or "nothing stale",
    }
    if looked := sum(total.counts[name] for name in ("cache_hits", "described", "heard")):
        shown["cache_hit_rate"] = round(total.counts["cache_hits"] / looked, 3)
    if total.waiting:
        shown["waiting"] = total.waiting.total()
    if config.dry_run:
        shown |= {"dry_run": True, **_planned(total)}
    elif total.spent:
        shown |= {"tokens": total.spent, **_money("cost", total.paid)}
    for name, reasons in (
        ("skipped_because", total.skipped),
        ("failed_because", total.failed),
        ("waiting_for", total.waiting),
    ):
        if reasons:
            shown[name] = dg.MetadataValue.md(
                "\n".join(f"* {count:,} x {reason}" for reason, count in reasons.most_common(20))
            )
    return shown | {f"count/{name}": count for name, count in total.counts.items()}


def _planned(total: Report) -> dict[str, Any]:
    """What would be paid for, and how long it would take; what is not known is left out."""
    planned = {
        "pictures": total.units,
        "tokens": total.tokens,
        "estimated_seconds": round(total.estimated_seconds, 1),
        **_money("estimated_cost", total.cost),
    }
    return {name: value for name, value in planned.items() if value}


def _money(name: str, money: Mapping[str, float]) -> dict[str, Any]:
    """Sums under names that Dagster can plot: ``cost_usd``."""
    return {f"{name}_{currency.lower()}": round(amount, 4) for currency, amount in money.items()}
