"""Appending entries to streams: after making sure of room, and again while Redis is away.

What does not belong here: events and their file (``producer``).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from redis.exceptions import AuthenticationError, ConnectionError, OutOfMemoryError, RedisError, TimeoutError

from tg_assets.errors import TgAssetsError
from tg_assets.events.streams import FIELD
from tg_assets.live.backlog import backlog

AWAY = (ConnectionError, TimeoutError, OutOfMemoryError)
LONGEST_PAUSE = 5.0

Entry = tuple[str, bytes]
"""Stream and event."""
Waiting = Callable[[str, int], None]
"""Told what is waited for and how many entries are unread, whenever nothing could be sent."""


class Full(Exception):
    """A stream has no room, or Redis is away."""


@dataclass(slots=True)
class Delivery:
    """How to deliver. A patient one waits; an impatient one raises Full at once.

    ``check_every`` entries of a stream go without another look at its backlog; ``away_seconds`` is how long Redis
    may be away.
    """

    redis: Any
    high_water: int
    patient: bool
    waiting: Waiting | None = None
    check_every: int = 5_000
    away_seconds: float = 60.0
    retry_seconds: float = 1.0
    _room: Counter[str] = field(default_factory=Counter)

    def deliver(self, entries: Sequence[Entry]) -> list[str]:
        """Append entries in order once their streams have room; returns their ids.

        Raises TgAssetsError when Redis refuses, or stays away.
        """
        started, pause = time.monotonic(), 0.1
        while True:
            try:
                self._find_room(Counter(stream for stream, _ in entries))
                return self._append(entries)
            except AuthenticationError:
                raise TgAssetsError("Redis refuses the name or password in TG_REDIS_URL. Correct it.") from None
            except AWAY as error:
                if not self.patient:
                    raise Full from None
                self._tell("Redis is away", 0)
                if time.monotonic() - started > self.away_seconds:
                    self._give_up(error)
                time.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            except RedisError as error:
                raise TgAssetsError(f"Redis refuses events: {error}. Nothing more was sent.") from None

    def _append(self, entries: Sequence[Entry]) -> list[str]:
        with self.redis.pipeline(transaction=False) as pipeline:
            for stream, data in entries:
                pipeline.xadd(stream, {FIELD: data})
            return [found.decode() if isinstance(found, bytes) else str(found) for found in pipeline.execute()]

    def _find_room(self, needed: Counter[str]) -> None:
        """Return when every stream has room; one that has any takes a whole batch."""
        for stream, count in needed.items():
            while self._room[stream] <= 0:
                unread = backlog(self.redis, stream, enough=self.high_water - self.check_every)
                self._room[stream] = min(self.check_every, self.high_water - unread)
                if self._room[stream] <= 0:
                    if not self.patient:
                        raise Full
                    self._tell(stream, unread)
                    time.sleep(self.retry_seconds)
            self._room[stream] -= count

    def _give_up(self, error: Exception) -> NoReturn:
        raise TgAssetsError(
            f"Redis did not take events for {self.away_seconds:.0f} s ({type(error).__name__}). Is it running "
            "(`tg-assets up`), and does TG_REDIS_URL point at it? What was sent stays sent."
        ) from None

    def _tell(self, what: str, unread: int) -> None:
        if self.waiting:
            self.waiting(what, unread)
