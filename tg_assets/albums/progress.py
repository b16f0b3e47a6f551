"""How far albums are, in Redis, for people: ``album:state:{album_id}`` for a day, ``album_seen:…`` for six hours.

The truth is in PostgreSQL: a key that expired, or that could not be written, loses nothing. No text of a message or
picture is in it. What does not belong here: deciding anything by these keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis import Redis

STATE_SECONDS = 86_400
SEEN_SECONDS = 21_600


@dataclass(frozen=True, slots=True)
class Progress:
    """An album's items by what is known of their pictures; ids as text, moments aware."""

    album_id: str
    grouped_id: int
    channel_id: str
    tenant_id: str
    items_count: int
    post_ids: Sequence[str]
    items_analyzed: Sequence[str]
    items_settled: Sequence[str]
    first_analyzed_at: datetime | None
    last_analyzed_at: datetime | None
    status: str
    """``waiting`` or ``assembled``."""


def show(redis: "Redis", albums: Sequence[Progress]) -> bool:
    """Write the keys of some albums in one round trip; False when Redis does not take them."""
    if not albums:
        return True
    pipeline = redis.pipeline(transaction=False)
    for album in albums:
        pipeline.set(f"album:state:{album.album_id}", orjson.dumps(album), ex=STATE_SECONDS)
        pipeline.set(f"album_seen:{album.channel_id}:{album.grouped_id}", album.album_id, ex=SEEN_SECONDS)
    try:
        pipeline.execute()
    except RedisError:
        return False
    return True
