"""A message, and what stands around it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from tg_assets.answers.albums import Album, album
from tg_assets.answers.media import MOST as MOST_WITH_MEDIA
from tg_assets.answers.media import Medium, media
from tg_assets.answers.message import Whole, message
from tg_assets.answers.neighbours import MOST, Surrounded, around
from tg_assets.answers.similar import Like, similar
from tg_assets.answers.threads import Thread, thread
from tg_assets.answers.timeline import Timeline, timeline
from tg_assets.doors.api.asked import Asked, Cursor, Feeds, Named, Since, Until
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json

router = made("messages")
Side = Annotated[int, Query(ge=0, le=MOST)]
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/messages", response_model=Timeline, operation_id="timeline")
def in_time(
    archive: Asked,
    feed: Feeds = [],  # noqa: B006
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Messages in order of time, the newest first."""
    return Json(timeline(archive, feeds=feed, since=since, until=until, limit=limit, cursor=cursor))


@router.get("/media", response_model=dict[UUID, list[Medium]], operation_id="media")
def files(archive: Asked, of: Annotated[list[UUID], Query(max_length=MOST_WITH_MEDIA)] = []) -> Response:  # noqa: B006
    """Files of several messages, by the ids of the messages."""
    return Json(media(archive, of))


@router.get("/messages/{named:path}/around", response_model=Surrounded, operation_id="around")
def beside(archive: Asked, named: Named, before: Side = 5, after: Side = 5) -> Response:
    """A message with those before and after it."""
    return Json(around(archive, named, before, after))


@router.get("/messages/{named:path}/thread", response_model=Thread, operation_id="thread")
def replies(archive: Asked, named: Named, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """All replies to replies, from the first message on."""
    return Json(thread(archive, named, limit, cursor))


@router.get("/messages/{named:path}/album", response_model=Album, operation_id="album")
def items(archive: Asked, named: Named) -> Response:
    """The album of a message, or the one with this id."""
    return Json(album(archive, named))


@router.get("/messages/{named:path}/similar", response_model=list[Like], operation_id="similar")
def alike(archive: Asked, named: Named, limit: Limit = 10) -> Response:
    """What is most like a message, by its picture and by its meaning."""
    return Json(similar(archive, named, limit))


@router.get("/messages/{named:path}", response_model=Whole, operation_id="message")
def whole(archive: Asked, named: Named) -> Response:
    """A message whole: versions, files, album, replies, forwards, results of models."""
    return Json(message(archive, named))
