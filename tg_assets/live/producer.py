"""The typed producer: events into streams, in order, and no faster than they are read.

Once a stream holds ``high_water`` entries that nobody has handled, the producer waits, or keeps events in a file
(``spill_path``) that is sent first as soon as there is room, by this process or the next. The same when Redis is
away. After a lost connection a batch may be in its stream twice; events are idempotent. Not thread-safe.
What does not belong here: making events, reading streams.
"""

import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from tg_assets.events.envelope import Envelope, stamped
from tg_assets.events.spill import Spill
from tg_assets.events.streams import encode, stream_for
from tg_assets.live.delivery import Delivery, Full, Waiting
from tg_assets.stores.redis import client

if TYPE_CHECKING:
    from redis import Redis

BATCH = 500


class Producer:
    """Sends events. ``spill_path`` is required with ``on_full="spill"``; ``close`` leaves unsent events in it."""

    def __init__(
        self,
        redis: "Redis | str",
        shards: int = 1,
        high_water: int = 200_000,
        on_full: Literal["wait", "spill"] = "wait",
        spill_path: Path | None = None,
        *,
        waiting: Waiting | None = None,
        check_every: int = 5_000,
        away_seconds: float = 60.0,
        retry_seconds: float = 1.0,
    ) -> None:
        if on_full == "spill" and spill_path is None:
            raise ValueError('on_full="spill" needs spill_path')
        self._shards, self._retry_seconds = shards, retry_seconds
        self._delivery = Delivery(
            client(redis) if isinstance(redis, str) else redis,
            high_water,
            on_full == "wait",
            waiting,
            check_every,
            away_seconds,
            retry_seconds,
        )
        self._spill = Spill(spill_path) if spill_path is not None else None
        self._try_again_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def spilled(self) -> bool:
        """Whether events are waiting in the file."""
        return bool(self._spill)

    def send(self, event: Envelope) -> str | None:
        """Send one event; returns its id in the stream, None when it was spilled."""
        return self.send_many([event])[0]

    def send_many(self, events: Iterable[Envelope]) -> list[str | None]:
        """Send events in order; returns an id each, None for those that were spilled.

        Raises TgAssetsError when Redis refuses, or, unless spilling, stays away.
        """
        ids: list[str | None] = []
        rest = iter(events)
        while batch := [stamped(event) for event in islice(rest, BATCH)]:
            ids += self._send(batch)
        return ids

    def resend(self) -> bool:
        """Send what is in the file as far as there is room; whether nothing is left in it."""
        while self._spill:
            if time.monotonic() < self._try_again_at:
                return False
            lines = self._spill.peek(BATCH)
            try:
                self._delivery.deliver([(stream_for(line.event, self._shards), line.data) for line in lines])
            except Full:
                self._try_again_at = time.monotonic() + self._retry_seconds
                return False
            self._spill.done()
        return True

    def close(self) -> None:
        """Let go of the file; what is in it waits for the next producer."""
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def _send(self, batch: list[Envelope]) -> list[str | None]:
        if self.resend():
            try:
                return [*self._delivery.deliver([(stream_for(one, self._shards), encode(one)) for one in batch])]
            except Full:
                self._try_again_at = time.monotonic() + self._retry_seconds
        assert self._spill is not None  # only a producer that spills is ever without room
        self._spill.append(batch)
        return [None] * len(batch)
