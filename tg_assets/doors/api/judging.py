"""«This is it», «not it»: what people say of results, kept for measuring the search."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from tg_assets.answers.judgements import judge
from tg_assets.doors.api.asked import Asked
from tg_assets.doors.api.asked import router as made

router = made("judgements")


class Judgement(BaseModel):
    """Whether a result is what a question meant; of several about the same the last one counts."""

    question: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
    result: UUID
    is_it: bool


@router.post("/judgements", status_code=204, operation_id="judge", response_class=Response)
def said(archive: Asked, judgement: Judgement, request: Request) -> Response:
    """Keep what somebody says of a result."""
    judge(archive, request.state.access.token, judgement.question, judgement.result, judgement.is_it)
    return Response(status_code=204)
