"""A file of which a part may be asked for (RFC 9110, 14): players seek so, and learn how long a recording is.

One range at a time; of several the whole is sent, as the RFC lets one do. What does not belong here: which file.
"""

from re import compile as pattern

from starlette.requests import Request
from starlette.responses import Response

RANGE = pattern(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")


def ranged(request: Request, data: bytes, kind: str, tag: str, headers: dict[str, str]) -> Response:
    """The file, the part of it that is asked for (206), or that there is no such part (416); ``tag`` names its content,
    without which a part of another content could be joined to it."""
    headers = {**headers, "accept-ranges": "bytes", "etag": f'"{tag}"'}
    asked = RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", headers["etag"]) != headers["etag"]:
        return Response(data, media_type=kind, headers=headers)
    first, last, ending = asked.groups()
    if ending is None:
        begin, end = int(first), min(int(last or len(data)) + 1, len(data))
    else:
        begin, end = max(0, len(data) - int(ending)), len(data)
    if begin >= end:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{len(data)}"})
    part = {"content-range": f"bytes {begin}-{end - 1}/{len(data)}"}
    return Response(data[begin:end], 206, media_type=kind, headers={**headers, **part})
