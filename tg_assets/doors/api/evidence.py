"""Where an answer comes from: the message as received, and what made each thing that was derived from it."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from tg_assets.answers.lineage import Made
from tg_assets.answers.message import Enrichment, Whole, message
from tg_assets.answers.received import Version
from tg_assets.doors.api.asked import Asked, Named
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json
from tg_assets.partitions import date_key

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
    return Json(
        Evidence(
            whole.versions, whole.enrichments, whole.lineage, runs_of(whole.lineage, dagster), assets_of(whole, dagster)
        )
    )  # fmt: skip


def runs_of(made_of: tuple[Made, ...], dagster: str | None) -> dict[str, str]:
    """Pages of runs, by their ids."""
    return {one.run_id: f"{dagster}/runs/{one.run_id}" for one in made_of if one.run_id and dagster}


def assets_of(whole: Whole, dagster: str | None) -> dict[str, str]:
    """Pages of assets at the partition of a message, by stages: a stage's name begins with its asset's."""
    if not dagster:
        return {}
    partition = quote(f"{date_key(whole.message.posted_at)}|{whole.message.feed}", safe="")
    stages = {one.stage for one in whole.lineage}
    return {
        one: f"{dagster}/assets/{one.partition('.')[0]}?view=partitions&partition={partition}" for one in sorted(stages)
    }
