"""What is made again from the beginning: the stores of which the database is the truth, by the stages that fill them.

What does not belong here: how that is done without a gap (``tg_assets.rebuilding``).
"""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from tg_assets import ids
from tg_assets.assets import qdrant_points
from tg_assets.assets.tools import Tools
from tg_assets.ledger.stage import Stage
from tg_assets.rebuilding.versions import Advance, Building


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
        return dict.fromkeys((kind.stage for kind in qdrant_points.KINDS), qdrant_points.version(tools.embedder))

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
