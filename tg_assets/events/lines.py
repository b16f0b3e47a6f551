"""Events in a text file: a line ``{"stream": NAME, "data": EVENT}`` each.

What a producer could not send is kept in this form, and ``tg-assets produce`` sends such a file. What does not
belong here: Redis.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from tg_assets.events.envelope import BadEvent, Envelope
from tg_assets.events.streams import decode, encode, stream_for, stream_named

LONGEST_FIRST_LINE = 1 << 20
# A message of Telegram is some kilobytes; this much is what one transaction of PostgreSQL takes without complaint.
LONGEST_LINE = 16 << 20


class Line(NamedTuple):
    """A line's stream without its shard, its event, and the event as it was written."""

    stream: str
    event: Envelope
    data: bytes


def to_line(event: Envelope) -> bytes:
    """One line with its line break; JSON holds no other."""
    return b'{"stream":"%s","data":%s}\n' % (stream_for(event).encode(), encode(event))


def read_line(line: bytes, defaults: dict[str, Any] | None = None) -> Line:
    """The event of a line, with fields that it leaves out; raises BadEvent with one sentence."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadEvent(f"it is not JSON ({error.msg})") from None
    if not isinstance(found, dict) or not isinstance(found.get("stream"), str):
        raise BadEvent('it must be {"stream": "stream:posts:parsed", "data": {…}}')
    if not isinstance(found.get("data"), dict):
        raise BadEvent("`data` is not an object")
    name = stream_named(found["stream"]).name
    try:
        data = orjson.dumps({**(defaults or {}), **found["data"]})
    except orjson.JSONEncodeError:  # it reads deeper than it writes
        raise BadEvent("it is nested too deep") from None
    return Line(name, decode(name, data), data)


def read_lines(path: Path, defaults: dict[str, Any] | None = None) -> Iterator[tuple[int, Line | BadEvent]]:
    """Every line of a file that is not blank, with its number from 1; an unusable one as its error."""
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            if line is None:
                yield number, BadEvent(f"it is longer than {LONGEST_LINE:,} bytes")
            elif line.strip():
                try:
                    yield number, read_line(line, defaults)
                except BadEvent as error:
                    yield number, error


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines of a file in bounded memory; None for one that is too long."""
    while line := file.readline(LONGEST_LINE):
        whole = line
        while not line.endswith(b"\n") and (line := file.readline(LONGEST_LINE)):
            whole = b""
        yield whole or None


def is_event_file(path: Path) -> bool:
    """Whether a file holds lines of events: by its name, else by its first line."""
    if not path.is_file():
        return False
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return True
    with path.open("rb") as file:
        first = file.readline(LONGEST_FIRST_LINE)
    try:
        found = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and "stream" in found
