"""What ``/mcp`` refuses, as its protocol has errors: of JSON-RPC, with the sentence that other doors say.

Clients show such an error to their person, and nothing of any other body. The status and its headers stay as they are.
What does not belong here: refusing (``doors.guards``, ``server``).
"""

from collections.abc import Mapping
from typing import Any

import orjson
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

LARGEST_BODY = 64 * 1024
"""Bytes of a request over HTTP."""
SAID: Mapping[int, tuple[str, str]] = {
    405: ("http", "Only POST is answered here: nothing is sent unasked."),
    406: ("http", "What accepts an answer says so: Accept: application/json, text/event-stream."),
    413: ("too_large", f"A request has at most {LARGEST_BODY} bytes."),
    415: ("http", "What is sent is application/json."),
}
"""Codes and sentences where the library has none of ours, by status."""
NOT_UNDERSTOOD = ("http", "This request is not understood.")


def in_its_words(send: Send) -> Send:
    """Sends answers on; a refusal as JSON-RPC has it. It has no id, for it may come before the request is read."""
    begun: Message | None = None
    body = bytearray()

    async def told(message: Message) -> None:
        nonlocal begun
        if message["type"] == "http.response.start" and message["status"] >= 400:
            begun = message
        elif begun is None:
            await send(message)
        else:
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await _sent(begun, bytes(body), send)

    return told


async def _sent(begun: Message, body: bytes, send: Send) -> None:
    said = _of(begun["status"], body)
    headers = MutableHeaders(raw=list(begun["headers"]))
    headers["content-type"], headers["content-length"] = "application/json", str(len(said))
    await send({**begun, "headers": headers.raw})
    await send({"type": "http.response.body", "body": said})


def _of(status: int, body: bytes) -> bytes:
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    ours = found.get("error") if isinstance(found, dict) else None
    if isinstance(found, dict) and "jsonrpc" in found:
        return body
    code, message = (ours["code"], ours["message"]) if ours else SAID.get(status, NOT_UNDERSTOOD)
    number = INVALID_REQUEST if status < 500 else INTERNAL_ERROR
    error = {"code": number, "message": message, "data": {"code": code}}
    return orjson.dumps({"jsonrpc": "2.0", "id": None, "error": error})
