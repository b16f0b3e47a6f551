"""Pictures and voices by the hash of their content, for whoever may see a message that has them."""

from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response

from tg_assets.answers.picture_search import Picture, pictures_by_words, similar_pictures
from tg_assets.answers.pictures import LARGEST, SMALLEST, picture
from tg_assets.answers.voices import voice
from tg_assets.doors.api.asked import Asked, Words
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.api.ranges import ranged
from tg_assets.doors.saying import Json

router = made("files")
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The sha256 of the file.")]
Limit = Annotated[int, Query(ge=1, le=100)]
AUDIO = {"audio/*": {"schema": {"type": "string", "format": "binary"}}}
# What has this hash never changes, but who may see it does: only the reader's browser keeps it, and not for long.
KEPT = {"cache-control": "private, max-age=60"}


@router.get("/pictures", response_model=list[Picture], operation_id="pictures")
def by_words(archive: Asked, q: Words, limit: Limit = 10) -> Response:
    """Pictures that words mean, with a caption or without."""
    return Json(pictures_by_words(archive, q, limit))


@router.get(
    "/pictures/{sha256}",
    operation_id="picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
)
def shown(archive: Asked, sha256: Sha256, size: Annotated[int, Query(ge=SMALLEST, le=LARGEST)] = 1024) -> Response:
    """A picture as a new JPEG, its longer side at most ``size`` pixels."""
    return Response(picture(archive, sha256, size).data, media_type="image/jpeg", headers=KEPT)


@router.get("/pictures/{sha256}/similar", response_model=list[Picture], operation_id="similar_pictures")
def alike(archive: Asked, sha256: Sha256, limit: Limit = 10) -> Response:
    """Pictures that look like another, then those that show the same."""
    return Json(similar_pictures(archive, sha256, limit))


@router.get(
    "/voices/{sha256}",
    operation_id="voice",
    response_class=Response,
    responses={
        200: {"content": AUDIO},
        206: {"description": "The part that Range asks for", "content": AUDIO},
        416: {"description": "Range asks for no part of it"},
    },
)
def heard(archive: Asked, sha256: Sha256, request: Request) -> Response:
    """A voice note or a piece of music as it was sent, or a part of it (Range)."""
    found = voice(archive, sha256)
    return ranged(request, found.data, found.mime, sha256, KEPT)
