"""Where an answer comes from: the message as received, and what made each thing that was derived from it."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from tg_assets.answers.lineage import Made
from tg_assets.answers.message import Enrichment, message
from tg_assets.answers.received import Version
from tg_assets.doors.api.asked import Asked, Named
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.evidence import assets_of, runs_of
from tg_assets.doors.saying import Json

router = made("evidence")


@dataclass(frozen=True, slots=True)
class Evidence:
    """``runs`` leads from a run's id to its page in Dagster, ``assets`` from a stage to its asset's, at the message's
    partition, where Dagster has an address."""

    versions: tuple[Version, ...]
    enrichments: tuple[Enrichment, ...]
    lineage: tuple[Made, ...]
    runs: dict[str, str]
    assets: dict[str, str]


@router.get("/lineage/{named:path}", response_model=Evidence, operation_id="lineage")
def lineage(archive: Asked, named: Named, request: Request) -> Response:
    """The message as received, its versions, and which run, model and version made what is known of it."""
    whole, dagster = message(archive, named), request.app.state.dagster
    assets = assets_of(whole.lineage, whole.message.feed, whole.message.posted_at, dagster)
    runs = runs_of(whole.lineage, dagster)
    return Json(Evidence(whole.versions, whole.enrichments, whole.lineage, runs, assets))
