"""Questions that have a name, asked of the graph."""

from typing import Annotated

from fastapi import Depends, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from tg_assets.answers.asking import Answer, ask, described, questions
from tg_assets.doors.api.asked import Asked, only_known
from tg_assets.doors.api.asked import router as made
from tg_assets.doors.saying import Json
from tg_assets.errors import TgAssetsError

router = made("graph", own_check=True)


class Parameter(BaseModel):
    """One of a question's parameters."""

    name: str
    kind: str
    help: str
    example: str
    is_required: bool
    default: str | int | None


class Named(BaseModel):
    """A question."""

    name: str
    english: str
    russian: str
    is_dated: bool
    parameters: list[Parameter]
    columns: list[str]


@router.get("/questions", response_model=list[Named], operation_id="questions", dependencies=[Depends(only_known)])
def known(archive: Asked) -> Response:
    """All questions with their parameters."""
    return Json([described(one) for one in questions()])


@router.get("/questions/{name}", response_model=Answer, operation_id="ask")
def asked(archive: Asked, name: Annotated[str, Path(max_length=100)], request: Request) -> Response:
    """Ask one: its parameters by their names, besides ``limit`` and, where it is dated, ``since`` and ``until``."""
    given = request.query_params
    if len(given) != len(given.multi_items()):
        raise TgAssetsError("A parameter is given twice.")
    return Json(ask(archive, name, **dict(given)))
