"""What is followed, how much of it is here, and days in numbers."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import PlainTextResponse, Response

from tg_assets.answers.coverage import Covered, coverage
from tg_assets.answers.digest import Digest, digest
from tg_assets.answers.digest_text import as_text
from tg_assets.answers.feeds import Feed, feeds
from tg_assets.answers.statistics import Day, feed_statistics
from tg_assets.answers.waiting import Waiting, waiting
from tg_assets.doors.api.asked import Asked, Feeds, Form, Since, Until
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json

router = made("feeds")


@router.get(
    "/digest",
    response_model=Digest,
    operation_id="digest",
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
def happened(
    archive: Asked,
    since: Since = None,
    until: Until = None,
    feed: Feeds = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=50, description="Lines in each part.")] = 5,
    form: Form = "json",
) -> Response:
    """What happened in a span, by default in the last seven days that have anything: each line leads to a message."""
    found = digest(archive, since, until, feeds=feed, limit=limit)
    return Json(found) if form == "json" else PlainTextResponse(as_text(found), media_type="text/markdown")


@router.get("/feeds", response_model=list[Feed], operation_id="feeds")
def followed(archive: Asked) -> Response:
    """The feeds of which something may be seen."""
    return Json(feeds(archive))


@router.get("/coverage", response_model=list[Covered], operation_id="coverage")
def covered(archive: Asked, feed: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Which ids of each chat are accounted for, and how many are not known."""
    return Json(coverage(archive, feed))


@router.get("/waiting", response_model=list[Waiting], operation_id="waiting")
def not_yet(archive: Asked) -> Response:
    """What cannot be found yet, by feed: messages without vectors, pictures and voices that no model has been at."""
    return Json(waiting(archive))


@router.get("/feeds/{feed}/statistics", response_model=list[Day], operation_id="statistics")
def days(
    archive: Asked,
    feed: Annotated[str, Path(max_length=200)],
    since: Annotated[date | None, Query(description="First day.")] = None,
    until: Annotated[date | None, Query(description="Before this day.")] = None,
) -> Response:
    """Days of a feed in numbers."""
    return Json(feed_statistics(archive, feed, since, until))
