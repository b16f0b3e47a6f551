"""One account's part of downloading: files side by side, and what became of them recorded batch by batch.

A file that cannot be had stops no other. Reading what is missing, fetching, and storing overlap; each has its own
database session. What does not belong here: which account reads which chat.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from telethon.errors import RPCError

from tg_assets.accounts.budget import Log
from tg_assets.accounts.client import Client
from tg_assets.accounts.refusals import LOGGED_OUT
from tg_assets.downloading.limits import CDN_ONLY, NO_FILE, Limits, failed
from tg_assets.downloading.missing import Message, Missing, read
from tg_assets.downloading.progress import Downloaded
from tg_assets.downloading.record import Batch, Fetched, record, store
from tg_assets.downloading.references import References
from tg_assets.downloading.transfer import MOST_REQUESTS, STALE, CdnRedirect, Incomplete, TooLarge, Window, whole
from tg_assets.errors import ServerDown
from tg_assets.history.reach import Reachable
from tg_assets.history.walk import CLOSED
from tg_assets.stores.objects import ObjectStore

if TYPE_CHECKING:
    from tg_assets.stores.database import TenantConnection

READ_AT_ONCE = 500
SAY_SECONDS = 5.0
TICK_SECONDS = 1.0

FAILURES = (RPCError, ConnectionError, TimeoutError, OSError, ValueError, Incomplete)
"""What one file may fail with; ValueError is Telethon's after it has tried often enough."""


@dataclass(slots=True)
class Worker:
    """Downloads what messages lack with one client.

    ``writing`` is a session of its own; partial files are in ``directory``; recorded messages' partitions from
    ``mark_from`` on are marked dirty. ``closed`` are chats that turned out not to be readable, and why.
    """

    client: Client
    chats: dict[UUID, Reachable]
    limits: Limits
    objects: ObjectStore
    writing: "TenantConnection"
    directory: Path
    mark_from: date | None
    done: Downloaded
    log: Log
    closed: dict[UUID, str] = field(default_factory=dict)
    _queue: "asyncio.Queue[Missing | None]" = field(default_factory=lambda: asyncio.Queue(2 * MOST_REQUESTS))
    _fetching: dict[str, "asyncio.Future[Fetched | None]"] = field(default_factory=dict)
    """Files that are coming, or wait to be recorded, by name."""
    _known: dict[str, Fetched] = field(default_factory=dict)
    """Files that this run has stored."""
    _keys: dict[str, str] = field(default_factory=dict)
    _left: dict[UUID, int] = field(default_factory=dict)
    """How many files a message still waits for."""
    _ready: dict[UUID, list[tuple[Missing, Fetched]]] = field(default_factory=dict)
    _batch: Batch = field(default_factory=Batch)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a batch is recorded."""
    _saving: "list[asyncio.Task[None]]" = field(default_factory=list)
    _unreachable: set[int] = field(default_factory=set)
    """Data centres that do not answer; asking each file's again would take hours."""
    _window: Window = field(init=False)
    _references: References = field(init=False)

    def __post_init__(self) -> None:
        self._window, self._references = Window(self.done), References(self.client, self.chats, self.done)

    async def download(self, reading: "TenantConnection", posts: Sequence[UUID], *, force: bool = False) -> None:
        """Fetch and record the files of these messages. Whatever ends it, what was fetched is recorded.

        Raises TgAssetsError when going on makes no sense.
        """
        tasks = [asyncio.create_task(self._feed(reading, posts, force=force))]
        tasks += [asyncio.create_task(self._work()) for _ in range(MOST_REQUESTS)]
        ticking = asyncio.create_task(self._tick())
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in (ticking, *tasks):
                task.cancel()
            await asyncio.gather(ticking, *tasks, return_exceptions=True)
            try:
                await self._flush()
                await asyncio.gather(*self._saving)
            finally:
                for future in self._fetching.values():
                    if (fetched := future.result()) is not None and fetched.partial is not None:
                        fetched.partial.close()

    async def _feed(self, session: "TenantConnection", posts: Sequence[UUID], *, force: bool) -> None:
        """Read messages a few hundred at a time, as files are taken."""

        def load(chosen: Sequence[UUID]) -> list[Message]:
            with session.transaction() as connection:
                return read(connection, chosen, self.limits, force=force)

        for first in range(0, len(posts), READ_AT_ONCE):
            messages = [
                one for one in await asyncio.to_thread(load, posts[first : first + READ_AT_ONCE]) if one.missing
            ]
            for message in messages:
                self._left[message.id] = len(message.missing)
                self._references.add(message)
            for message in messages:
                for one in message.missing:
                    await self._queue.put(one)
        for _ in range(MOST_REQUESTS):
            await self._queue.put(None)

    async def _work(self) -> None:
        while (one := await self._queue.get()) is not None:
            message = one.message
            if message.channel not in self.closed:
                try:
                    await self._settle(one)
                except CLOSED as error:
                    self.closed[message.channel] = type(error).__name__.removesuffix("Error")
            self._left[message.id] -= 1
            if self._left[message.id]:
                continue
            del self._left[message.id]
            self._references.done(message)
            self._batch.files += self._ready.pop(message.id, [])
            if message.is_changed or message.is_deleted:
                self._batch.messages.append(message)
            if self._batch.is_full:
                await self._flush()

    async def _settle(self, one: Missing) -> None:
        """Fetch a file, or note why not; raises what stops all others, too."""
        try:
            if one.at is None:
                await self._references.refresh(one.message)
            was_fresh = one.message.is_fresh
            try:
                refusal, fetched = await self._fetch(one)
            except STALE:
                if was_fresh:
                    raise
                await self._references.refresh(one.message)
                refusal, fetched = await self._fetch(one)
        except CLOSED:
            raise
        except LOGGED_OUT:
            raise
        except FAILURES as error:
            self._failed(one, str(error) if isinstance(error, Incomplete) else type(error).__name__)
            if isinstance(error, ConnectionError) and one.at is not None:
                self._unreachable.add(one.at.dc_id)
            if not self.client.is_connected():
                raise ServerDown(
                    "Telegram does not answer any more. What was downloaded is kept; run it again when this machine "
                    "is online."
                ) from None
        else:
            if fetched is not None:
                self._ready.setdefault(one.message.id, []).append((one, fetched))
                one.message.is_changed = True
                self.done.files += 1
                self.done.bytes += fetched.size
            elif refusal is not None:
                self.done.skipped[refusal] += 1
                if not one.message.is_deleted:
                    one.refuse(refusal)
            else:  # recorded as well, so that it is not doubted again
                self.done.same += 1
                one.message.is_changed = True

    def _failed(self, one: Missing, problem: str) -> None:
        problem = problem.removesuffix("Error")
        self.done.failed[problem] += 1
        one.refuse(failed(problem))

    async def _fetch(self, one: Missing) -> tuple[str | None, Fetched | None]:
        """Why there is no file, or the file; neither when the stored one is still the message's."""
        at = one.at
        if "sha256" in one.item:  # an edit left it as it was
            return None, None
        if one.message.absent or at is None:
            return one.message.absent or NO_FILE, None
        if refusal := self.limits.refusal(one.item["kind"], one.size):
            return refusal, None
        name = f"{at.kind}-{at.id}{at.thumb}"
        while (coming := self._fetching.get(name)) is not None:  # the same file in another message
            if (fetched := await asyncio.shield(coming)) is not None:
                return None, fetched
        if name in self._known:
            return None, self._known[name]
        if at.dc_id in self._unreachable:
            raise ConnectionError
        coming = self._fetching[name] = asyncio.get_running_loop().create_future()
        fetched = None
        try:
            partial = await whole(self.client, at, self.directory / name, self._window, self.limits.max_bytes)
            fetched = Fetched(name, partial.sha256, partial.size or 0, partial)
        except CdnRedirect:
            return CDN_ONLY, None
        except TooLarge:
            return self.limits.too_large(), None
        finally:
            if fetched is None:
                del self._fetching[name]
            coming.set_result(fetched)
        return None, fetched

    async def _tick(self) -> None:
        """Say how far it is, and record what waits too long."""
        started = said = time.monotonic()
        before = self.done.received
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                self.log(self.done.line((self.done.received - before) / (said - started)))
            if self._batch.is_full:
                await self._flush()

    async def _flush(self) -> None:
        """Have what is there recorded while others go on."""
        batch, self._batch = self._batch, Batch()
        if batch.messages:
            saving = asyncio.create_task(self._save(batch))
            self._saving = [one for one in self._saving if not one.done() or one.exception()] + [saving]
            await asyncio.shield(saving)

    async def _save(self, batch: Batch) -> None:
        async with self._lock:
            await asyncio.to_thread(self._keep, batch)

    def _keep(self, batch: Batch) -> None:
        with self.writing.transaction() as connection:
            store(connection, self.objects, self.writing.tenant, batch.files, self._keys)
            record(connection, batch.messages, self.mark_from)
        for _, file in batch.files:
            self._known[file.name] = Fetched(file.name, file.sha256, file.size, None)
            self._fetching.pop(file.name, None)
            if file.partial is not None:
                file.partial.remove()
