"""What routes have in common: whose archive it is, how values are named, and how an answer is written.

What does not belong here: routes.
"""

from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, BaseModel

from tg_assets.answers.archive import Archive
from tg_assets.doors.access import CALLER
from tg_assets.errors import TgAssetsError
from tg_assets.scope import aware

LONGEST_NAME = 40
"""Characters of a parameter that there is not, as it is told."""


class Problem(BaseModel):
    """Why there is no answer: a code for programs, a sentence for people, and which call leads on, if one does."""

    code: str
    message: str
    hint: str | None = None


class Refusal(BaseModel):
    """What comes instead of an answer."""

    error: Problem


# What the guards and the library say instead of an answer.
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": told}
    for status, told in (
        (400, "A value that cannot be"),
        (401, "No token, or one that opens nothing"),
        (403, "From a page of another site"),
        (404, "Not in this archive"),
        (413, "Too large"),
        (414, "The address is too long"),
        (421, "The service is not called so"),
        (422, "A value of the wrong kind"),
        (429, "Too often"),
        (503, "A server behind this one does not answer"),
    )
}


def only_known(request: Request) -> None:
    """Raises TgAssetsError for a parameter that the route has not: mistyped it would narrow nothing, unseen."""
    known = [one.alias for one in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            near = get_close_matches(name, known, 1, 0.5)
            nearest = f" Is {near[0]!r} meant?" if near else ""
            raise TgAssetsError(f"There is no parameter {name[:LONGEST_NAME]!r} here.{nearest}")


def router(tag: str, *, own_check: bool = False) -> APIRouter:
    """Routes under ``/api/v1`` that are told of together. Those with an ``own_check`` refuse parameters themselves."""
    checks = [] if own_check else [Depends(only_known)]
    return APIRouter(prefix="/api/v1", tags=[tag], responses=REFUSALS, dependencies=checks)


def caller() -> Archive:
    """The archive as whoever asks may see it; the guards have put it there."""
    return CALLER.get()


Asked = Annotated[Archive, Depends(caller)]
Moment = Annotated[datetime, AfterValidator(aware)]
Named = Annotated[
    str,
    Path(max_length=300, description="A message: its id, its link at Telegram (URL-encoded), or CHAT/NUMBER."),
]
Words = Annotated[str, Query(min_length=1, max_length=1000, description="A question, in Russian or English.")]
Feeds = Annotated[list[str], Query(max_length=100, description="Only these feeds.")]
Tags = Annotated[list[str], Query(max_length=20, description="Only posts with all these tags.")]
Since = Annotated[Moment | None, Query(description="Not before this time, ISO 8601; without a zone UTC.")]
Until = Annotated[Moment | None, Query(description="Before this time.")]
Author = Annotated[str | None, Query(max_length=200, description="A whole name, @name or number.")]
Lang = Annotated[str | None, Query(max_length=8, description="Only texts in this language: ru, en.")]
Zone = Annotated[
    str | None,
    Query(max_length=60, description="Whose day «вчера» and today are told by, such as Asia/Tokyo; without it UTC's."),
]
Form = Annotated[Literal["json", "markdown"], Query(description="How it is written.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="Go on where an answer with this cursor ended.")]
