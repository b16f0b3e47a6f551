"""What is followed, how much of it is here, and days in numbers."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from tg_assets.answers.coverage import Covered, coverage
from tg_assets.answers.feeds import Feed, feeds
from tg_assets.answers.statistics import Day, feed_statistics
from tg_assets.doors.api.asked import Asked
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json

router = made("feeds")


@router.get("/feeds", response_model=list[Feed], operation_id="feeds")
def followed(archive: Asked) -> Response:
    """The feeds of which something may be seen."""
    return Json(feeds(archive))


@router.get("/coverage", response_model=list[Covered], operation_id="coverage")
def covered(archive: Asked, feed: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Which ids of each chat are accounted for, and how many are not known."""
    return Json(coverage(archive, feed))


@router.get("/feeds/{feed}/statistics", response_model=list[Day], operation_id="statistics")
def days(
    archive: Asked,
    feed: Annotated[str, Path(max_length=200)],
    since: Annotated[date | None, Query(description="First day.")] = None,
    until: Annotated[date | None, Query(description="Before this day.")] = None,
) -> Response:
    """Days of a feed in numbers."""
    return Json(feed_statistics(archive, feed, since, until))
