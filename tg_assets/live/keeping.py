"""How long streams keep what every group has acknowledged: so long that people and new groups find some history.

What some group has not acknowledged is kept whatever its age. What does not belong here: reading entries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis

# Entries looked at or dropped in one call, so that Redis stays free for others meanwhile.
PAGE = 10_000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NTH = """
local page = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])
return #page > 0 and page[#page][1] or '0-0'
"""


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of a stream: at most so many entries, none older than so many seconds."""

    seconds: int
    entries: int

    @classmethod
    def of(cls, said: str) -> "Keep":
        """From the setting ``TG_STREAM_KEEP``: ``1d,100000``."""
        age, _, entries = said.partition(",")
        return cls(int(age[:-1]) * _UNITS[age[-1]], int(entries))


def trim(redis: "Redis", stream: str, keep: Keep) -> int:
    """Drop what is beyond ``keep`` and acknowledged by every group of the stream; returns how many entries went.

    Whole nodes of about a hundred entries go, so a few more than asked for may stay.
    """
    server: Any = redis
    seconds, _ = server.time()
    old, dropped = ((seconds - keep.seconds) * 1000, 0), 0
    while length := int(server.xlen(stream)):
        bound = old
        if (excess := min(length - keep.entries, PAGE)) > 0:
            bound = max(old, _number(server.eval(_NTH, 1, stream, excess + 1)))
        bound = min([bound, *_floors(server, stream)])
        gone = int(server.xtrim(stream, minid=f"{bound[0]}-{bound[1]}", approximate=True))
        dropped += gone
        if gone < PAGE // 2:
            break
    return dropped


def _floors(server: Any, stream: str) -> Iterable[tuple[int, int]]:
    """The first entry of each group that it has not acknowledged, or that it may be given next."""
    for group in server.xinfo_groups(stream):
        first = server.xpending(stream, group["name"])["min"] if group["pending"] else None
        milliseconds, sequence = _number(first or group["last-delivered-id"])
        yield milliseconds, sequence + (first is None)


def _number(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.decode().partition("-")
    return int(milliseconds), int(sequence or 0)
