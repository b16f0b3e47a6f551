"""Downloading what a scope's messages lack, of every chat that some account reads.

What is not wanted is recorded without asking anybody; an account is used only when there is something to fetch. A
chat that an account turns out not to read is another account's. What does not belong here: Dagster.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from tg_assets.accounts import store
from tg_assets.accounts.budget import Log
from tg_assets.accounts.client import opened
from tg_assets.downloading.limits import Limits
from tg_assets.downloading.missing import candidates, read
from tg_assets.downloading.partial import clear_old
from tg_assets.downloading.progress import MEGABYTE, Downloaded
from tg_assets.downloading.record import record
from tg_assets.downloading.worker import Worker
from tg_assets.history.reach import Reachable, close_way, reachable, unreadable
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope
from tg_assets.settings import Settings
from tg_assets.stores.objects import ObjectStore

if TYPE_CHECKING:
    from tg_assets.stores.database import Database, TenantConnection

JUDGED_AT_ONCE = 1000

# Messages that wait for a file, by chat.
Due = dict[UUID, list[UUID]]


@dataclass(slots=True)
class Downloader:
    """Downloads for one tenant. ``mark_from``: mark changed partitions from this day on dirty."""

    postgres: "Database"
    objects: ObjectStore
    settings: Settings
    tenant: UUID
    log: Log
    mark_from: date | None = None
    done: Downloaded = field(default_factory=Downloaded)

    @property
    def directory(self) -> Path:
        """Where files are while they are being downloaded."""
        return self.settings.state_dir / "downloads" / str(self.tenant)

    async def download(self, scope: Scope, *, force: bool = False, dry_run: bool = False) -> Downloaded:
        """Fetch the files that are missing; a dry run only counts them.

        Raises TgAssetsError when an account cannot be used; what was fetched until then is recorded.
        """
        started, limits = time.monotonic(), Limits.of(self.settings)
        with self.postgres.tenant(self.tenant) as session:
            with session.transaction() as connection:
                found = reachable(connection, channels_of(connection, scope), self.settings.off_limits)
                chats = {one.id: one for one in found}
            due = self._due(session, scope, chats, limits, force=force, dry_run=dry_run) if chats else {}
            if due and not dry_run:
                clear_old(self.directory)
                self.log(
                    f"media_objects: {self.done.due_files:,} files to download, "
                    f"{self.done.due_bytes / MEGABYTE:,.1f} MB as far as is known"
                )
                while due:
                    due = await self._account(session, due, limits, force=force)
        self.done.seconds += time.monotonic() - started
        return self.done

    def _due(
        self,
        session: "TenantConnection",
        scope: Scope,
        chats: Mapping[UUID, Reachable],
        limits: Limits,
        *,
        force: bool,
        dry_run: bool,
    ) -> Due:
        """Messages that wait for a file; the media that are not wanted get their reason."""
        with session.transaction() as connection:
            found = candidates(connection, scope, list(chats), limits.settled(force=force))
        due: Due = {}
        for first in range(0, len(found), JUDGED_AT_ONCE):
            with session.transaction() as connection:
                messages = read(
                    connection, [post for post, _ in found[first : first + JUDGED_AT_ONCE]], limits, force=force
                )
                refused = [one for one in messages if one.is_changed]
                if refused and not dry_run:
                    record(connection, refused, self.mark_from)
            for message in messages:
                self.done.skipped.update(message.refused)
                self.done.due_files += len(message.missing)
                self.done.due_bytes += sum(one.size or 0 for one in message.missing)
                if message.missing:
                    due.setdefault(message.channel, []).append(message.id)
        return due

    async def _account(self, session: "TenantConnection", due: Due, limits: Limits, *, force: bool) -> Due:
        """Have one account fetch what it can; returns what is left to others."""
        with session.transaction() as connection:
            chats = reachable(connection, list(due), self.settings.off_limits)
            known = {one.id: one for one in store.accounts(connection)}
        if not chats:
            return {}
        account = known[chats[0].account]
        mine = {one.id: one for one in chats if one.account == account.id}
        posts = [post for channel in mine for post in due[channel]]
        with self.postgres.tenant(self.tenant) as writing:
            async with opened(self.postgres, self.settings, self.tenant, account, self.log) as client:
                worker = Worker(
                    client.client, mine, limits, self.objects, writing, self.directory, self.mark_from, self.done,
                    self.log,
                )  # fmt: skip
                try:
                    await worker.download(session, posts, force=force)
                finally:
                    if client.client.budget:
                        self.done.waits += client.client.budget.waits
                        self.done.requests += client.client.budget.waits
        self._close(session, account, worker.closed, mine)
        return {channel: posts for channel, posts in due.items() if channel in worker.closed or channel not in mine}

    def _close(
        self,
        session: "TenantConnection",
        account: store.Account,
        closed: Mapping[UUID, str],
        chats: Mapping[UUID, Reachable],
    ) -> None:
        """Note which chats the account cannot read any more."""
        for channel, reason in closed.items():
            problem = unreadable(account.name, reason)
            with session.transaction() as connection:
                close_way(connection, account.id, channel, problem)
            self.done.problems[chats[channel].shown] = problem
        for channel in chats.keys() - closed.keys():
            self.done.problems.pop(chats[channel].shown, None)
