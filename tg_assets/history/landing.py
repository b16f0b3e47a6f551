"""Pages of history into the database, in the caller's transaction: messages, what they prove, how far was read.

A page proves more than its messages: an id between its ends that is not on it does not exist. Stored messages with
such an id were deleted without Telegram saying so, and ids that were never seen are absent. What does not belong
here: asking Telegram, parsing messages into ``posts``.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.events.from_telethon import TelethonChat, event_of, row_of
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.history.reach import Reachable
from tg_assets.history.walk import Page
from tg_assets.landing.facts import Fact, apply_facts, keep_facts
from tg_assets.landing.grouping import regroup_touched
from tg_assets.landing.incoming import Incoming, copy_incoming, create_incoming
from tg_assets.landing.rows import land
from tg_assets.ledger import dirty
from tg_assets.telegram.telethon_raw import raw_json

BREATH = 10  # messages, some milliseconds
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Read:
    """Pages of one chat, newest first, turned into rows.

    ``accounted`` are the ids, from first to last, that exist if they are ``present``. ``since`` to ``until`` is the
    stretch of time whose messages were read to the end with them, None while none was.
    """

    chat: Reachable
    read_at: datetime
    rows: list[Incoming] = field(default_factory=list)
    present: list[int] = field(default_factory=list)
    accounted: list[tuple[int, int]] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None
    oldest: datetime = NEVER

    async def add(self, page: Page, since: datetime | None = None, until: datetime | None = None) -> None:
        """Take in a page; of messages outside ``[since, until)`` only that they exist.

        Lets the loop go on now and then, which asks for the next page meanwhile.
        """
        chat = _telethon_chat(self.chat)
        for number, message in enumerate(page.messages):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            date = getattr(message, "date", None)
            if date is None:  # an empty one: there is nothing under this id
                continue
            self.present.append(message.id)
            self.oldest = min(self.oldest, date)
            if (since and date < since) or (until and date >= until):
                continue
            data = raw_json(message, page.peers)
            if data is None:
                continue
            row = row_of(orjson.loads(data), chat)
            self.rows.append(
                Incoming(
                    len(self.rows), self.chat.id.hex, message.id, ids.post_id(self.chat.id, message.id).hex,
                    row.posted_at, row.edited_at, self.read_at, "telethon", row.is_service, row.grouped_id,
                    data, row.raw_hash, row.media,
                )
            )  # fmt: skip
        self.accounted += page.accounted  # at the end: an interrupted page proves nothing

    def events(self, posts: Collection[UUID], tenant: str) -> Iterator[tuple[UUID, PostParsedEventV1]]:
        """Those of the messages as events of a tenant, by post id."""
        wanted, chat = {post.hex: post for post in posts}, _telethon_chat(self.chat)
        for row in self.rows:
            if post := wanted.get(str(row.id)):
                yield post, event_of(orjson.loads(row.raw), chat, tenant)

    def cut(self, most: int) -> None:
        """Leave out all but the newest ``most`` messages."""
        if len(self.rows) > most:
            del self.rows[most:]
            self.oldest = self.rows[-1].posted_at if self.rows else self.oldest


def _telethon_chat(chat: Reachable) -> TelethonChat:
    return TelethonChat(chat.tg_channel_id, chat.source, chat.owner_id, chat.title, chat.username)


@dataclass(slots=True)
class Landed:
    """What landing changed: messages new, changed, adds, unchanged, deleted, and of which partitions."""

    counts: Counter[str] = field(default_factory=Counter)
    partitions: Counter[tuple[str, date]] = field(default_factory=Counter)
    """Changed messages by feed and first day of the window; empty unless partitions were marked."""


def land_read(connection: Connection, read: Read, *, mark_from: date | None = None) -> Landed:
    """Land what was read. With ``mark_from`` (the first partition) changed partitions are marked dirty."""
    create_incoming(connection)
    copy_incoming(connection, read.rows)
    landed = Landed(Counter(land(connection)))
    values = {
        "channel": read.chat.id,
        "present": read.present,
        "accounted": "{" + ",".join(f"[{first},{last}]" for first, last in read.accounted) + "}",
        "lowest": min((first for first, _ in read.accounted), default=0),
        "highest": max((last for _, last in read.accounted), default=0),
    }
    gone = _gone(connection, read.chat.id, values)
    keep_facts(connection, gone)
    apply_facts(connection)
    regroup_touched(connection)
    landed.counts["deleted"] = len(gone)
    if read.chat.contiguous:
        connection.execute(text(_SETTLE), values)
    if mark_from is not None:
        landed.partitions.update(dirty.mark(connection, mark_from))
    if read.since and read.until and read.since < read.until:
        complete(connection, read.chat.id, read.since, read.until)
    return landed


def _gone(connection: Connection, channel: UUID, values: dict[str, object]) -> list[Fact]:
    """Stored messages that are not where they were: deleted, and nobody said so."""
    rows = connection.execute(
        text("""SELECT id, telegram_message_id FROM telegram_messages
                WHERE channel_id = :channel AND telegram_message_id BETWEEN :lowest AND :highest
                  AND telegram_message_id <@ CAST(:accounted AS int8multirange)
                  AND deleted_at IS NULL AND telegram_message_id <> ALL(:present)"""),
        values,
    )
    now = datetime.now(UTC)
    return [Fact(row.id, "deleted", channel, row.telegram_message_id, now, "{}") for row in rows]


# Ids that do not exist.
_SETTLE = """
    WITH seen AS (
        SELECT CAST(:accounted AS int8multirange) - coalesce(
                   (SELECT range_agg(int8range(n, n, '[]')) FROM unnest(CAST(:present AS bigint[])) n), '{}'
               ) AS missing
    )
    INSERT INTO coverage AS c (tenant_id, channel_id, absent)
    SELECT current_tenant(), :channel, missing FROM seen WHERE NOT isempty(missing)
    ON CONFLICT (tenant_id, channel_id) DO UPDATE SET
        absent = c.absent + (excluded.absent - c.stored - c.service - c.deleted), updated_at = now()
"""


def complete(connection: Connection, channel: UUID, since: datetime, until: datetime) -> None:
    """Note that all messages of ``[since, until)`` were read."""
    connection.execute(
        text("""INSERT INTO history AS h (tenant_id, channel_id, complete)
                VALUES (current_tenant(), :channel, tstzmultirange(tstzrange(:since, :until)))
                ON CONFLICT (tenant_id, channel_id) DO UPDATE SET
                    complete = h.complete + excluded.complete, updated_at = now()"""),
        {"channel": channel, "since": since, "until": until},
    )


def unread(
    connection: Connection, channel: UUID, since: datetime, until: datetime, *, force: bool = False
) -> Sequence[tuple[datetime, datetime]]:
    """The stretches of ``[since, until)`` that were not read to the end yet, newest first; all of it with ``force``."""
    if force:
        return [(since, until)]
    rows = connection.execute(
        text("""SELECT lower(r) AS since, upper(r) AS until FROM unnest(
                    tstzmultirange(tstzrange(:since, :until))
                    - coalesce((SELECT complete FROM history WHERE channel_id = :channel), '{}')) r
                ORDER BY 1 DESC"""),
        {"channel": channel, "since": since, "until": until},
    )
    return [(row.since.astimezone(UTC), row.until.astimezone(UTC)) for row in rows]
