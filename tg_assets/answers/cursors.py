"""Where an answer goes on: opaque cursors that are of use for one archive and one question only.

A cursor holds a place (how far, after which id) and a keyed hash of it. The key is made of the tenant, the owners, the
feeds and the question, so that a cursor of somebody else, of another question or with a changed letter is refused. The
hash is no secret: who knows this file can write a cursor with another place, and gets what the archive shows there, as
by asking on, or is refused where that can be no place. What does not belong here: what places mean.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tg_assets.answers.archive import Archive
from tg_assets.answers.plain import as_json
from tg_assets.errors import TgAssetsError
from tg_assets.ids import MESSAGE_ID_MAX

Place = Sequence[str | int]
SEAL_BYTES = 16
LONGEST = 1000
FARTHEST = 1_000_000
"""Results after which nobody asks on."""


class CursorRefused(TgAssetsError):
    """The cursor is not one that this archive gave for this question."""


def is_count(said: Any) -> bool:
    """How many results there were."""
    return type(said) is int and 0 <= said <= FARTHEST


def is_number(said: Any) -> bool:
    """The number of a message at Telegram, also of one that has none there."""
    return type(said) is int and abs(said) <= MESSAGE_ID_MAX


def is_id(said: Any) -> bool:
    """An id as we write it."""
    return isinstance(said, str) and str(UUID(said)) == said


def is_time(said: Any) -> bool:
    """An aware time as we write it."""
    at = datetime.fromisoformat(said)
    return at.tzinfo is not None and at.isoformat() == said


IN_TIME = (is_time, is_number, is_id)
"""Places among messages in order of time."""


def _seal(archive: Archive, question: Sequence[Any], place: bytes) -> bytes:
    feeds = None if archive.feeds is None else sorted(archive.feeds)
    bound = orjson.dumps(as_json([archive.tenant, sorted(archive.owners), feeds, list(question)]))
    key = hashlib.blake2b(bound, digest_size=32).digest()
    return hashlib.blake2b(place, digest_size=SEAL_BYTES, key=key).digest()


def written(archive: Archive, question: Sequence[Any], place: Place) -> str:
    """The cursor of a place in the answer to a question, which is the function's name and all that it was given."""
    body = orjson.dumps(list(place))
    return base64.urlsafe_b64encode(_seal(archive, question, body) + body).decode().rstrip("=")


def place_of(
    archive: Archive, question: Sequence[Any], cursor: str | None, kinds: Sequence[Callable[[Any], bool]]
) -> list[Any] | None:
    """The place that a cursor of this archive and question means, of parts of these ``kinds``; None where there is no
    cursor.

    Raises CursorRefused.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        both = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        seal, body = both[:SEAL_BYTES], both[SEAL_BYTES:]
        # The last letter of base64 has bits that say nothing: only the one way of writing it is taken.
        if seal != _seal(archive, question, body) or base64.urlsafe_b64encode(both).decode().rstrip("=") != cursor:
            raise ValueError
        place: list[Any] = orjson.loads(body)
        if not all(is_one(said) for is_one, said in zip(kinds, place, strict=True)):
            raise ValueError
    except (ValueError, TypeError, binascii.Error):
        raise CursorRefused(
            "This cursor was not given for this question to this archive (tenant, owners, feeds), or it was changed. "
            "Ask without a cursor to begin again."
        ) from None
    return place
