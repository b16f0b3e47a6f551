"""Search, while somebody types and when they have; and context for a language model."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import PlainTextResponse, Response

from tg_assets.answers import context as gathering
from tg_assets.answers.bundle import Bundle
from tg_assets.answers.feeds import check_feeds
from tg_assets.answers.markdown import as_text
from tg_assets.answers.search import MOST_NEAR, Found, narrowing, search
from tg_assets.answers.suggest import Suggestions, suggest
from tg_assets.doors.api.asked import Asked, Author, Cursor, Feeds, Form, Lang, Since, Tags, Until, Words, Zone
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json

router = made("search")
Kind = Annotated[Literal["post", "album", "conversation"] | None, Query(description="Only results of this kind.")]


@router.get("/search", response_model=Found, operation_id="search")
def find(
    archive: Asked,
    q: Words,
    kind: Kind = None,
    tag: Tags = [],  # noqa: B006 - FastAPI copies it
    since: Since = None,
    until: Until = None,
    author: Author = None,
    lang: Lang = None,
    feed: Feeds = [],  # noqa: B006
    zone: Zone = None,
    near: Annotated[int, Query(ge=0, le=MOST_NEAR, description="Messages before and after each.")] = 2,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    cursor: Cursor = None,
) -> Response:
    """The best posts, albums and conversations for a question, each with where it stands and who made it."""
    return Json(
        search(
            archive, q, kind=kind, tags=tag, since=since, until=until, author=author, lang=lang, feeds=feed, zone=zone,
            near=near, limit=limit, cursor=cursor,
        )
    )  # fmt: skip


@router.get("/suggest", response_model=Suggestions, operation_id="suggest")
def go_on(
    archive: Asked,
    q: Annotated[str, Query(max_length=1000, description="What was typed so far.")],
    feed: Feeds = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> Response:
    """What may be meant by a question that is still being typed."""
    check_feeds(archive, feed)
    return Json(suggest(archive, q, narrowing(feeds=feed), limit))


@router.get(
    "/context",
    response_model=Bundle,
    operation_id="context",
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
def gather(
    archive: Asked,
    q: Words,
    tokens: Annotated[int, Query(ge=gathering.FEWEST, le=gathering.MOST)] = gathering.DEFAULT,
    form: Form = "json",
    kind: Kind = None,
    tag: Tags = [],  # noqa: B006
    since: Since = None,
    until: Until = None,
    author: Author = None,
    lang: Lang = None,
    feed: Feeds = [],  # noqa: B006
    zone: Zone = None,
) -> Response:
    """Messages on a question with what is around them, cited and within a budget of tokens."""
    bundle = gathering.context(
        archive, q, tokens=tokens, kind=kind, tags=tag, since=since, until=until, author=author, lang=lang, feeds=feed,
        zone=zone,
    )  # fmt: skip
    if form == "markdown":
        return PlainTextResponse(as_text(bundle), media_type="text/markdown")
    return Json(bundle)
