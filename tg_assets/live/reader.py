"""Reading one shard's streams as the consumer group ``tg_assets``: pending entries first, then new ones.

The consumer's name is the shard's, so what a killed reader left pending is simply its successor's. Reading
acknowledges nothing; ``ack`` is called after the database has committed. What does not belong here: what
entries mean.

What kills the process is found by its deliveries, which Redis counts and this module alone raises: once when an entry
is new, and then for exactly those that are about to be applied. So only what is being applied when the process dies
is suspected, whatever else waits on the shard's streams; the suspects are tried in ever smaller portions, and what
dies alone, again and again, is given up.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError

from tg_assets.events.streams import GROUP

if TYPE_CHECKING:
    from redis import Redis

# Portions by delivery: 5,000, 5,000 (most deaths are nobody's fault), 312, 19, and 1 from the fifth on.
SHRINK = 16
ALONE = 5
# An entry that was applied alone so often, and the process died each time, is not tried again.
DEATHS = 3
FATAL_DELIVERIES = ALONE + DEATHS - 1

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

    @property
    def size(self) -> int:
        """Bytes of its fields."""
        return sum(len(name) + len(value) for name, value in self.fields.items())

    @property
    def is_text(self) -> bool:
        """Whether ``text`` says exactly what the entry is: its event alone, in UTF-8."""
        if not self.data or self.fields.keys() != {b"data"}:
            return False
        try:
            self.data.decode()
        except UnicodeDecodeError:
            return False
        return True

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
    """How many entries to apply together at their n-th delivery."""
    return 1 if delivery >= ALONE else max(1, count // SHRINK ** max(0, delivery - 2))


class Reader:
    """The group's reader of some streams. All methods raise redis' errors when the server is away."""

    def __init__(self, redis: "Redis", streams: Sequence[str], consumer: str) -> None:
        self._redis: Any = redis
        self._streams = list(streams)
        self._consumer = consumer

    def ensure_groups(self) -> None:
        """Create streams and groups that are not there: on first use, or after Redis came back empty."""
        for stream in self._streams:
            try:
                self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def pending(self, count: int) -> list[Entry]:
        """Entries that were read and never acknowledged, ``count`` at most; the least suspect ones first.

        They belong to several streams and have been delivered equally often. Apply them, and nothing else, before the
        next ones are read: this counts as a delivery.
        """
        while waiting := self._waiting(count):
            delivered = min(waiting)[0]
            together = [one for one in waiting if one[0] == delivered][: portion(count, delivered + 1)]
            chosen: dict[str, list[bytes]] = defaultdict(list)
            for _, number, entry_id in together:
                chosen[self._streams[number]].append(entry_id)
            entries = [one for stream, some in chosen.items() for one in self._claim(stream, some, delivered + 1)]
            if entries:  # else they were trimmed or deleted while they were pending
                return entries
        return []

    def _waiting(self, count: int) -> list[tuple[int, int, bytes]]:
        """The oldest pending entries of each stream: how often each was delivered, its stream's number, and its id."""
        waiting: list[tuple[int, int, bytes]] = []
        for number, stream in enumerate(self._streams):
            self._take_over(stream, count)
            found = self._redis.xpending_range(stream, GROUP, "-", "+", count, consumername=self._consumer)
            waiting += [(one["times_delivered"], number, one["message_id"]) for one in found]
        return waiting

    def _take_over(self, stream: str, count: int) -> None:
        """What another consumer of the group let lie; how often that one was given it says nothing about it."""
        found = self._redis.xpending_range(stream, GROUP, "-", "+", count, idle=ABANDONED_MS)
        theirs = [one["message_id"] for one in found if one["consumer"] != self._consumer.encode()]
        if theirs:
            self._redis.xclaim(stream, GROUP, self._consumer, ABANDONED_MS, theirs, retrycount=1, justid=True)

    def _claim(self, stream: str, entry_ids: list[bytes], delivery: int) -> list[Entry]:
        """Entries for another delivery; those that are gone are acknowledged, since nothing of them is left to read."""
        read = self._redis.xclaim(stream, GROUP, self._consumer, 0, entry_ids)
        there = {entry_id: fields for entry_id, fields in read if fields}
        if gone := [one for one in entry_ids if one not in there]:
            self._redis.xack(stream, GROUP, *gone)
        return [Entry(stream, entry_id.decode(), fields, delivery) for entry_id, fields in there.items()]

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Entries were not applied, and nobody died of it: this delivery does not count."""
        by_delivery: dict[tuple[str, int], list[str]] = defaultdict(list)
        for entry in entries:
            by_delivery[entry.stream, entry.deliveries].append(entry.id)
        with suppress(RedisError):  # when Redis is away as well it counts, once
            for (stream, delivery), some in by_delivery.items():
                self._redis.xclaim(stream, GROUP, self._consumer, 0, some, retrycount=delivery - 1, justid=True)

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

    def drop(self, entries: Iterable[Entry]) -> None:
        """Delete entries that must not stay in their streams."""
        by_stream: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            by_stream[entry.stream].append(entry.id)
        for stream, some in by_stream.items():
            self._redis.xdel(stream, *some)
