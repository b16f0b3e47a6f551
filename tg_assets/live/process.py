"""Settling entries: each ends in a tenant's tables or in dead letters, and none holds up its neighbours.

A tenant's part of a batch is one transaction. When the database refuses it, halves of it are tried, so the one
entry that cannot be applied is found and kept as a dead letter. Entries that were being applied each time that
the process died are known by their deliveries; ``reader`` hands them out in ever smaller portions.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from resources.postgres import TenantConnection
from tg_assets import ids
from tg_assets.errors import ServerDown
from tg_assets.events.envelope import BadEvent, ChatEvent
from tg_assets.events.post_row import Message, raw_hash
from tg_assets.events.streams import decode
from tg_assets.live import dead_letters, outbox
from tg_assets.live.apply import Applied, apply
from tg_assets.live.batch import Delivered
from tg_assets.live.chats import Directory, Tenant
from tg_assets.live.dead_letters import Rejected
from tg_assets.live.reader import FATAL_DELIVERIES, Entry
from tg_assets.settings import Settings

log = logging.getLogger(__name__)

# Classes of SQLSTATE that speak of the server, not of the data: connection, rollback, resources, shutdown, system.
_SERVER = ("08", "40", "53", "57", "58")


def is_down(error: BaseException) -> bool:
    """Whether an error says that the database is away or busy, not that it refuses the data."""
    if isinstance(error, ServerDown):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "pgcode", None)
    return error.connection_invalidated or (
        state.startswith(_SERVER) if state else type(error.orig).__name__ in ("OperationalError", "InterfaceError")
    )


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
        return Decoded(entry, None, f"the process died {entry.deliveries - 1} times while this was being applied")
    if not entry.data:
        return Decoded(entry, None, "the entry has no field data")
    try:
        event = decode(entry.stream, entry.data)
    except BadEvent as problem:
        return Decoded(entry, None, str(problem))
    return Decoded(entry, event, digest=raw_hash(event) if isinstance(event, Message) else "")


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

    def add(self, applied: Applied) -> None:
        """Add one transaction."""
        for partition, count in applied.partitions.items():
            self.partitions[partition] += count
        if not applied.parsed:
            self.unparsed |= applied.partitions.keys()
        self.feeds |= applied.feeds


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
            self._sort(connection, one, delivered, rejected)
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
                # SQLAlchemy's errors quote the message; anything else is a defect that somebody has to see.
                log.error("an entry cannot be applied", exc_info=None if isinstance(error, DBAPIError) else error)
                self._bury(connection, tenant.id, [Rejected(part[0].entry, _reason(error))], done)
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
        with TenantConnection(connection, owner).transaction():
            dead_letters.keep(connection, letters)
        done.rejected += len(letters)
        done.told.add(owner)


def _reason(error: Exception) -> str:
    """Why an entry could not be applied, without what it says."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "pgcode", None)
        return f"the database refuses it: {type(error.orig).__name__} (SQLSTATE {state})"
    return f"it cannot be applied: {type(error).__name__}"
