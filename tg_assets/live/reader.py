"""Reading one shard's streams as the consumer group ``tg_assets``: pending entries first, then new ones.

The consumer's name is the shard's, so what a killed reader left pending is simply its successor's. Reading
acknowledges nothing; ``ack`` is called after the database has committed. What does not belong here: what
entries mean.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tg_assets.events.streams import GROUP

if TYPE_CHECKING:
    from redis import Redis

# What kills the process is found by portions that shrink with each delivery: 5,000, 5,000 (most deaths are nobody's
# fault), 312, 19, 1. An entry that was read alone and did not come through is not tried again.
SHRINK = 16
FATAL_DELIVERIES = 5

# Entries that another consumer of the group read and let lie for this long are taken over.
ABANDONED_MS = 60_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream as it was read; ``deliveries`` counts how often, this time included."""

    stream: str
    id: str
    fields: dict[bytes, bytes]
    deliveries: int = 1

    @property
    def data(self) -> bytes:
        """The event's JSON; empty when the entry has no field ``data``."""
        return self.fields.get(b"data", b"")

    def text(self) -> str:
        """The entry as text for people: its event, or its fields as JSON when it has none."""
        if self.data:
            return self.data.decode(errors="backslashreplace")
        shown = {
            key.decode(errors="backslashreplace"): value.decode(errors="backslashreplace")
            for key, value in self.fields.items()
        }
        return json.dumps(shown, ensure_ascii=False)


def portion(count: int, delivery: int) -> int:
    """How many entries to read at once at their n-th delivery."""
    return max(1, count // int(SHRINK ** max(0, delivery - 2)))


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


class Reader:
    """The group's reader of some streams. All methods raise redis' errors when the server is away."""

    def __init__(self, redis: "Redis", streams: Sequence[str], consumer: str) -> None:
        self._redis: Any = redis
        self._streams = list(streams)
        self._consumer = consumer

    def ensure_groups(self) -> None:
        """Create streams and groups that are not there: on first use, or after Redis came back empty."""
        from redis.exceptions import ResponseError

        for stream in self._streams:
            try:
                self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def pending(self, count: int) -> list[Entry]:
        """The oldest entries that were read and never acknowledged, of each stream, at most ``count`` of each."""
        found: list[Entry] = []
        for stream in self._streams:
            self._redis.xautoclaim(stream, GROUP, self._consumer, ABANDONED_MS, "0-0", count=count, justid=True)
            waiting = self._redis.xpending_range(stream, GROUP, "-", "+", count, consumername=self._consumer)
            if not waiting:
                continue
            size = portion(count, waiting[0]["times_delivered"] + 1)
            # Reading them again counts as a delivery.
            deliveries = {one["message_id"]: one["times_delivered"] + 1 for one in waiting}
            read = self._redis.xreadgroup(GROUP, self._consumer, {stream: "0"}, count=size)
            for _, entries in read:
                for entry_id, fields in entries:
                    if fields is None:  # trimmed or deleted while it was pending: nothing is left to read
                        self._redis.xack(stream, GROUP, entry_id)
                        continue
                    found.append(Entry(stream, entry_id.decode(), fields, deliveries.get(entry_id, 1)))
        return found

    def new(self, count: int, block_ms: int) -> list[Entry]:
        """Entries that nobody has read; waits up to ``block_ms`` for one."""
        read = self._redis.xreadgroup(
            GROUP, self._consumer, dict.fromkeys(self._streams, ">"), count=count, block=max(1, block_ms)
        )
        return [
            Entry(stream.decode(), entry_id.decode(), fields)
            for stream, entries in read or ()
            for entry_id, fields in entries
        ]

    def ack(self, entries: Iterable[Entry]) -> None:
        """Acknowledge entries whose effects are committed."""
        by_stream: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            by_stream[entry.stream].append(entry.id)
        with self._redis.pipeline(transaction=False) as pipe:
            for stream, entry_ids in by_stream.items():
                pipe.xack(stream, GROUP, *entry_ids)
            pipe.execute()

    def trim(self) -> int:
        """Drop entries below what every group of each stream has acknowledged; returns how many."""
        return sum(trim(self._redis, stream) for stream in self._streams)


def trim(redis: "Redis", stream: str, keep: int | None = None) -> int:
    """Drop what every group has acknowledged. A stream without groups keeps its newest ``keep`` entries."""
    server: Any = redis
    groups = server.xinfo_groups(stream) if server.exists(stream) else []
    if not groups:
        return int(server.xtrim(stream, maxlen=keep, approximate=True)) if keep is not None else 0
    floors = []
    for group in groups:
        waiting = server.xpending(stream, group["name"])
        if waiting["pending"]:
            floors.append(waiting["min"].decode())
        else:
            milliseconds, sequence = _number(group["last-delivered-id"].decode())
            floors.append(f"{milliseconds}-{sequence + 1}")
    return int(server.xtrim(stream, minid=min(floors, key=_number), approximate=True))
