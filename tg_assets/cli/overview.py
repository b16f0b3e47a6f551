"""What ``watch`` shows, gathered: streams, and per tenant what waits. Each part may be away by itself.

What does not belong here: how it looks.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from tg_assets.cli import runtime
from tg_assets.cli.each_tenant import each, tenants
from tg_assets.cli.faults import explain
from tg_assets.live.state import StreamState

T = TypeVar("T")

NAMES_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Away:
    """A part that cannot be seen, and why."""

    reason: str
    word: str = "away"


@dataclass(frozen=True, slots=True)
class TenantState:
    """What waits for a tenant, and its dead letters of the last day."""

    name: str
    dirty: int
    oldest: datetime | None
    outgoing: int
    letters: int


class Part(Generic[T]):
    """Something to ask for again and again, in a thread of its own so that a slow server holds up nothing else."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self.seen: T | Away = Away("", "looking …")

    def refresh(self) -> None:
        """Ask once; afterwards ``seen`` is what was found, or why nothing was."""
        try:
            self.seen = self._ask()
        except Exception as error:  # noqa: BLE001 - whatever ails one server, the others are still worth seeing
            self.seen = Away(explain(error).partition(". ")[0])

    def follow(self) -> None:
        """Ask until the process ends."""

        def keep_asking() -> None:
            while True:
                self.refresh()
                time.sleep(self._seconds)

        threading.Thread(target=keep_asking, daemon=True).start()


def streams() -> list[StreamState]:
    """Every incoming stream, all its shards as one."""
    from tg_assets.events.streams import INBOUND, shard_name
    from tg_assets.live.state import shards, stream_states
    from tg_assets.stores.redis import client

    settings = runtime.settings()
    server = client(settings.require("redis_url"))
    there = shards(server, settings.stream_shards)
    return [_together(stream_states(server, [shard_name(one.name, shard) for shard in there])) for one in INBOUND]


def _together(shards: Sequence[StreamState]) -> StreamState:
    return StreamState(
        shards[0].stream,
        sum(one.length for one in shards),
        sum(one.unread for one in shards),
        sum(one.pending for one in shards),
        max(one.oldest_seconds for one in shards),
    )


class Tenants:
    """The tenant asked for or all, asked again now and then: new ones appear with their first message."""

    def __init__(self, tenant: str | None) -> None:
        self._tenant, self._due, self._names = tenant, 0.0, list[str]()
        self._asking = threading.Lock()

    def states(self) -> list[TenantState]:
        """What waits, tenant by tenant."""
        from sqlalchemy import text

        return [TenantState(name, *connection.execute(text(_WAITING)).one()) for name, connection in each(self._all())]

    def holes(self) -> tuple[int, int]:
        """Holes on the live path and the chats that have them."""
        from tg_assets.landing.holes import holes

        found = [holes(connection, most=0) for _, connection in each(self._all())]
        return sum(one.total for one in found), sum(one.chats for one in found)

    def _all(self) -> list[str]:
        with self._asking:
            if time.monotonic() >= self._due:
                self._names, self._due = tenants(self._tenant), time.monotonic() + NAMES_SECONDS
            return self._names


_WAITING = """
    SELECT (SELECT count(*) FROM (SELECT DISTINCT feed, date FROM dirty) d), (SELECT min(marked_at) FROM dirty),
           (SELECT count(*) FROM outbox),
           (SELECT count(*) FROM dead_letters WHERE created_at > now() - interval '24 hours')
"""
