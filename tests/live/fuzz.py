"""Entries that nobody should send: valid events of every stream, changed field by field and byte by byte.

The same seed gives the same entries. Every text of theirs holds ``MARKER``, so whoever quotes one is found. What does
not belong here: what becomes of them (``test_fuzz``).
"""

import random
from collections.abc import Iterator
from typing import Any

import orjson

from tg_assets.events.streams import INBOUND

MARKER = "Zq7marker"
SHA = "ab" * 32

Sent = tuple[str, dict[bytes, bytes]]
"""A stream and the fields of an entry."""

# As JSON, since no library writes most of them.
NUMBERS = (
    "0", "-0", "-1", "1", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "18446744073709551616", "1" + "0" * 400, "1" + "0" * 5000, "1e400", "-1e999999", "1e-400",
    "0.1", "1.0", "1e3", "NaN", "Infinity", "-Infinity", "1e131073",
)  # fmt: skip
TEXTS = (
    '""', '" "', f'"{MARKER}"', f'"{MARKER}\\u0000{MARKER}"', f'"{MARKER}\\\\u0000"', f'"\\ud800{MARKER}"',
    f'"{MARKER}\\udc00"', f'"\\ud83d\\ude00 {MARKER}"', f'"{MARKER}\x00"', f'"\\u202e\\u001b[31m{MARKER}"',
    f'"{MARKER * 3000}"', f'"../../{MARKER}"', f"\"'; DROP TABLE {MARKER}; --\"", f'"\\uffff\\ufffe {MARKER}"',
    f'"{MARKER}\\r\\n\\t\\\\N\\\\."', '"-1"', '"18446744073709551616"', '"NaN"', '"null"',
)  # fmt: skip
TIMES = (
    '"2026-03-01T10:00:00Z"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999Z"', '"9999-12-31"', "0", "-1",
    "1e18", "253402300800", '"2026-02-30T00:00:00Z"', '"1969-12-31T23:59:59Z"', '"2026-03-01T10:00:00+23:59"',
    '"2106-02-07T06:28:16Z"', '"0001-01-01T00:00:00+14:00"', '"1969-12-31T23:59:59-12:00"',
)  # fmt: skip
SHAPES = (
    "null", "true", "false", "[]", "{}", "[null]", "[[]]", f'{{"{MARKER}":"{MARKER}"}}', f'["{MARKER}"]',
    f'[{{"type":"{MARKER}","id":18446744073709551616}}]', f'{{"type":"user","id":"{MARKER}"}}',
    "[" * 150 + "]" * 150, "[" * 3000 + "]" * 3000, '{"a":' * 190 + "1" + "}" * 190, '{"":"","":1}',
    f'{{"{MARKER}\\u0000":1e400}}', f'[1e400,{{"{MARKER}":18446744073709551616}}]',
)  # fmt: skip
ANY = NUMBERS + TEXTS + TIMES + SHAPES
TIME_NAMES = ("posted_at", "edited_at", "deleted_at", "occurred_at", "forward_date", "analyzed_at")


def base(stream: str, tenant: str, tenant_id: str, number: int) -> dict[str, Any]:
    """A valid event of a stream, with most of the fields that there are."""
    said = f"{MARKER} {number}"
    about: dict[str, Any] = {
        "tenant_id": tenant, "tg_channel_id": -1_001_000_000_007, "telegram_message_id": number,
        "occurred_at": "2026-03-01T10:00:00Z", "chat_title": f"{MARKER} chat", "trace_id": said,
    }  # fmt: skip
    key = f"media/{tenant_id}/ab/{SHA}.jpg"
    file = {"sha256": SHA, "s3_key": key, "mime_type": "image/jpeg", "size_bytes": 4}
    if stream.endswith(("posts:parsed", "posts:edited")):
        return about | {
            "text": said, "posted_at": "2026-03-01T10:00:00Z", "edited_at": "2026-03-01T11:00:00Z",
            "entities": [{"type": "bold", "offset": 0, "length": 2}], "urls": ["https://example.org/"],
            "grouped_id": number // 3 or 1, "media": [{"kind": "photo", "mime": "image/jpeg", "file_name": said}],
            "views_count": 3, "reactions": [{"emoji": "👍", "count": 2}], "author_peer_id": {"type": "user", "id": 7},
            "forward_from_peer_id": {"channel_id": 77}, "forward_date": "2026-02-01T00:00:00Z",
            "poll": {"question": said, "answers": [{"text": said, "voters": 1}]}, "sender_username": said,
        }  # fmt: skip
    if stream.endswith("posts:deleted"):
        return about | {"telegram_message_ids": [number, number + 1], "deleted_at": "2026-03-02T00:00:00Z"}
    if stream.endswith("albums:parsed"):
        return about | {"grouped_id": number, "telegram_message_ids": [number], "caption_text": said}
    if stream.endswith("vision:uploaded"):
        return about | {"media_files": [file]}
    if stream.endswith("vision:analyzed"):
        seen = {"provider": "p", "model": "m", "classification": "photo", "description": said, "context": {said: 1}}
        return about | {"media": [file], "vision": seen, "vision_version": "v1"}
    return about | {
        "user_id": "77", "dialog_type": ("dm", "group")[number % 2], "content": said, "sender_tg_id": 5,
        "posted_at": "2026-03-01T10:00:00Z", "sender_username": said,
    }  # fmt: skip


def entries(seed: int, count: int, tenant: str, tenant_id: str) -> Iterator[Sent]:
    """Entries of all streams in turn; one in ten is as it should be."""
    chance = random.Random(seed)
    for number in range(1, count + 1):
        stream = INBOUND[number % len(INBOUND)].name
        data = orjson.dumps(base(stream, tenant, tenant_id, number))
        way = chance.random()
        if way < 0.1:
            yield stream, {b"data": data}
        elif way < 0.75:
            yield stream, {b"data": _fields(chance, data)}
        elif way < 0.95:
            yield stream, {b"data": _bytes(chance, data)}
        else:
            yield stream, _entry(chance, data)


def _fields(chance: random.Random, data: bytes) -> bytes:
    """Some fields, at any depth, are something else, are there twice, or are new."""
    holes: dict[str, str] = {}

    def hole(value: str) -> str:
        name = f"@{len(holes)}@"
        holes[name] = value
        return name

    event = orjson.loads(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place: Any = event
        while True:
            name: Any = chance.choice(
                [*place, f"{MARKER}{chance.random()}"] if isinstance(place, dict) else range(len(place))
            )
            inner = place.get(name) if isinstance(place, dict) else place[name]
            if not isinstance(inner, dict | list) or not inner or chance.random() < 0.4:
                break
            place = inner
        if isinstance(place, dict) and name in place and chance.random() < 0.15:
            del place[name]
        else:
            place[name] = hole(chance.choice(TIMES if name in TIME_NAMES and chance.random() < 0.5 else ANY))
    said = orjson.dumps(event)
    if chance.random() < 0.1:
        said = b'{"%s":%s,' % (chance.choice(list(event)).encode(), chance.choice(ANY).encode()) + said[1:]
    for name, value in holes.items():
        said = said.replace(f'"{name}"'.encode(), value.encode())
    return said


def _bytes(chance: random.Random, data: bytes) -> bytes:
    """Some bytes are others, are gone, or are there twice."""
    said = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(said) + 1)
        match chance.randrange(6):
            case 0:
                said[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                said[at:at] = chance.choice(
                    (b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'"', b"\\", b"{", b"\n")
                )
            case 2:
                del said[at : at + chance.randrange(1, 40)]
            case 3:
                del said[at:]
            case 4:
                said[at:at] = said[at : at + chance.randrange(1, 60)]
            case _:
                said[at:at] = chance.choice(ANY).encode()
    return bytes(said)


def _entry(chance: random.Random, data: bytes) -> dict[bytes, bytes]:
    """The entry around the event is not what it should be."""
    return chance.choice(
        (
            {b"data": b""},
            {b"body": data},
            {b"data": data, b"more": b"\xff\x00"},
            {b"\xff\x00": MARKER.encode(), b"": b""},
            {b"data": b"[" * 100_000},
            {b"data": data[:-1] + b',"x":"' + b"y" * 1_000_000 + b'"}'},
            {b"data": b"\xef\xbb\xbf" + data},
            {b"data": data.decode().encode("utf-16")},
            {b"DATA": data, b"data": b"null"},
        )
    )
