"""Parts of a file are sent as players ask for them."""

import pytest
from starlette.requests import Request

from tg_assets.doors.api.ranges import ranged

DATA = bytes(range(10))


@pytest.mark.parametrize(
    ("asked", "status", "sent", "told"),
    [
        (None, 200, DATA, None),
        ("bytes=0-", 206, DATA, "bytes 0-9/10"),
        ("bytes=3-5", 206, DATA[3:6], "bytes 3-5/10"),
        ("bytes=8-99", 206, DATA[8:], "bytes 8-9/10"),
        ("bytes=-4", 206, DATA[-4:], "bytes 6-9/10"),
        ("bytes=-99", 206, DATA, "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=0-1,4-5", 200, DATA, None),
        ("items=0-1", 200, DATA, None),
        ("bytes=x-", 200, DATA, None),
    ],
)
def test_a_part(asked: str | None, status: int, sent: bytes, told: str | None) -> None:
    given = [] if asked is None else [(b"range", asked.encode())]
    answer = ranged(Request({"type": "http", "headers": given}), DATA, "audio/ogg", "x", {"cache-control": "private"})
    assert (answer.status_code, answer.body, answer.headers.get("content-range")) == (status, sent, told)
    assert (answer.headers["accept-ranges"], answer.headers["cache-control"]) == ("bytes", "private")


@pytest.mark.parametrize(("tag", "status"), [('"x"', 206), ('"y"', 200)])
def test_no_part_of_another_content(tag: str, status: int) -> None:
    headers = [(b"range", b"bytes=1-2"), (b"if-range", tag.encode())]
    assert ranged(Request({"type": "http", "headers": headers}), DATA, "audio/ogg", "x", {}).status_code == status
