"""Jobs ``rebuild_qdrant``, ``rebuild_neo4j`` and ``verify``: stores made again from the database, and compared with it.

Each is one step over all tenants, or one; a run that was killed is gone on with by the next one. Logs and metadata
hold names of stages and feeds and counts. What does not belong here: how it is done (``tg_assets.rebuilding``,
``tg_assets.verifying``).
"""

from functools import partial

import dagster as dg
from pydantic import Field

from tg_assets import assets
from tg_assets.assets.tools import Tools
from tg_assets.registry.tenants import known_tenants

_NEEDS = {"postgres", "settings", *(name for one in assets.ASSETS for name in one.needs)}
# A bar has a place to be in; a log gets a line for each tenth.
TENTHS = 10


class RebuildConfig(dg.Config):
    """Whose things are made again."""

    tenant: str | None = Field(default=None, description="Slug of a tenant; all tenants by default.")


class VerifyConfig(RebuildConfig):
    """What is compared, and whether it is mended."""

    feed: str | None = Field(default=None, description="Only this feed of the tenant.")
    full: bool = Field(default=False, description="Compare every item in full, not a sample of each stretch.")
    repair: bool = Field(default=False, description="Make what is missing or differs, remove what is too much.")


class _Told:
    """Says how far something is, now and then."""

    def __init__(self, context: dg.OpExecutionContext) -> None:
        self._context, self._last = context, ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        place = what, TENTHS * done // total if total else TENTHS
        if place != self._last:
            self._last = place
            self._context.log.info(f"{what}: {done:,} of {total:,} messages")


@dg.op(required_resource_keys=_NEEDS)
def build_index(context: dg.OpExecutionContext, config: RebuildConfig) -> None:
    """Build the vector index anew and switch to it; with a tenant, make its points again where they are."""
    from tg_assets.assets.rebuilt import rebuild_in_place, rebuild_index

    tools, about = Tools(partial(getattr, context.resources)), {"log": context.log.info, "run_id": context.run_id}
    if config.tenant:
        rebuild_in_place(tools, "qdrant_points", config.tenant, advance=_Told(context), **about)  # type: ignore[arg-type]
        return
    slugs = known_tenants(context.instance)
    name = rebuild_index(tools, slugs, advance=_Told(context), **about)  # type: ignore[arg-type]
    context.add_output_metadata({"collection": name, "tenants": len(slugs)})


@dg.op(required_resource_keys=_NEEDS)
def make_graph_again(context: dg.OpExecutionContext, config: RebuildConfig) -> None:
    """Make the graph again where it is, tenant by tenant."""
    from tg_assets.assets.rebuilt import rebuild_in_place

    tools, made, mended = Tools(partial(getattr, context.resources)), 0, 0
    for slug in [config.tenant] if config.tenant else known_tenants(context.instance):
        report, findings = rebuild_in_place(
            tools, "neo4j_nodes", slug, advance=_Told(context), log=context.log.info, run_id=context.run_id
        )
        made, mended = made + report.done, mended + findings.mended
    context.add_output_metadata({"made": made, "mended": mended})


@dg.op(required_resource_keys=_NEEDS)
def compare_stores(context: dg.OpExecutionContext, config: VerifyConfig) -> None:
    """Compare all stores, and mend what differs if that is asked for; fails when something differs and stays so."""
    from tg_assets.assets.verified import verify

    tools, left = Tools(partial(getattr, context.resources)), 0
    feed = config.feed
    slugs = [feed.partition(".")[0]] if feed else [config.tenant] if config.tenant else known_tenants(context.instance)
    columns = ("tenant", "feed", "date", "store", "what", "kind", "count")
    rows = []
    for slug in slugs:
        found = verify(
            tools, slug, feed=feed, whole=config.full, repair=config.repair, advance=_Told(context),
            run_id=context.run_id,
        )  # fmt: skip
        told = ({"tenant": slug, **row, "date": str(row["date"] or "")} for row in found.rows())
        rows += [dg.TableRecord({name: row[name] for name in columns}) for row in told]
        left += found.total - (found.mended if config.repair else 0)
    context.add_output_metadata(
        {"differences": sum(int(str(row.data["count"])) for row in rows), "left": left}
        | ({"what": dg.MetadataValue.table(rows[:1000])} if rows else {})
    )
    if left:
        raise dg.Failure(
            f"{left:,} things differ; the step's metadata lists them. Run this again with repair: true, or "
            "`tg-assets verify --repair`."
        )


@dg.job(executor_def=dg.in_process_executor)
def rebuild_qdrant() -> None:
    """The vector index again, from the database, beside the one that answers."""
    build_index()


@dg.job(executor_def=dg.in_process_executor)
def rebuild_neo4j() -> None:
    """The graph again, from the database, where it is."""
    make_graph_again()


@dg.job(executor_def=dg.in_process_executor)
def verify() -> None:
    """What the stores hold compared with what the database says."""
    compare_stores()
