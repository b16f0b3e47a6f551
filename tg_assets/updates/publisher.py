"""Events of all accounts into the streams, in the order they were handed in, from a thread of their own.

What is handed in is kept in memory until it is in Redis or, while Redis is away or full, on disk; whoever waits for
that is told. What does not belong here: making events.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tg_assets.errors import TgAssetsError
from tg_assets.events.envelope import Envelope
from tg_assets.live.producer import BATCH, Producer

# Events that come one by one leave together.
GATHER_SECONDS = 0.05
RETRY_SECONDS = 1.0

MakeProducer = Callable[[Path], Producer]


class _Item(NamedTuple):
    events: Sequence[Envelope]
    safe: "asyncio.Future[bool] | None" = None


class Publisher:
    """Publishes what ``submit`` takes while ``run`` runs. ``directory`` has the files of what could not be sent."""

    def __init__(self, make: MakeProducer, directory: Path) -> None:
        self._make, self._directory = make, directory
        self._items: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self._closing = self._closed = False
        self.sent = self.spilled = self.waiting = 0
        """Events in Redis, on disk instead, and in memory."""
        self.behind = False
        """Whether there are events on disk at this moment."""

    def submit(self, events: Sequence[Envelope]) -> None:
        """Publish events after all that was handed in before."""
        if events:
            self._put(_Item(events))

    async def drained(self) -> bool:
        """Return once everything handed in so far is safe; False when it never will be."""
        if self._closed:
            return False
        safe: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._put(_Item((), safe))
        return await safe

    def _put(self, item: _Item) -> None:
        self._items.append(item)
        self.waiting += len(item.events)
        self._wake.set()

    def close(self) -> None:
        """Have ``run`` end once everything handed in is safe."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until closed; raises TgAssetsError when Redis refuses events or the disk takes none."""
        with ThreadPoolExecutor(1, "publisher") as thread:
            loop = asyncio.get_running_loop()

            async def call(work: Callable[..., Any], *values: Any) -> Any:
                return await loop.run_in_executor(thread, work, *values)

            producer = await call(open_producer, self._make, self._directory)
            try:
                await call(adopt, self._make, self._directory)
                while not (self._closing and not self._items):
                    await self._turn(producer, call)
            finally:
                self._closed = True
                self._settle(self._items, False)
                await asyncio.shield(call(producer.close))

    async def _turn(self, producer: Producer, call: Callable[..., Any]) -> None:
        self.behind = producer.spilled
        if not self._items:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), RETRY_SECONDS if self.behind else None)
        self._wake.clear()
        if not self._items:
            if self.behind:
                self.behind = not await call(producer.resend)
            return
        if self.waiting < BATCH and not self._closing:
            await asyncio.sleep(GATHER_SECONDS)
        batch, events = self._take()
        if events:
            try:
                ids = await call(producer.send_many, events)
            except OSError as error:
                raise TgAssetsError(
                    f"Events can be kept neither in Redis nor in {self._directory}: {error.strerror}. Make room there; "
                    "what was not kept is heard again."
                ) from None
            missed = ids.count(None)
            self.sent, self.spilled = self.sent + len(ids) - missed, self.spilled + missed
        self.waiting -= len(events)
        self._settle(batch, True)

    @staticmethod
    def _settle(items: Iterable[_Item], is_safe: bool) -> None:
        for item in items:
            if item.safe is not None and not item.safe.done():
                item.safe.set_result(is_safe)

    def _take(self) -> tuple[list[_Item], list[Envelope]]:
        """As many items as make a batch."""
        batch: list[_Item] = []
        events: list[Envelope] = []
        while self._items and len(events) < BATCH:
            batch.append(self._items.popleft())
            events += batch[-1].events
        return batch, events


def open_producer(make: MakeProducer, directory: Path) -> Producer:
    """A producer with a file that no other process uses; the first one may hold what a process left there."""
    number = 1
    while True:
        try:
            return make(directory / f"events-{number}.jsonl")
        except TgAssetsError:  # another listener's
            number += 1
            if number > 1000:
                raise


def adopt(make: MakeProducer, directory: Path) -> None:
    """Send what processes that are gone left in other files, as far as there is room now."""
    for path in sorted(directory.glob("events-*.jsonl")):
        try:
            producer = make(path)
        except TgAssetsError:  # in use
            continue
        with producer:
            producer.resend()
