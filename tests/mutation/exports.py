"""Made-up exports, mutated: as JSON, as bytes, and in the ways they are packed. The same seed gives the same file.

``mutated`` is the generator; ``python -m tests.mutation FIRST COUNT`` runs as many as somebody has time for.
"""

import gzip
import io
import json
import zipfile
from random import Random
from typing import Any

from tests.mutation.tree import MARKER, PERSON, dump, mutate
from tests.telegram.exports import account, chat, message

TEXT = f"{MARKER} привет 😀"
ABSENT = "(File not included. Change data exporting settings to download.)"


def says(number: int, **fields: Any) -> dict[str, Any]:
    """A message of somebody whose name and words are marked."""
    said = {
        "text": TEXT,
        "text_entities": [{"type": "plain", "text": TEXT}],
        "from": MARKER,
        "from_id": f"user{PERSON}",
    }
    return message(number, **(said | {"date_unixtime": str(1682931600 + number)} | fields))


MESSAGES = [
    says(1),
    says(2, edited="2023-05-01T12:00:00", edited_unixtime="1682931700", reply_to_message_id=1),
    says(3, photo=f"photos/{MARKER}.jpg", width=10, height=10, photo_file_size=5),
    says(4, photo=ABSENT, width=10, height=10),
    says(5, file=f"files/{MARKER}.mp4", thumbnail=ABSENT, media_type="video_file", mime_type="video/mp4")
    | {"duration_seconds": 3},
    says(6, forwarded_from=MARKER, forwarded_from_id="channel42", reply_to_message_id=2, reply_to_peer_id="channel9"),
    says(7, poll={"question": TEXT, "closed": False, "total_voters": 2, "answers": [{"text": TEXT, "voters": 2}]}),
    says(8, reactions=[{"type": "emoji", "count": 2, "emoji": "👍"}, {"count": 1, "document_id": "a/b"}]),
    {"id": 9, "type": "service", "date": "2023-05-01T12:00:00", "date_unixtime": "1682931609", "actor": MARKER}
    | {"actor_id": f"user{PERSON}", "action": "invite_members", "members": [MARKER, None], "text": ""},
    says(10, text=["a ", {"type": "text_link", "text": MARKER, "href": f"https://e.org/{MARKER}"}], text_entities=[]),
    says(11, text_entities=[{"type": "custom_emoji", "text": "🙂", "document_id": "5432109876543210987"}]),
    says(12, inline_bot_buttons=[[{"type": "url", "text": TEXT, "data": f"https://example.org/{MARKER}"}]]),
    says(13, contact_information={"first_name": MARKER, "phone_number": PERSON}, contact_vcard=ABSENT),
    says(14, location_information={"latitude": 1.5, "longitude": -2.25}, place_name=TEXT, address=TEXT),
    {"id": 15, "type": "message", "date": "2019-05-01T12:00:00", "from": MARKER, "from_id": 4302283938, "text": TEXT},
]  # fmt: skip
PRIVATE = {"type": "personal_chat", "id": 7316450272, "name": MARKER}
EXPORTS: list[dict[str, Any]] = [
    chat(*MESSAGES, name=MARKER),
    chat(*MESSAGES[:9], type="private_supergroup", name=MARKER),
    chat(*MESSAGES[:4], **PRIVATE),
    account(chat(*MESSAGES, **PRIVATE), chat(*MESSAGES[:6], type="private_group", id=77), chat(), user_id=7316450273),
    account(chat(*MESSAGES[2:8]), left=(chat(*MESSAGES[:2], id=44, name=None),)),
]


JUNK = [
    *(b"\n<<<<<<< HEAD\n", rb"\x0B", b"\\", b'"', b"\x00", b"\x1b", b"{", b"]", b"NaN", b"\r\n", b",", b"<html>"),
]


def mutated(seed: int) -> tuple[str, bytes]:
    """Name and bytes of a file that began as an export."""
    random = Random(seed)
    export = random.choice(EXPORTS)
    value = mutate(random, export) if random.random() < 0.75 else export
    if random.random() < 0.1:
        written = json.dumps(export, ensure_ascii=False, indent=1)
    else:
        written = dump(value, ascii_only=random.random() < 0.3)
    data = _encoded(random, written)
    if random.random() < 0.4:
        data = _damaged(random, data)
    return _packed(random, data)


def _encoded(random: Random, written: str) -> bytes:
    encoding = random.choice(["utf-8"] * 16 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251"])
    return written.encode(encoding, "replace")


def _damaged(random: Random, data: bytes) -> bytes:
    """One of the ways in which bytes go wrong."""
    at = random.randrange(len(data) + 1)
    end = min(len(data), at + random.choice([1, 1, 2, 3, 50, 500]))
    kind = random.randrange(8)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + random.randbytes(random.choice([1, 3, 40])) + data[at:]
    if kind == 3:
        return data[:at] + data[end:]
    if kind == 4:
        return data[:at] + data[at:end] * 3 + data[end:]
    if kind == 5:  # an emoji that was cut
        marked = data.find(MARKER.encode(), at)
        return data[:marked] + b"\xf0\x9f\x98" + data[marked:]
    if kind == 6:
        return data[:at] + random.choice(JUNK) + data[at:]
    return data.replace(b'"a/b"', b"video_files/sticker.webm\n")


def _packed(random: Random, data: bytes) -> tuple[str, bytes]:
    kind = random.randrange(12)
    if kind == 0:
        packed = gzip.compress(data, 1, mtime=0)
        return "result.json.gz", _damaged(random, packed) if random.random() < 0.5 else packed
    if kind == 1:
        into = io.BytesIO()
        with zipfile.ZipFile(into, "w", random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
            archive.writestr(random.choice(["result.json", "a/result.json", "a\\Result.json"]), data)
            archive.writestr(f"photos/{MARKER}.jpg", b"picture")
        packed = into.getvalue()
        return "export.zip", _damaged(random, packed) if random.random() < 0.5 else packed
    return "result.json", data
