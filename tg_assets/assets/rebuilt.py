"""What is made again from the beginning: the stores of which the database is the truth, by the stages that fill them.

What does not belong here: how that is done without a gap (``tg_assets.rebuilding``).
"""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from tg_assets import assets, ids
from tg_assets.assets import qdrant_points
from tg_assets.assets.tools import Tools
from tg_assets.assets.verified import feeds_of, parts
from tg_assets.errors import TgAssetsError
from tg_assets.ledger.stage import Report, Stage
from tg_assets.rebuilding.in_place import make_again
from tg_assets.rebuilding.versions import Advance, Building, only_one
from tg_assets.verifying.findings import Findings
from tg_assets.verifying.verify import Verification


def rebuild_index(
    tools: Tools, slugs: Sequence[str], *, advance: Advance, log: Callable[[str], None], run_id: str | None = None
) -> str:
    """Build the vector index anew by the chosen embedder and switch to it; the name of its collection.

    ``slugs`` are all tenants of the installation.
    """

    def stages(tenant: UUID, collection: str) -> Mapping[str, Stage]:
        into = qdrant_points.Into(collection, tools.embedder_of(tenant))
        return {kind.stage: qdrant_points.stage(kind, tools, tenant, into) for kind in qdrant_points.KINDS}

    def made() -> Mapping[str, str]:
        return {kind.stage: qdrant_points.version(kind, tools.embedder) for kind in qdrant_points.KINDS}

    building = Building(
        tools.vectors,
        tools.database,
        tools.embedder,
        [ids.tenant_id(slug) for slug in slugs],
        stages,
        made,
        advance=advance,
        log=log,
        run_id=run_id,
    )
    return building.run()


def rebuild_in_place(
    tools: Tools,
    asset: str,
    slug: str,
    *,
    advance: Advance,
    log: Callable[[str], None],
    run_id: str | None = None,
) -> tuple[Report, Findings]:
    """Make a tenant's points (``qdrant_points``) or nodes (``neo4j_nodes``) again where they are; what was done.

    Raises TgAssetsError where the index is of another model: that takes a new index, which is everybody's.
    """
    tenant, (one,) = ids.tenant_id(slug), [one for one in assets.ASSETS if one.name == asset]
    if one.prepare:
        one.prepare(tools)
    if asset == "qdrant_points":
        _require_same_model(tools, tenant)
    database = tools.database
    with (
        only_one(database, f"{asset}/{slug}"),
        database.tenant(tenant) as session,
        parts(tools, tenant, feeds_of(session), [asset]) as (found, graph),
    ):
        looks = Verification(
            session, found, graph=graph, sample=None, repair=True, advance=advance,
            run_id=run_id,
        )  # fmt: skip
        return make_again(session, found, looks, advance=advance, log=log, run_id=run_id)


def _require_same_model(tools: Tools, tenant: UUID) -> None:
    with tools.vectors.tenant(tenant) as index:
        collection = index.collection()
    if collection is not None and not collection.is_new(tools.embedder):
        raise TgAssetsError(
            f"The index is not of {tools.embedder.model_id} or of this release's format. One tenant's points cannot be "
            "made otherwise: run `tg-assets rebuild qdrant` without --tenant, which builds a new index for all."
        )
