"""How far the group is on each stream: unread and pending entries and the age of the oldest. Reads no messages."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tg_assets.events.streams import GROUP, INBOUND, MOST_SHARDS, STREAMS, dlq_of, shard_name
from tg_assets.live.backlog import backlog

if TYPE_CHECKING:
    from redis import Redis


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream as the group sees it. ``oldest_seconds`` is the age of the oldest entry not settled, 0 for none."""

    stream: str
    length: int
    unread: int
    pending: int
    oldest_seconds: float

    @property
    def waiting(self) -> int:
        """Entries not settled."""
        return self.unread + self.pending


def streams_of(shard: int) -> list[str]:
    """Names of the streams that a shard reads."""
    return [shard_name(stream.name, shard) for stream in INBOUND]


def shards(redis: "Redis", chosen: int) -> list[int]:
    """Numbers of the shards that are to be read: as many as were chosen, and those that have streams besides.

    There were more of them before, say, or a program that sends has another number; what it sent is read all the same.
    """
    others = range(chosen, MOST_SHARDS)
    with redis.pipeline(transaction=False) as pipe:
        for shard in others:
            pipe.exists(*streams_of(shard))
        answers: Any = pipe.execute()
    return [*range(chosen), *(shard for shard, there in zip(others, answers, strict=True) if there)]


def kept_by(shard: int) -> list[str]:
    """Names of all streams of a shard, those that it only writes too, and those of its dead letters."""
    names = [shard_name(stream.name, shard) for stream in STREAMS]
    return [*names, *map(dlq_of, streams_of(shard))]


def waiting(redis: "Redis", shard: int) -> int:
    """Entries of a shard that are not settled, in one round trip where Redis knows the lag."""
    server: Any = redis
    streams = streams_of(shard)
    with server.pipeline(transaction=False) as pipe:
        for stream in streams:
            pipe.xinfo_groups(stream)
        answers = pipe.execute(raise_on_error=False)
    total = 0
    for stream, groups in zip(streams, answers, strict=True):
        ours = [one for one in groups if one["name"] == GROUP.encode()] if isinstance(groups, list) else []
        if ours and ours[0].get("lag") is not None:
            total += int(ours[0]["lag"]) + int(ours[0]["pending"])
        else:  # no group yet, no stream at all, or a lag that Redis has to be asked for
            total += backlog(redis, stream)
    return total


def stream_states(redis: "Redis", streams: Iterable[str]) -> list[StreamState]:
    """The state of streams, in their order; those that nobody has written to are empty."""
    return [_stream_state(redis, stream) for stream in streams]


def _stream_state(redis: "Redis", stream: str) -> StreamState:
    server: Any = redis
    length = int(server.xlen(stream))
    if not length:
        return StreamState(stream, 0, 0, 0, 0.0)
    group = next((one for one in server.xinfo_groups(stream) if one["name"] == GROUP.encode()), None)
    total = backlog(server, stream)
    pending = int(group["pending"]) if group else 0
    oldest: list[bytes] = []
    if pending:
        oldest.append(server.xpending(stream, GROUP)["min"])
    after = f"({group['last-delivered-id'].decode()}" if group else "-"
    oldest += [entry_id for entry_id, _ in server.xrange(stream, after, "+", count=1)]
    ages = [time.time() - int(one.partition(b"-")[0]) / 1000 for one in oldest]
    return StreamState(stream, length, total - pending, pending, max(0.0, *ages) if ages else 0.0)
