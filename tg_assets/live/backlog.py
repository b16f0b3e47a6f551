"""How many entries of a stream the consumer group has not handled: what a producer looks at before it goes on.

What does not belong here: reading entries, deciding what to do about a backlog.
"""

from typing import Any

from redis.exceptions import ResponseError

from tg_assets.events.streams import GROUP

# Redis does not know a group's lag once entries were deleted, or the group began in the middle: then its entries
# are counted on the server, a page at a time, so that it stays free for others and no message is transferred.
PAGE = 2_000
_COUNT = """
local page = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
return {#page, #page > 0 and page[#page][1] or ARGV[1]}
"""


def backlog(redis: Any, stream: str, group: str = GROUP, enough: int = 0) -> int:
    """Entries that were not delivered to the group or not acknowledged; all of them while there is no group.

    Counting a long stream takes seconds: one that holds at most ``enough`` entries is taken to be all backlog.
    """
    try:
        groups = redis.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" in str(error).lower():
            return 0
        raise
    for found in groups:
        if _text(found["name"]) == group:
            if (lag := found.get("lag")) is not None:
                return int(lag) + int(found["pending"])
            if (held := int(redis.xlen(stream))) <= enough:
                return held
            return _after(redis, stream, _text(found["last-delivered-id"])) + int(found["pending"])
    return int(redis.xlen(stream))


def _after(redis: Any, stream: str, last: str) -> int:
    """Entries after an id."""
    total, count = 0, PAGE
    while count == PAGE:
        count, place = redis.eval(_COUNT, 1, stream, last, PAGE)
        total, last = total + count, _text(place)
    return total


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
