"""Settling entries: each ends in a tenant's tables or in dead letters, and none holds up its neighbours.

A tenant's part of a batch is one transaction. When the database refuses it, halves of it are tried, so the one
entry that cannot be applied is found and kept as a dead letter. An entry that was being applied alone each time that
the process died is known by its deliveries; ``reader`` hands suspects out in ever smaller portions.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from uuid import UUID

from sqlalchemy import Connection

from tg_assets import ids
from tg_assets.events.envelope import BadEvent, ChatEvent
from tg_assets.events.post_row import Message, raw_hash
from tg_assets.events.streams import decode
from tg_assets.faults import is_down, where, why
from tg_assets.ledger import outbox
from tg_assets.live import dead_letters
from tg_assets.live.apply import Applied, apply
from tg_assets.live.batch import Delivered
from tg_assets.live.chats import Directory, Tenant
from tg_assets.live.dead_letters import Rejected
from tg_assets.live.reader import DEATHS, FATAL_DELIVERIES, Entry
from tg_assets.settings import Settings
from tg_assets.stores.database import TenantConnection

log = logging.getLogger(__name__)

# A larger event is not looked into: Telegram has no such message, and reading it takes many times its size.
LARGEST = 32 << 20
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Decoded:
    """An entry and the event in it, or why there is none; ``digest`` is that of a message's content."""

    entry: Entry
    event: ChatEvent | None = None
    problem: str = ""
    digest: str = ""


def decoded(entries: Sequence[Entry]) -> list[Decoded]:
    """The events of entries; pure, so that it can be done while the database is busy with others."""
    return [_decoded(entry) for entry in entries]


def _decoded(entry: Entry) -> Decoded:
    if entry.deliveries > FATAL_DELIVERIES:
        return Decoded(entry, None, f"the process died {DEATHS} times while this alone was being applied")
    if not entry.data:
        return Decoded(entry, None, "the entry has no field data")
    if len(entry.data) > LARGEST:
        return Decoded(entry, None, f"the event has {len(entry.data):,} bytes; at most {LARGEST:,} are read")
    try:
        event = decode(entry.stream, entry.data)
        return Decoded(entry, event, digest=raw_hash(event) if isinstance(event, Message) else "")
    except BadEvent as problem:
        return Decoded(entry, None, str(problem)[:LONGEST_REASON])
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        log.error("an entry cannot be read: %s", where(error))
        return Decoded(entry, None, why(error))


@dataclass(slots=True)
class Done:
    """What became of entries."""

    partitions: dict[tuple[str, date], int] = field(default_factory=lambda: defaultdict(int))
    unparsed: set[tuple[str, date]] = field(default_factory=set)
    """Partitions with messages that have no row in ``posts`` yet."""
    feeds: set[str] = field(default_factory=set)
    told: set[UUID] = field(default_factory=set)
    """Tenants that have something in the outbox now."""
    rejected: int = 0
    never_read: list[Entry] = field(default_factory=list)
    """Entries about chats that are off limits: nothing of them is kept, and they are to be dropped."""

    def add(self, applied: Applied) -> None:
        """Add one transaction."""
        for partition, count in applied.partitions.items():
            self.partitions[partition] += count
        if not applied.parsed:
            self.unparsed |= applied.partitions.keys()
        self.feeds |= applied.feeds
        self.never_read += applied.never_read


class Processor:
    """Settles entries over a connection that is bound to no tenant."""

    def __init__(self, directory: Directory, settings: Settings, run_id: str | None = None) -> None:
        self._directory, self._settings, self._run_id = directory, settings, run_id

    def process(
        self,
        connection: Connection,
        entries: Sequence[Decoded],
        *,
        parse: bool = True,
        writing: Callable[[], None] = lambda: None,
    ) -> Done:
        """Settle entries; afterwards they may be acknowledged. Raises only what says that a server is away.

        Without ``parse`` messages are made durable and dirty, and the stage ``posts`` parses them later. ``writing``
        is called when the database has the work: now is the time to do something else.
        """
        done = Done()
        delivered: dict[Tenant, list[Delivered]] = defaultdict(list)
        rejected: dict[UUID, list[Rejected]] = defaultdict(list)
        for one in entries:
            if self._is_off_limits(one):
                done.never_read.append(one.entry)
                continue
            try:
                self._sort(connection, one, delivered, rejected)
            except Exception as error:
                if is_down(error):
                    raise
                trace = {"trace_id": one.event and one.event.trace_id}
                log.error("an entry has no tenant that can be looked up: %s", where(error), extra=trace)
                rejected[ids.NO_TENANT].append(Rejected(one.entry, one.problem or why(error)))
        for tenant, part in delivered.items():
            write = partial(
                apply,
                tenant=tenant,
                directory=self._directory,
                settings=self._settings,
                run_id=self._run_id,
                parse=parse,
                writing=writing,
            )
            self._apply(connection, tenant, part, done, write)
        for owner, letters in rejected.items():
            self._bury(connection, owner, letters, done)
        return done

    def _is_off_limits(self, one: Decoded) -> bool:
        off_limits = self._settings.off_limits
        if one.event is not None:
            return off_limits.has_event(one.event)
        return off_limits.is_in(one.entry.data or one.entry.text().encode())

    def _sort(
        self,
        connection: Connection,
        one: Decoded,
        delivered: dict[Tenant, list[Delivered]],
        rejected: dict[UUID, list[Rejected]],
    ) -> None:
        entry, event = one.entry, one.event
        if event is None:
            rejected[self._owner(connection, entry)].append(Rejected(entry, one.problem))
        elif event.producer != outbox.OWN:  # else sent by ourselves, on a stream that goes both ways
            tenant = self._directory.tenant(connection, event.tenant_id)
            if tenant is None:
                reason = "tenant_id names no tenant of this installation"
                rejected[ids.NO_TENANT].append(Rejected(entry, reason))
            else:
                delivered[tenant].append(Delivered(entry, event, one.digest))

    def _owner(self, connection: Connection, entry: Entry) -> UUID:
        """Whose dead letter an unusable entry is, if it says so and that tenant exists."""
        import orjson

        try:
            said = orjson.loads(entry.data)
        except orjson.JSONDecodeError:
            return ids.NO_TENANT
        name = said.get("tenant_id") if isinstance(said, dict) else None
        if not isinstance(name, str) or not name or "\x00" in name:
            return ids.NO_TENANT
        tenant = self._directory.tenant(connection, name)
        return tenant.id if tenant else ids.NO_TENANT

    def _apply(
        self,
        connection: Connection,
        tenant: Tenant,
        part: Sequence[Delivered],
        done: Done,
        write: Callable[..., Applied],
    ) -> None:
        try:
            with TenantConnection(connection, tenant.id).transaction():
                applied = write(connection, delivered=part)
        except Exception as error:
            if is_down(error):
                raise
            self._directory.forget()  # a chat that was registered in this transaction is not
            if len(part) == 1:
                log.error("an entry cannot be applied: %s", where(error), extra={"trace_id": part[0].event.trace_id})
                self._bury(connection, tenant.id, [Rejected(part[0].entry, why(error))], done)
                return
            middle = len(part) // 2
            self._apply(connection, tenant, part[:middle], done, write)
            self._apply(connection, tenant, part[middle:], done, write)
            return
        done.add(applied)
        if applied.rejected:
            done.rejected += applied.rejected
            done.told.add(tenant.id)

    def _bury(self, connection: Connection, owner: UUID, letters: Sequence[Rejected], done: Done) -> None:
        try:
            self._keep(connection, owner, letters)
        except Exception as error:
            if is_down(error):
                raise
            for letter in letters:  # one of them cannot be shown
                try:
                    self._keep(connection, owner, [letter])
                except Exception as problem:
                    if is_down(problem):
                        raise
                    self._keep(connection, owner, [letter], shown=False)
        done.rejected += len(letters)
        done.told.add(owner)

    @staticmethod
    def _keep(connection: Connection, owner: UUID, letters: Sequence[Rejected], *, shown: bool = True) -> None:
        with TenantConnection(connection, owner).transaction():
            dead_letters.keep(connection, letters, shown=shown)
