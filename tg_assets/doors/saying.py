"""What a door says when it has no answer: ``{"error": {"code": …, "message": …}}``, with the status of HTTP.

Sentences are ours; what messages say is in none. What does not belong here: answers.
"""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from tg_assets.answers.cursors import CursorRefused
from tg_assets.answers.plain import as_json
from tg_assets.answers.rows import NotThere
from tg_assets.errors import Listing, NoSuch, ServerDown, ServerRefuses, TgAssetsError
from tg_assets.faults import is_nobodys

LOG = logging.getLogger("tg_assets.serve")
TOLD = "told"
"""In a request's state: its error was answered and, where it is a fault, logged."""

# The first that an error is.
STATUS: tuple[tuple[type[TgAssetsError], int, str], ...] = (
    (NotThere, 404, "not_there"),
    (CursorRefused, 400, "cursor"),
    (ServerDown, 503, "server_down"),
    (ServerRefuses, 503, "set_up"),
    (TgAssetsError, 400, "bad_request"),
)
FAULT = "This is a fault of tg-assets or of something below it; its log has the kind of it."

ASK = "whoever runs this archive makes one (`tg-assets tokens add`)"
NEEDED: Mapping[str, str] = {
    "program": f"A token is needed, as Authorization: Bearer …; {ASK}. The page asks for one and keeps it.",
    "wrong": f"This token opens nothing: it is mistyped, has ended or was revoked; {ASK}.",
    "assistant": f"A token is needed: connect this archive to your assistant anew, and enter one when asked; {ASK}.",
    "feed": "This feed's address does not open it any more: the page, under saved questions, gives another one.",
}
"""What whoever brings no token that opens anything can do, by what asks; ``wrong`` is a program that brought one."""

CALLS: Mapping[Listing, str] = {
    "questions": "/api/v1/questions lists all.",
    "chats": "/api/v1/coverage lists chats, /api/v1/feeds feeds.",
    "posts": "/api/v1/search tells ids.",
    "albums": "/api/v1/questions/albums lists albums.",
    "people": "/api/v1/questions/who-replies lists people.",
    "sources": "/api/v1/questions/most-forwarded lists sources.",
    "pictures": "/api/v1/questions/shared-pictures names some.",
    "feeds": "/api/v1/feeds lists them.",
    "owners": "/api/v1/me tells whose private chats the token shows.",
}

RETRY = {"retry-after": "10"}
SET_UP = "This archive is not set up as it should be. Whoever runs it finds in its log what is to be corrected."
AWAY = "A server behind this one does not answer now. Try again soon."


class Json(Response):
    """An answer of the library as JSON has it (``answers.plain``)."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(as_json(content))


def refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, hint: str | None = None
) -> Json:
    """A sentence instead of an answer; ``hint`` is a call that leads on."""
    more = {} if hint is None else {"hint": hint}
    return Json({"error": {"code": code, "message": message, **more}}, status, dict(headers or {}))


def failed(error: Exception, where: str) -> Json:
    """What is said of any error; of one that is a fault the log gets its kind and its place, not its words, which may
    quote messages."""
    if isinstance(error, TgAssetsError):
        return said(error)
    if is_nobodys(error):
        return refusal(503, "server_down", AWAY, RETRY)
    LOG.error("%s at %s", type(error).__name__, where)
    return refusal(500, "fault", FAULT)


def said(error: TgAssetsError) -> Json:
    """What an error of ours says; of servers that are away only that they are, since addresses concern no caller, and
    of settings nothing, since nobody who asks can correct them."""
    status, code = next((status, code) for kind, status, code in STATUS if isinstance(error, kind))
    if isinstance(error, ServerDown | ServerRefuses):
        return refusal(status, code, unable(error), RETRY)
    return refusal(status, code, str(error), hint=error.hint(CALLS) if isinstance(error, NoSuch) else None)


def unable(error: ServerDown | ServerRefuses) -> str:
    """What is said of a server that is away, or of a setting, which the log names."""
    if isinstance(error, ServerDown):
        return AWAY
    LOG.error("%s", error)
    return SET_UP
