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


def trim(redis: "Redis", stream: str, keep: Keep, *, exact: bool = False) -> int:
    """Drop what is beyond ``keep`` and acknowledged by every group of the stream; returns how many entries went.

    Whole nodes of about a hundred entries go, so a few more than asked for may stay, unless it is to be ``exact``.
    """
    server: Any = redis
    dropped = 0
    while bound := _bound(server, stream, keep):
        gone = int(server.xtrim(stream, minid=bound, approximate=True))
        dropped += gone
        if gone < PAGE // 2:
            return dropped + (int(server.xtrim(stream, minid=bound, approximate=False)) if exact else 0)
    return dropped


def overdue(redis: "Redis", stream: str, keep: Keep) -> bool:
    """Whether an exact ``trim`` would drop something."""
    server: Any = redis
    bound = _bound(server, stream, keep)
    return bound is not None and bool(server.xrange(stream, "-", f"({bound}", count=1))


def _bound(server: Any, stream: str, keep: Keep) -> str | None:
    """The first entry that stays, of a page's worth at most; None where there is no entry."""
    length = int(server.xlen(stream))
    if not length:
        return None
    seconds, _ = server.time()
    bound = ((seconds - keep.seconds) * 1000, 0)
    if (excess := min(length - keep.entries, PAGE)) > 0:
        bound = max(bound, _number(server.eval(_NTH, 1, stream, excess + 1)))
    milliseconds, sequence = min([bound, *_floors(server, stream)])
    return f"{milliseconds}-{sequence}"


def _floors(server: Any, stream: str) -> Iterable[tuple[int, int]]:
    """The first entry of each group that it has not acknowledged, or that it may be given next."""
    for group in server.xinfo_groups(stream):
        first = server.xpending(stream, group["name"])["min"] if group["pending"] else None
        milliseconds, sequence = _number(first or group["last-delivered-id"])
        yield milliseconds, sequence + (first is None)


def _number(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.decode().partition("-")
    return int(milliseconds), int(sequence or 0)
