"""The page's cookie: a token that was given once, which no script can read; and whether the service is there."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from tg_assets.answers.feeds import feeds
from tg_assets.doors.access import cookie_of
from tg_assets.doors.api.asked import Asked
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json, refusal
from tg_assets.doors.tokens import access

router = made("session")
KEPT_SECONDS = 30 * 24 * 3600


class Given(BaseModel):
    """A token."""

    token: Annotated[str, Field(max_length=200)]


class Me(BaseModel):
    """Who asks: the token's name, how many feeds it shows, and where Dagster is."""

    token: str
    owners: list[int]
    feeds: int
    dagster: str | None


@router.post("/session", status_code=204, operation_id="begin", response_class=Response)
async def begin(given: Given, request: Request) -> Response:
    """Keep a token in a cookie, for the page. It opens what it opened, until it is revoked."""
    if await run_sync(access, request.app.state.opener.database, given.token) is None:
        return refusal(401, "token", "This token opens nothing: it ended, was revoked, or is not whole.")
    answer = Response(status_code=204)
    answer.set_cookie(
        cookie_of(request), given.token, KEPT_SECONDS, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.delete("/session", status_code=204, operation_id="end", response_class=Response)
async def end(request: Request) -> Response:
    """Forget the cookie."""
    answer = Response(status_code=204, headers={"clear-site-data": '"cache"'})
    answer.delete_cookie(cookie_of(request), httponly=True, samesite="strict")
    return answer


@router.get("/me", response_model=Me, operation_id="me")
def me(archive: Asked, request: Request) -> Response:
    """What the token opens."""
    granted = request.state.access
    mine = Me(
        token=granted.token,
        owners=list(granted.owners),
        feeds=len(feeds(archive)),
        dagster=request.app.state.dagster,
    )
    return Json(mine.model_dump())
