"""Pulling a window of a feed from Telegram: exactly that window, of every chat that an account reads.

What was read is committed page by page together with how far that was, so a run that is killed, or told to wait,
goes on where it stopped. While one batch lands the next is being asked for. What does not belong here: Dagster.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, text
from telethon.errors import RPCError

from tg_assets.accounts import store
from tg_assets.accounts.budget import Log
from tg_assets.accounts.client import Opened, opened
from tg_assets.accounts.refusals import is_chats_own, name_of
from tg_assets.errors import TgAssetsError
from tg_assets.history.landing import NEVER, Read, land_read, unread
from tg_assets.history.reach import Reachable, barred, close_way, open_way, reachable, unreadable
from tg_assets.history.walk import CLOSED, pages
from tg_assets.ledger import dirty
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope
from tg_assets.settings import Settings
from tg_assets.stores.growth import Growth

if TYPE_CHECKING:
    from tg_assets.stores.database import Database, TenantConnection

BATCH = 2000
SAY_SECONDS = 5.0
# A message may show up this much after the date it carries; the newest stretch of a chat stays open that long.
SETTLED = timedelta(seconds=60)
HIDDEN = "the group hides from it what was there before it came"


@dataclass(slots=True)
class Pulled:
    """What pulling came to. ``counts``: messages, new, changed, unchanged, deleted, requests (pages), waits."""

    chats: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    partitions: Counter[tuple[str, date]] = field(default_factory=Counter)
    """Changed messages by feed and first day of the window, where partitions are marked dirty."""
    problems: dict[str, str] = field(default_factory=dict)
    """What a chat is shown as to why it could not be read."""
    unread: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    """By feed, what should have been read and no chat of it could be."""
    seconds: float = 0.0


@dataclass(slots=True)
class Puller:
    """Pulls windows of one tenant. ``mark_from``: mark partitions from this day on dirty, for runs that end here."""

    postgres: "Database"
    settings: Settings
    tenant: UUID
    tenant_slug: str
    log: Log
    mark_from: date | None = None
    pulled: Pulled = field(default_factory=Pulled)
    growth: Growth = field(default_factory=Growth)
    hidden: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    """By chat, what of the scope no account that was asked has been shown."""

    async def pull(self, scope: Scope, *, force: bool = False, again: bool = False) -> Pulled:
        """Read what is not there yet of a scope's window; raises TgAssetsError when an account cannot be used.

        ``again``: chats that Telegram has closed to their accounts are tried as well.
        """
        started, before = time.monotonic(), self.pulled.chats
        tried: set[tuple[UUID, UUID]] = set()
        self.hidden.clear()
        with self.postgres.tenant(self.tenant) as session:
            with session.transaction() as connection:
                left = set(channels_of(connection, scope))
            left = await self._read(session, scope, left, tried, force=force)
            if again:
                left = await self._read(session, scope, left, tried, force=force, closed=True)
            if left:
                self._note(session, scope, left, force=force, nothing=self.pulled.chats == before)
        self.pulled.seconds += time.monotonic() - started
        return self.pulled

    async def _read(
        self,
        session: "TenantConnection",
        scope: Scope,
        left: set[UUID],
        tried: set[tuple[UUID, UUID]],
        *,
        force: bool,
        closed: bool = False,
    ) -> set[UUID]:
        """Read chats, each with an account that was not tried; returns those that could not be read."""
        while True:
            with session.transaction() as connection:
                found = reachable(connection, left, self.settings.off_limits, closed=closed, tried=tried)
                known = {one.id: one for one in store.accounts(connection)}
            if not found:
                return left
            account = known[found[0].account]
            mine = [one for one in found if one.account == account.id]
            work = [
                (one, spans)
                for one in mine
                if (spans := self.hidden.get(one.id) or self._unread(session, one.id, scope, force))
            ]
            self.pulled.chats += len(mine) - len(work)
            tried |= {(one.account, one.id) for one in mine}
            left = left - {one.id for one in mine}
            if work:
                async with opened(self.postgres, self.settings, self.tenant, account, self.log) as client:
                    left |= await self._chats(client, session, work, closed=closed)

    def _note(self, session: "TenantConnection", scope: Scope, left: set[UUID], *, force: bool, nothing: bool) -> None:
        """Note why chats were not read, and what is missing when ``nothing`` of the scope was."""
        with session.transaction() as connection:
            chats = barred(connection, left, self.settings.off_limits)
        for name, why in chats.values():
            self.pulled.problems.setdefault(name, why)
        if nothing:
            spans = [
                span for chat in chats for span in self.hidden.get(chat) or self._unread(session, chat, scope, force)
            ]
            self.pulled.unread.setdefault(scope.feed, []).extend(spans)

    @staticmethod
    def _unread(session: "TenantConnection", chat: UUID, scope: Scope, force: bool) -> list[tuple[datetime, datetime]]:
        until = min(scope.until, datetime.now(UTC) + timedelta(days=1))
        if scope.since >= until:
            return []
        with session.transaction() as connection:
            return list(unread(connection, chat, scope.since, until, force=force))

    async def _chats(
        self,
        client: Opened,
        session: "TenantConnection",
        work: Iterable[tuple[Reachable, list[tuple[datetime, datetime]]]],
        *,
        closed: bool,
    ) -> set[UUID]:
        """Read chats with one account; returns those that it cannot read, for another account to try.

        The way to a chat that was ``closed`` and can be read is open again.
        """
        refused: set[UUID] = set()
        for chat, spans in work:
            hidden: list[tuple[datetime, datetime]] = []
            try:
                for since, until in spans:
                    await self.stretch(client, session, chat, since, until, hidden=hidden.append)
            except CLOSED as error:
                problem = self._refused(refused, client, chat, name_of(error))
                with session.transaction() as connection:
                    close_way(connection, client.account.id, chat.id, problem)
            except RPCError as error:
                if not is_chats_own(error):
                    raise
                self._refused(refused, client, chat, name_of(error))
            else:
                if closed:
                    with session.transaction() as connection:
                        open_way(connection, client.account.id, chat.id, chat.access_hash)
                if hidden:
                    self.hidden[chat.id] = hidden
                    self._refused(refused, client, chat, HIDDEN)
                    continue
                self.pulled.chats += 1
                self.pulled.problems.pop(chat.shown, None)
        if client.client.budget:
            self.pulled.counts["waits"] += client.client.budget.waits
        return refused

    def _refused(self, refused: set[UUID], client: Opened, chat: Reachable, why: str) -> str:
        refused.add(chat.id)
        problem = unreadable(client.account.name, why)
        self.pulled.problems[chat.shown] = problem
        return problem

    async def stretch(
        self,
        client: Opened,
        session: "TenantConnection",
        chat: Reachable,
        since: datetime,
        until: datetime,
        limit: int | None = None,
        landed: Callable[[Connection, Read], None] = lambda _, __: None,
        hidden: Callable[[tuple[datetime, datetime]], None] = lambda _: None,
    ) -> int:
        """Read ``[since, until)`` of a chat, newest first, at most ``limit`` messages; returns how many.

        ``landed`` is called with each batch in its transaction. Whatever ends this, what was read is landed.
        ``hidden`` is called with the stretch of it that the account may not have been shown, if there is one.
        """
        started = said = time.monotonic()
        now = client.now + timedelta(seconds=started - client.opened)
        edge = min(until, max(now - SETTLED, since))
        total, batch, sending = 0, Read(chat, datetime.now(UTC), until=edge), Sending()
        walk = pages(
            client.client, chat.peer(), until=until if until <= now else None, ahead=since if limit is None else None
        )
        try:
            async for page in walk:
                self.pulled.counts["requests"] += 1
                await batch.add(page, since, until)
                enough = limit is not None and total + len(batch.rows) >= limit
                if enough:
                    batch.cut((limit or 0) - total)
                is_past = batch.oldest < since
                is_hidden = page.is_last and page.shown_from > 1 and not is_past and not enough
                done = (page.is_last and not is_hidden) or is_past
                # Dates are whole seconds: more messages of the oldest one's second may follow.
                batch.since = since if done and not enough else _after(batch.oldest)
                if is_hidden:
                    hidden((since, min(until, batch.since)))
                if page.is_last or done or enough:
                    break
                if len(batch.rows) >= BATCH:
                    total += len(batch.rows)
                    edge = min(batch.since, edge)
                    await sending.start(self._land, session, batch, landed, since, until)
                    batch = Read(chat, datetime.now(UTC), until=edge, oldest=batch.oldest)
                if time.monotonic() - said > SAY_SECONDS:
                    said = time.monotonic()
                    self.log(
                        f"telegram_messages: {total + len(batch.rows):,} messages of {chat.feed} read, back to "
                        f"{batch.oldest:%Y-%m-%d %H:%M} of {since:%Y-%m-%d}; {total / (said - started):,.0f}/s"
                    )
            else:  # there is nothing, or nothing more, before it
                batch.since = since
        finally:
            await walk.aclose()
            await sending.start(self._land, session, batch, landed, since, until)
            await sending.done()
        total += len(batch.rows)
        self.pulled.counts["messages"] += total
        return total

    def _land(
        self,
        session: "TenantConnection",
        batch: Read,
        landed: Callable[[Connection, Read], None],
        since: datetime,
        until: datetime,
    ) -> None:
        with session.transaction() as connection:
            done = land_read(connection, batch, mark_from=self.mark_from)
            landed(connection, batch)
            if self.mark_from is None:  # the run makes its own window; what a page says of others is not its business
                connection.execute(
                    text("DELETE FROM landed WHERE posted_at >= :since AND posted_at < :until"),
                    {"since": since, "until": until},
                )
                dirty.mark(connection, self.settings.start_date)
        with session.transaction() as connection:
            self.growth.add(connection, done.counts["new"] + done.counts["changed"])
        self.pulled.counts.update(done.counts)
        self.pulled.partitions.update(done.partitions)


def _after(moment: datetime) -> datetime:
    return moment if moment == NEVER else moment + timedelta(seconds=1)


class Sending:
    """One batch lands in a thread while the next one is being read."""

    def __init__(self) -> None:
        self._task: asyncio.Future[None] | None = None

    async def start(self, land: Callable[..., None], *values: object) -> None:
        """Land a batch once the one before it has landed."""
        await self.done()
        self._task = asyncio.get_running_loop().run_in_executor(None, land, *values)

    async def done(self) -> None:
        """Return when everything has landed; raises what landing raised."""
        task, self._task = self._task, None
        if task is not None:
            await task


def refused(pulled: Pulled, feed: str, first: str, last: str, windows: int) -> TgAssetsError:
    """The error of ``windows`` from ``first`` to ``last`` none of whose chats could be read to the end."""
    told = "; ".join(sorted(set(pulled.problems.values())))
    return TgAssetsError(
        f"Feed {feed} could not be read, or not all of it, in {windows:,} partitions from {first} to {last}: {told}. "
        f"What is stored stays, and can be worked on: `tg-assets backfill {feed} {first}..{last} --stored`. `tg-assets "
        f"feeds --tenant {feed.partition('.')[0]} --chats` shows who reads what; once it can be read, this reads it."
    )
