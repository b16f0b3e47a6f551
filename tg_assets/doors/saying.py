"""What a door says when it has no answer: ``{"error": {"code": …, "message": …}}``, with the status of HTTP.

Sentences are ours; what messages say is in none. What does not belong here: answers.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from tg_assets.answers.cursors import CursorRefused
from tg_assets.answers.plain import as_json
from tg_assets.answers.rows import NotThere
from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError

# The first that an error is.
STATUS: tuple[tuple[type[TgAssetsError], int, str], ...] = (
    (NotThere, 404, "not_there"),
    (CursorRefused, 400, "cursor"),
    (ServerDown, 503, "server_down"),
    (ServerRefuses, 503, "server_down"),
    (TgAssetsError, 400, "bad_request"),
)
FAULT = "This is a fault of tg-assets or of something below it; its log has the kind of it."

AWAY = "A server behind this one does not answer now. Try again soon."


class Json(Response):
    """An answer of the library as JSON has it (``answers.plain``)."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(as_json(content))


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Json:
    """A sentence instead of an answer."""
    return Json({"error": {"code": code, "message": message}}, status, dict(headers or {}))


def said(error: TgAssetsError) -> Json:
    """What an error of ours says; of servers that are away only that they are, since addresses concern no caller."""
    status, code = next((status, code) for kind, status, code in STATUS if isinstance(error, kind))
    if status == 503:
        return refusal(status, code, AWAY, {"retry-after": "10"})
    return refusal(status, code, str(error))
