"""«Tell me»: questions of the caller's token, kept for when there is something new, and their feeds.

A feed is read with the token or with its own key in the address, which opens nothing else (``doors.access``).
"""

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Self
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, model_validator
from starlette.responses import Response

from tg_assets.doors.api.asked import Asked
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json
from tg_assets.saved import questions
from tg_assets.saved.asked import Name, SavedQuestion, SavedSearch, Words
from tg_assets.saved.atom import KIND, feed
from tg_assets.saved.matches import Match, newest
from tg_assets.saved.questions import Saved

router = made("saved")
ENTRIES = 50
"""Matches of a feed."""


class Wanted(BaseModel):
    """A ``search``, or a ``question`` to the graph; ``webhook`` is who is told of what is new."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    search: SavedSearch | None = None
    question: SavedQuestion | None = None
    webhook: Words | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.search is None) == (self.question is None):
            raise ValueError("either search or question is given")
        return self


@dataclass(frozen=True, slots=True)
class Key:
    """What reads a question's feed, told once: ``atom`` is the address with the key in it."""

    id: UUID
    key: str = field(repr=False)
    atom: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Made(Key):
    """A question that was saved; ``webhook_secret`` signs what its receiver is told, and is told once, too."""

    webhook_secret: str | None = field(repr=False)


def _token(request: Request) -> str:
    return str(request.state.access.token)


def _atom(request: Request, saved_id: UUID, key: str | None = None) -> str:
    own = f"{request.base_url}api/v1/saved/{saved_id}/atom"
    return own if key is None else f"{own}?{urlencode({'key': key})}"


@router.get("/saved", response_model=list[Saved], operation_id="saved")
def listed(archive: Asked, request: Request) -> Response:
    """The token's saved questions, the oldest first."""
    with archive.reading() as connection:
        return Json(questions.saved(connection, _token(request)))


@router.post("/saved", response_model=Made, status_code=201, operation_id="save")
def save(archive: Asked, wanted: Wanted, request: Request) -> Response:
    """Save a question. What is there already is no news."""
    asked = wanted.search or wanted.question
    assert asked is not None
    state = request.app.state
    one = questions.save(archive, _token(request), asked, wanted.name, wanted.webhook, state.trusted, state.vaults)
    return Json(Made(one.id, one.key, _atom(request, one.id, one.key), one.webhook_secret), 201)


@router.delete("/saved/{saved_id}", status_code=204, operation_id="unsave", response_class=Response)
def remove(archive: Asked, saved_id: UUID, request: Request) -> Response:
    """Tell nothing more of a question."""
    with archive.postgres.tenant(archive.tenant) as session, session.transaction() as connection:
        questions.remove(connection, saved_id, _token(request))
    return Response(status_code=204)


@router.post("/saved/{saved_id}/key", response_model=Key, operation_id="new_key")
def another_key(archive: Asked, saved_id: UUID, request: Request) -> Response:
    """Another key for a question's feed; the one before opens nothing any more."""
    with archive.postgres.tenant(archive.tenant) as session, session.transaction() as connection:
        key = questions.new_key(connection, archive.tenant, saved_id, _token(request))
    return Json(Key(saved_id, key, _atom(request, saved_id, key)))


@router.post("/saved/{saved_id}/retry", status_code=204, operation_id="retry", response_class=Response)
def retry(archive: Asked, saved_id: UUID, request: Request) -> Response:
    """Tell the receiver what waits, although it was given up."""
    with archive.postgres.tenant(archive.tenant) as session, session.transaction() as connection:
        questions.try_again(connection, saved_id, _token(request))
    return Response(status_code=204)


@router.get("/saved/{saved_id}/matches", response_model=list[Match], operation_id="matches")
def matches(
    archive: Asked, saved_id: UUID, request: Request, limit: Annotated[int, Query(ge=1, le=200)] = ENTRIES
) -> Response:
    """What was found since the question was saved, the newest first."""
    return Json(newest(archive, _token(request), saved_id, limit)[1])


@router.get(
    "/saved/{saved_id}/atom",
    operation_id="atom",
    response_class=Response,
    responses={200: {"content": {KIND: {"schema": {"type": "string"}}}}, 304: {"description": "Nothing is new"}},
)
def atom(
    archive: Asked,
    saved_id: UUID,
    request: Request,
    key: Annotated[str | None, Query(max_length=200, description="The feed's own, instead of a token.")] = None,
) -> Response:
    """The same as an Atom feed. The guards have looked at the key."""
    one, found = newest(archive, _token(request), saved_id, ENTRIES)
    body = feed(one, found, str(request.base_url), _atom(request, saved_id, key))
    headers = {"etag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "cache-control": "private, no-cache"}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=KIND, headers=headers)
