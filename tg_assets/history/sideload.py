"""Sideloading: an account's direct messages and groups, into feeds that only this account sees.

Dialogs are read page by page of the account's list, each from its newest message back; which page is being worked
on and how far each dialog was read are kept, so a run that is killed goes on there. A dialog that fails does not
stop the others. Telegram numbers messages of private chats and small groups per account, so the same chat of two
accounts is two chats here; small groups are ``persona``, supergroups ``group``. A supergroup that the tenant follows
is left out: everybody of the tenant sees it already.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from sqlalchemy import Connection, text
from telethon.errors import RPCError

from tg_assets import ids
from tg_assets.accounts import store
from tg_assets.accounts.budget import Log
from tg_assets.accounts.client import Opened, opened
from tg_assets.accounts.limits import may_read
from tg_assets.accounts.refusals import LOGGED_OUT, name_of
from tg_assets.errors import TgAssetsError
from tg_assets.events.persona import PersonaMessageIngestedEventV1
from tg_assets.history.dialogs import Dialog, DialogType, PageStart, dialog_pages
from tg_assets.history.landing import Read, unread
from tg_assets.history.pull import Puller
from tg_assets.history.reach import Reachable, open_way
from tg_assets.ledger import outbox
from tg_assets.registry.channels import Chat, register_chat
from tg_assets.settings import Settings

if TYPE_CHECKING:
    from tg_assets.stores.database import Database, TenantConnection

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

STATS = (
    "dialogs_processed", "messages_imported", "dm_messages", "group_messages", "errors", "skipped", "never_read",
    "not_on_list",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: kinds of dialogs, at most so many of the newest messages of each, none before ``since``."""

    types: Sequence[DialogType] = ("dm", "group")
    limit_per_dialog: int | None = None
    since: datetime = BEGINNING

    def key(self) -> str:
        """The same for the same wish."""
        said = [sorted(self.types), self.limit_per_dialog, self.since.isoformat()]
        return hashlib.blake2b(orjson.dumps(said), digest_size=8).hexdigest()


@dataclass(slots=True)
class Sideload:
    """One account's sideloading. ``stats`` counts; ``skipped`` are messages that were there already."""

    puller: Puller
    opened: Opened
    session: "TenantConnection"
    feeds_in_use: int
    told: Callable[[set[str]], None] = lambda _: None
    progress: Callable[[Counter[str]], None] = lambda _: None
    stats: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(STATS, 0)))
    feeds: set[str] = field(default_factory=set)
    problems: Counter[str] = field(default_factory=Counter)
    """Why dialogs failed, without their names."""

    async def run(self, wanted: Wanted) -> Counter[str]:
        """Read the account's dialogs, where the last run with the same wish stopped; returns ``stats``."""
        start = self._kept_page(wanted)
        async for dialogs, following in dialog_pages(self.opened.client, start):
            chats = self._register([one for one in dialogs if one.type in wanted.types and self._may_read(one)])
            self.told(self.feeds)
            for chat in chats:
                await self._dialog(chat, wanted)
            self._keep_page(wanted, following)
        return self.stats

    def _may_read(self, dialog: Dialog) -> bool:
        """Whether a dialog is neither off limits nor beyond what the account is limited to; else it is counted."""
        if self.puller.settings.off_limits.has(dialog.marked_id, dialog.filed_as, dialog.username):
            self.stats["never_read"] += 1
            return False
        if not may_read(self.opened.account.only, dialog.marked_id, dialog.username):
            self.stats["not_on_list"] += 1
            return False
        return True

    async def _dialog(self, chat: Reachable, wanted: Wanted) -> None:
        before = Counter(self.puller.pulled.counts)
        try:
            with self.session.transaction() as connection:
                since = max(wanted.since, _floor(connection, chat.id, wanted.limit_per_dialog))
                spans = unread(connection, chat.id, since, self.opened.now + timedelta(days=1))
            left = wanted.limit_per_dialog
            for first, last in spans:
                read = await self.puller.stretch(self.opened, self.session, chat, first, last, left, self._ingested)
                left = None if left is None else left - read
                if left == 0:
                    break
        except LOGGED_OUT:
            raise
        except RPCError as error:  # this dialog's own trouble; everything else ends the run
            self.stats["errors"] += 1
            self.problems[name_of(error)] += 1
        found = self.puller.pulled.counts - before
        new = found["new"] + found["changed"]
        self.stats["dialogs_processed"] += 1
        self.stats["messages_imported"] += new
        self.stats["dm_messages" if chat.source == "dm" else "group_messages"] += new
        self.stats["skipped"] += found["unchanged"]
        self.progress(self.stats)

    def _ingested(self, connection: Connection, read: Read) -> None:
        """Tell of the messages that this transaction has just landed, in the outbox of the same transaction."""
        new = connection.execute(text("SELECT id FROM landed")).scalars().all()
        messages = read.events(new, self.puller.tenant_slug)
        outbox.send(
            connection,
            [
                PersonaMessageIngestedEventV1.of(message, post, peer_id=read.chat.peer_id, title=read.chat.title)
                for post, message in messages
            ],
        )

    def _register(self, dialogs: Sequence[Dialog]) -> list[Reachable]:
        """Register a page of dialogs; a supergroup that the tenant follows is not the account's own."""
        account, found = self.opened.account, []
        tenant, slug = self.puller.tenant, self.puller.tenant_slug
        with self.session.transaction() as connection:
            shared = set(
                connection.execute(
                    text("SELECT peer_id FROM channels WHERE owner_id = 0 AND peer_id = ANY(:ids)"),
                    {"ids": [one.marked_id for one in dialogs]},
                ).scalars()
            )
            known = set(
                connection.execute(
                    text("SELECT id FROM channels WHERE owner_id = :owner"), {"owner": account.telegram_id}
                ).scalars()
            )
            for one in dialogs:
                if one.marked_id in shared:
                    continue
                source = one.filed_as
                marked = -one.marked_id if one.type == "dm" else one.marked_id
                feed = f"{slug}.{account.name}-{'dm' if one.type == 'dm' else 'groups'}"
                is_known = ids.channel_id(tenant, one.marked_id, account.telegram_id) in known
                channel, key = register_chat(
                    connection,
                    self.puller.settings,
                    slug,
                    Chat(marked, source, one.title, one.username, account.telegram_id),
                    None if is_known else feed,
                    self.feeds_in_use,
                )
                open_way(connection, account.id, channel, one.access_hash)
                self.feeds.add(key)
                found.append(
                    Reachable(
                        channel, marked, account.telegram_id, source, one.title, one.username, key, account.id,
                        one.access_hash,
                    )
                )  # fmt: skip
        return found

    def _kept_page(self, wanted: Wanted) -> PageStart | None:
        """The page of the list to go on with; None for the first."""
        with self.session.transaction() as connection:
            kept = connection.execute(
                text("SELECT dialogs_at FROM accounts WHERE id = :id"), {"id": self.opened.account.id}
            ).scalar()
        return PageStart.of_json(kept["place"]) if kept and kept["wanted"] == wanted.key() else None

    def _keep_page(self, wanted: Wanted, start: PageStart | None) -> None:
        kept = orjson.dumps({"wanted": wanted.key(), "place": start.as_json()}).decode() if start else None
        with self.session.transaction() as connection:
            connection.execute(
                text("UPDATE accounts SET dialogs_at = CAST(:kept AS jsonb) WHERE id = :id"),
                {"kept": kept, "id": self.opened.account.id},
            )


def dialog_types(names: Sequence[str]) -> tuple[DialogType, ...]:
    """Kinds of dialogs by name; raises TgAssetsError for others."""
    known: dict[str, DialogType] = {"dm": "dm", "group": "group"}
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        raise TgAssetsError(
            f"Dialogs are of type dm or group, not {', '.join(wrong) or 'nothing'}. Channels are feeds."
        )
    return tuple(dict.fromkeys(known[name] for name in names))


def sideload(
    postgres: "Database",
    settings: Settings,
    tenant_slug: str,
    account_name: str | None,
    wanted: Wanted,
    feeds_in_use: int,
    log: Log,
    *,
    feeds: Callable[[set[str]], None],
    progress: Callable[[Counter[str]], None] = lambda _: None,
) -> Sideload:
    """Sideload an account; ``feeds`` is told the feeds there are, before their messages come.

    Raises TgAssetsError when the account cannot be used; what was read until then is kept.
    """
    tenant = ids.tenant_id(tenant_slug)
    puller = Puller(postgres, settings, tenant, tenant_slug, log, settings.start_date)

    async def run() -> Sideload:
        with postgres.tenant(tenant) as session:
            with session.transaction() as connection:
                account = store.find(connection, account_name)
            async with opened(postgres, settings, tenant, account, log) as client:
                done = Sideload(puller, client, session, feeds_in_use, feeds, progress)
                await done.run(wanted)
                return done

    return asyncio.run(run())


def _floor(connection: Connection, channel: UUID, limit: int | None) -> datetime:
    """The date before which nothing is wanted, since ``limit`` newer messages are there already."""
    if limit is None:
        return BEGINNING
    found = connection.execute(
        text("""SELECT posted_at FROM telegram_messages WHERE channel_id = :channel
                ORDER BY telegram_message_id DESC OFFSET :limit - 1 LIMIT 1"""),
        {"channel": channel, "limit": max(1, limit)},
    ).scalar()
    return found.astimezone(UTC) if found else BEGINNING
