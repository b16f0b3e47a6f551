"""One batch of one tenant into the database, in the caller's transaction: raw messages, posts, facts, dead letters,
dirty partitions and coverage commit together or not at all.

What does not belong here: reading streams, acknowledging, deciding what to do when the database refuses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection, text

from tg_assets.jsonb import jsonb
from tg_assets.landing import posts
from tg_assets.landing.facts import apply_facts, keep_facts
from tg_assets.landing.grouping import regroup_touched
from tg_assets.landing.incoming import Incoming, copy_incoming, create_incoming
from tg_assets.landing.rows import keep_one_per_edit, land
from tg_assets.landing.turns import take_turns
from tg_assets.ledger import dirty
from tg_assets.ledger.engine import work_on
from tg_assets.live import dead_letters
from tg_assets.live.batch import Batch, Delivered, Message, batch_of
from tg_assets.live.chats import Directory, Tenant
from tg_assets.live.reader import Entry
from tg_assets.scope import Scope
from tg_assets.settings import Settings
from tg_assets.stores.database import temp_rows
from tg_assets.telegram.desktop_post import ChatContext


@dataclass(slots=True)
class Applied:
    """What a batch changed. ``partitions`` counts changed messages by (feed, first day of the window)."""

    partitions: dict[tuple[str, date], int] = field(default_factory=dict)
    parsed: bool = True
    """Whether ``posts`` has what changed, too."""
    feeds: set[str] = field(default_factory=set)
    rejected: int = 0
    never_read: list[Entry] = field(default_factory=list)
    """Entries that do not name a chat that is off limits, but are about one."""


def apply(
    connection: Connection,
    tenant: Tenant,
    delivered: Sequence[Delivered],
    directory: Directory,
    settings: Settings,
    run_id: str | None,
    *,
    parse: bool = True,
    writing: Callable[[], None] = lambda: None,
) -> Applied:
    """Apply a tenant's events inside its transaction; without ``parse`` their ``posts`` are left to the stage.

    ``writing`` is called when the rows are made and the database has the work.
    """
    called = {chat for one in delivered if (chat := one.event.chat) is not None}
    chats = directory.chats(connection, tenant, called)
    off_limits = settings.off_limits
    never = {ref for ref, chat in chats.items() if off_limits.has(chat.tg_channel_id, chat.source, chat.username)}
    never_read = [one.entry for one in delivered if one.event.chat in never]
    batch = batch_of(tenant.id, [one for one in delivered if one.event.chat not in never], chats)
    rows = [_incoming(number, one) for number, one in enumerate(batch.messages.values())]
    writing()
    landing_in = {one.chat.id for one in batch.messages.values()} | {fact.channel_id for fact in batch.facts}
    take_turns(
        connection,
        "SELECT unnest(CAST(:chats AS uuid[])) AS channel_id",
        {"chats": [str(chat) for chat in landing_in if chat]},
    )
    _land(connection, rows, batch.superseded)
    keep_facts(connection, batch.facts)
    apply_facts(connection)
    regroup_touched(connection)
    if parse:
        _derive(connection, batch, tenant, run_id)
    partitions = dirty.mark(connection, settings.start_date)
    dead_letters.keep(connection, batch.rejected)
    return Applied(partitions, parse, {chat.feed for chat in chats.values()}, len(batch.rejected), never_read)


def _land(connection: Connection, rows: Sequence[Incoming], superseded: Sequence[Message]) -> None:
    create_incoming(connection)
    copy_incoming(connection, rows)
    land(connection)
    if superseded:
        columns = {"id": "uuid", "raw_hash": "text", "edited_at": "timestamptz", "version_at": "timestamptz",
                   "format": "text", "raw": "jsonb"}  # fmt: skip
        older = [(one.id, one.raw_hash, one.edited_at, one.version_at, one.format, one.raw) for one in superseded]
        connection.execute(text("DROP TABLE IF EXISTS superseded"))
        temp_rows(connection, "superseded", columns, older)
        connection.execute(
            text("""INSERT INTO telegram_message_versions AS w
                           (tenant_id, id, raw_hash, edited_at, version_at, format, raw)
                    SELECT DISTINCT ON (s.id, s.raw_hash) current_tenant(), s.id, s.raw_hash, s.edited_at,
                           s.version_at, s.format, s.raw
                    FROM superseded s JOIN telegram_messages t ON t.id = s.id
                    WHERE t.edited_at IS DISTINCT FROM s.edited_at AND t.format <> 'deleted'
                    ORDER BY s.id, s.raw_hash, s.version_at DESC
                    ON CONFLICT (tenant_id, id, raw_hash) DO UPDATE
                        SET version_at = greatest(w.version_at, excluded.version_at)""")
        )
        keep_one_per_edit(connection, "SELECT id FROM superseded")


def _incoming(ordinal: int, one: Message) -> Incoming:
    return Incoming(
        ordinal,
        one.chat.id.hex,
        one.event.telegram_message_id,
        one.id.hex,
        one.event.posted_at,
        one.edited_at,
        one.version_at,
        one.format,
        getattr(one.event, "is_service", False),
        one.grouped_id,
        one.raw,
        one.raw_hash,
        jsonb(one.media) if one.media else "[]",
    )


def _derive(connection: Connection, batch: Batch, tenant: Tenant, run_id: str | None) -> None:
    """Rows of ``posts`` for every message that changed, from memory where it is at hand."""
    changed = connection.execute(
        text("""SELECT count(*) AS messages, min(posted_at) AS first, max(posted_at) AS last,
                       array_agg(DISTINCT channel_id) AS channels FROM landed""")
    ).one()
    if not changed.messages:
        return
    parsed = {
        (str(one.id), one.raw_hash): one.row(ChatContext(one.chat.tg_channel_id, one.chat.source, one.chat.username))
        for one in batch.messages.values()
    }
    scope = Scope(f"{tenant.slug}.", changed.first, changed.last + timedelta(microseconds=1))
    work_on(posts.stage(parsed), connection, scope, "SELECT id FROM landed", changed.channels, run_id)
