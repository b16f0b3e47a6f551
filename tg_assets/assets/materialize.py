"""How a Dagster asset runs the incremental engine: the decorator that all partitioned assets share, and one call.

Belongs here: the mapping from a run (partitions, options, resources) to stages, and from their reports to
metadata. Does not belong here: what any stage does.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
from sqlalchemy import Connection

from resources.postgres import Postgres
from tg_assets.ledger import dirty
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.stage import Report, Stage, StageOf
from tg_assets.partitions import date_by_feed
from tg_assets.scope import Scope, StageConfig, scopes

# Assets depend on each other by name only; nothing travels between steps.
NOTHING: dg.DagsterType = dg.Nothing  # type: ignore[assignment]  # Dagster takes it as one and exports it as a class

OWNERS = ["team:tg-assets"]

FEW_PARTITIONS = 7

Extra = Callable[[Connection, Scope], Mapping[str, Any]]
"""Metadata out of a scope's rows."""

# What an asset function gives back: one result, or none from a dry run.
Made = Iterator[dg.MaterializeResult[None]]


def partitioned_asset(
    *, group: str, kinds: set[str], deps: Iterable[str] = (), pool: str | None = None
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """``@dg.asset`` with the one partitions definition, one run for a range, and the project's owners.

    The description is the function's docstring.
    """

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():  # backfill_policy is beta in 1.13; the version is pinned
            warnings.simplefilter("ignore", dg.BetaWarning)
            return dg.asset(
                partitions_def=date_by_feed(),
                backfill_policy=dg.BackfillPolicy.single_run(),
                deps=list(deps),
                group_name=group,
                kinds=kinds,
                owners=OWNERS,
                pool=pool,
                dagster_type=NOTHING,
                output_required=False,  # a dry run makes nothing, so it must not turn its partitions green
            )(function)

    return decorate


def materialize(
    context: dg.AssetExecutionContext,
    config: StageConfig,
    postgres: Postgres,
    *stages: StageOf,
    extra: Extra | None = None,
    pictures: Extra | None = None,
) -> Made:
    """Run stages over the run's scopes, one tenant at a time, and report what they found and did.

    ``extra`` adds metadata from each scope's rows; the last scope's wins where names repeat. What ``pictures`` adds is
    large, and Dagster keeps a run's metadata with each of its partitions: a run of many partitions tells it once, in an
    observation of the newest. A dry run yields no result but logs an observation, so its partitions stay as they were;
    assets downstream of it are skipped. What waits for something outside is marked for ``refresh``, which comes back.
    """
    reports: dict[str, Report] = {}
    shown: dict[str, Any] = {}
    large: dict[str, Any] = {}
    for scope in scopes(context, config):
        with postgres.tenant(scope.tenant) as session:
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
                shown.update(extra(connection, scope) if extra else {})
                large.update(pictures(connection, scope) if pictures else {})
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
