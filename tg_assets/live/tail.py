"""The tail of one shard: what a killed predecessor left pending, then new entries as they come.

One process at a time holds a shard, by a lock in PostgreSQL. A batch's effects commit, then its entries are
acknowledged, so killing the process anywhere repeats a batch and changes nothing. It lingers while there is
traffic and ends after a quiet time or its budget; then another takes over. Nothing here knows Dagster.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisSlow
from sqlalchemy import Connection

from tg_assets.errors import ServerDown
from tg_assets.faults import is_down
from tg_assets.ledger import outbox
from tg_assets.live.chats import Directory
from tg_assets.live.keeping import Keep, trim
from tg_assets.live.outages import DATABASE, REDIS, Outages
from tg_assets.live.process import Decoded, Done, Processor, decoded
from tg_assets.live.reader import Entry, Reader
from tg_assets.live.state import kept_by, streams_of
from tg_assets.live.unparsed import Unparsed
from tg_assets.stores.database import Database, TenantConnection, advisory_lock
from tg_assets.stores.growth import Growth

# As many entries at once mean that more of them wait: all are made durable first, and then parsed.
BATCH = 5000
# From so many entries at once on, reading and writing go on side by side.
BUSY = 500
BLOCK_SECONDS = 1.0
# How often a run that stands by looks whether the shard is free.
STANDBY_SECONDS = 0.25
# How often a partition that was reported already is reported again, and how often streams are trimmed.
REPORT_SECONDS = 60.0
LONGEST_PAUSE = 5.0


@dataclass(slots=True)
class Flush:
    """What came in since the last report."""

    partitions: Counter[tuple[str, date]] = field(default_factory=Counter)
    """Changed messages by (feed, first day of the window)."""
    unparsed: set[tuple[str, date]] = field(default_factory=set)
    """Those of them whose ``posts`` are left to the stage."""
    events: Counter[str] = field(default_factory=Counter)
    """Entries by stream."""
    rejected: int = 0
    first_id: str | None = None
    last_id: str | None = None

    def add(self, entries: Sequence[Entry], done: Done) -> None:
        """Add a batch."""
        self.partitions.update(done.partitions)
        self.unparsed |= done.unparsed
        self.events.update(entry.stream for entry in entries)
        self.rejected += done.rejected
        self.first_id = self.first_id or entries[0].id
        self.last_id = entries[-1].id


class Tail:
    """Reads one shard. ``report`` is called with what came in; ``log`` with sentences for people."""

    def __init__(
        self,
        postgres: Database,
        redis: Redis,
        directory: Directory,
        processor: Processor,
        shard: int,
        *,
        keep: Keep,
        run_id: str | None = None,
        register: Callable[[set[str]], None],
        report: Callable[[Flush], None],
        log: Callable[[str], None],
    ) -> None:
        self._postgres, self._redis = postgres, redis
        self._directory, self._processor = directory, processor
        self._reader = Reader(redis, streams_of(shard), f"shard-{shard}")
        self._name = f"tail/{shard}"
        self._kept, self._untrimmed, self._keep = {*kept_by(shard)}, set[str](), keep
        self._register, self._report, self._log = register, report, log
        self._outages = Outages("", log)
        self._flush, self._unparsed = Flush(), Unparsed(run_id)
        self._reported: set[tuple[str, date]] = set()
        self._feeds: set[str] = set()
        self._due = 0.0
        self._growth = Growth()
        self.total = Counter[str]()

    def run(self, linger: float, budget: float, *, standby: bool = False) -> str:
        """Read until nothing came for ``linger`` seconds or ``budget`` is spent; returns why it ended.

        With ``standby`` it waits until whoever reads the shard is over or dead, ``budget`` seconds at most.
        """
        # Thousands of events live for a moment and hold no cycles: looking for some took four fifths of decoding.
        gc.freeze()
        gc.disable()
        try:
            return self._run(linger, budget, standby)
        finally:
            gc.enable()
            gc.unfreeze()

    def _run(self, linger: float, budget: float, standby: bool) -> str:
        deadline, pause = time.monotonic() + budget, 0.2
        quiet_since = time.monotonic()
        while time.monotonic() < deadline:
            try:
                with self._postgres.connection() as connection:
                    if standby:
                        self._stand_by(connection, deadline)
                        standby, quiet_since, deadline = False, time.monotonic(), time.monotonic() + budget
                    with advisory_lock(connection, self._name) as held:
                        if not held:
                            return "another run holds this shard"
                        pause = 0.2
                        self._outages.over(DATABASE)
                        self._reader.ensure_groups()
                        self._outages.over(REDIS)
                        ended, quiet_since = self._read(connection, quiet_since, linger, deadline)
                        if ended:
                            self._end()
                            return ended
            except (RedisAway, RedisSlow) as error:
                self._outages.began(REDIS, f"Redis is away ({type(error).__name__}); trying again")
                if time.monotonic() - quiet_since > max(linger, LONGEST_PAUSE):
                    return "Redis is away"
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                self._log("Redis came back without its streams: what they held has to be sent or backfilled again")
            except MemoryError:  # another process starts smaller
                raise
            except ServerDown as error:
                self._outages.began(DATABASE, f"{error} Trying again.")
            except Exception as error:
                if not is_down(error):
                    raise
                self._outages.began(DATABASE, f"PostgreSQL cannot be used ({type(error).__name__}); trying again")
            self._directory.forget()
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(LONGEST_PAUSE, pause * 2)
        return "its time is over while a server was away"

    def _stand_by(self, connection: Connection, deadline: float) -> None:
        self._log("another run reads this shard; standing by")
        while time.monotonic() < deadline:
            with advisory_lock(connection, self._name) as free:
                pass
            if free:
                return
            time.sleep(STANDBY_SECONDS)

    def _read(
        self, connection: Connection, quiet_since: float, linger: float, deadline: float
    ) -> tuple[str | None, float]:
        """Pending entries, then new ones; returns why reading ended and when the last entry came."""
        while entries := self._reader.pending(BATCH):
            self._log(f"{len(entries):,} entries were read and never settled; doing them again")
            try:
                self._settle(connection, decoded(entries))
            except MemoryError:  # the machine did not kill us, and might have
                raise
            except BaseException:
                self._reader.put_back(entries)
                raise
            quiet_since = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            ahead: list[Future[list[Decoded]]] = []
            while (now := time.monotonic()) < deadline or ahead:
                block = 0.0 if self._unparsed else min(BLOCK_SECONDS, linger, deadline - now)
                events = ahead.pop().result() if ahead else self._next(block)
                go_on = len(events) >= BUSY and now < deadline

                def read_ahead(go_on: bool = go_on) -> None:
                    if go_on and not ahead:
                        ahead.append(pool.submit(self._next, 0.0))

                if events:
                    self._settle(connection, events, read_ahead)
                    quiet_since = time.monotonic()
                if self._unparsed and len(events) < BATCH:
                    self._unparsed.parse(connection, BATCH)
                    quiet_since = time.monotonic()
                elif now - quiet_since > linger:
                    return f"nothing came for {linger:.0f} s", quiet_since
                self._maybe_report()
        return "its time is over; the next run goes on", quiet_since

    def _next(self, block: float) -> list[Decoded]:
        """The next new entries and their events; waits for one up to ``block`` seconds."""
        return decoded(self._reader.new(BATCH, int(block * 1000)))

    def _settle(
        self, connection: Connection, events: Sequence[Decoded], writing: Callable[[], None] = lambda: None
    ) -> None:
        for first in range(0, len(events), BATCH):
            self._settle_batch(connection, events[first : first + BATCH], writing)

    def _settle_batch(self, connection: Connection, events: Sequence[Decoded], writing: Callable[[], None]) -> None:
        done = self._processor.process(connection, events, parse=len(events) < BATCH, writing=writing)
        new = done.feeds - self._feeds
        if new:
            self._register(new)
            self._feeds |= new
        entries = [one.entry for one in events]
        self._reader.ack(entries)
        self._reader.drop(done.never_read)
        self._flush.add(entries, done)
        self._unparsed.add(done.unparsed)
        with connection.begin():
            self._growth.add(connection, sum(done.partitions.values()))
        self.total.update(
            events=len(entries),
            rejected=done.rejected,
            never_read=len(done.never_read),
            changed=sum(done.partitions.values()),
        )
        for tenant in done.told:
            self._relay(connection, tenant)

    def _relay(self, connection: Connection, tenant: UUID) -> None:
        try:
            outbox.relay(TenantConnection(connection, tenant), self._redis)
        except ResponseError as error:  # no memory left, say: it is told later, and entries are settled meanwhile
            self._log(f"Redis does not take what is to be told ({type(error).__name__}); a later run tells it")

    def _maybe_report(self) -> None:
        now = time.monotonic()
        new = self._flush.partitions.keys() - self._reported
        if now >= self._due or (new and now >= self._due - REPORT_SECONDS + 2):
            self._hand_over()
            self._trim()
            gc.collect()
            self._due = now + REPORT_SECONDS

    def _trim(self) -> None:
        """Drop what need not be kept; a stream of which Redis does not want to know holds up nothing."""
        for stream in self._kept - self._untrimmed:
            try:
                trim(self._redis, stream, self._keep)
            except ResponseError as error:
                self._untrimmed.add(stream)
                self._log(f"{stream} cannot be trimmed ({type(error).__name__}); a later run tries again")

    def _hand_over(self) -> None:
        if self._flush.last_id is not None:
            self._reported |= self._flush.partitions.keys()
            flush, self._flush = self._flush, Flush()
            self._report(flush)

    def _end(self) -> None:
        self._hand_over()
        self._trim()
