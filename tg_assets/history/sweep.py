"""The sweep: asking by id for what is stored or missing, to find what Telegram never announced.

Deletions are announced unreliably and never afterwards, edits and messages can be lost in a gap of updates. Each
request compares a hundred ids; a budget of requests is spent where the last look was longest ago, and the place is
kept. Only ids around what is stored are asked for: unread history is a backfill's. What does not belong here: Dagster.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from telethon.errors import RPCError

from tg_assets.accounts import store
from tg_assets.accounts.client import Opened, opened
from tg_assets.accounts.refusals import is_chats_own, name_of
from tg_assets.history.landing import Read, land_read
from tg_assets.history.pull import Puller
from tg_assets.history.reach import Reachable, close_way, open_way, reachable, unreadable
from tg_assets.history.walk import CLOSED, PAGE, numbered, probe, shown_from

if TYPE_CHECKING:
    from uuid import UUID

    from tg_assets.stores.database import TenantConnection

# So many requests are landed together.
TOGETHER = 10
# A hole that is longer is history that nobody has read.
LONGEST_HOLE = 1000

# A chat's ids to compare, below the place where the last sweep stopped: what is believed to be there, and small holes.
_IDS = f"""
    WITH told AS (
        SELECT (stored + service) - deleted AS there,
               CASE WHEN :contiguous THEN (SELECT range_agg(r) FROM unnest(
                   int8multirange(range_merge(stored + service + deleted + absent))
                   - (stored + service + deleted + absent)) r WHERE upper(r) - lower(r) <= {LONGEST_HOLE}) END AS holes
        FROM coverage WHERE channel_id = :channel
    )
    SELECT lower(r) AS first, upper(r) - 1 AS last FROM told, unnest(
        (there + coalesce(holes, '{{}}')) * int8multirange(int8range(1, :below))) r
    ORDER BY 1 DESC LIMIT :most
"""  # noqa: S608 - a constant


@dataclass(slots=True)
class Sweep:
    """Sweeps a tenant's chats within a budget of requests for each account."""

    puller: Puller
    requests: int = 500

    async def run(self) -> None:
        """Compare what the budget allows; counts are in ``puller.pulled``."""
        with self.puller.postgres.tenant(self.puller.tenant) as session:
            with session.transaction() as connection:
                channels = list(connection.execute(text("SELECT id FROM channels WHERE is_active")).scalars())
                found = reachable(connection, channels, self.puller.settings.off_limits)
                known_chats = {one.id for one in found}
                closed = reachable(connection, channels, self.puller.settings.off_limits, closed=True)
                closed = [one for one in closed if one.id not in known_chats]
                known = {one.id: one for one in store.accounts(connection)}
                order = _oldest_first(connection)
            found += closed
            for account in sorted({one.account for one in found}, key=lambda one: known[one].name):
                mine = sorted((one for one in found if one.account == account), key=lambda one: order.get(one.id, 0.0))
                puller = self.puller
                async with opened(
                    puller.postgres, puller.settings, puller.tenant, known[account], puller.log
                ) as client:
                    await self._account(client, session, mine, {one.id for one in closed})

    async def _account(
        self, client: Opened, session: "TenantConnection", chats: list[Reachable], closed: "set[UUID]"
    ) -> None:
        left = self.requests
        for chat in chats:
            if left <= 0:
                break
            try:
                if chat.id in closed:  # it may be open again
                    left -= 1
                    await probe(client.client, chat.peer())
                    with session.transaction() as connection:
                        open_way(connection, client.account.id, chat.id, chat.access_hash)
                left -= await self._chat(client, session, chat, max(1, left))
            except RPCError as error:
                if not is_chats_own(error):
                    raise
                problem = unreadable(client.account.name, name_of(error))
                self.puller.pulled.problems[chat.shown] = problem
                if isinstance(error, CLOSED):
                    with session.transaction() as connection:
                        close_way(connection, client.account.id, chat.id, problem)
        self.puller.pulled.chats += len(chats)

    async def _chat(self, client: Opened, session: "TenantConnection", chat: Reachable, budget: int) -> int:
        """Compare a chat's ids from where the last sweep stopped; returns the requests it took."""
        spent, first_shown = 0, None
        while True:
            most = min(TOGETHER, budget - spent) * PAGE
            with session.transaction() as connection:
                numbers = _next(connection, chat, most)
            read = Read(chat, datetime.now(UTC))
            for first in range(0, len(numbers), PAGE):
                page = await numbered(client.client, chat.peer(), numbers[first : first + PAGE])
                spent += 1
                if first_shown is None and not all(getattr(one, "date", None) for one in page.messages):
                    first_shown = await shown_from(client.client, chat.peer())
                    spent += chat.contiguous
                page.accounted = [one for one in page.accounted if one[0] >= (first_shown or 1)]
                await read.add(page)
            with session.transaction() as connection:
                landed = land_read(connection, read, mark_from=self.puller.mark_from)
                _keep_progress(connection, chat, numbers[-1] if len(numbers) == most else None)
            self.puller.pulled.counts.update(landed.counts)
            self.puller.pulled.counts["compared"] += len(numbers)
            self.puller.pulled.partitions.update(landed.partitions)
            if spent >= budget or len(numbers) < most:
                self.puller.pulled.counts["requests"] += spent
                return spent


def _next(connection: Connection, chat: Reachable, most: int) -> list[int]:
    """The next ids to compare, newest first."""
    below = connection.execute(
        text("SELECT swept_to FROM history WHERE channel_id = :channel"), {"channel": chat.id}
    ).scalar()
    rows = connection.execute(
        text(_IDS),
        {"channel": chat.id, "contiguous": chat.contiguous, "below": below or (1 << 62), "most": most},
    )
    return list(_first(((row.first, row.last) for row in rows), most))


def _first(ranges: Iterator[tuple[int, int]], most: int) -> Iterator[int]:
    for first, last in ranges:
        for number in range(last, first - 1, -1):
            if most <= 0:
                return
            most -= 1
            yield number


def _keep_progress(connection: Connection, chat: Reachable, swept_to: int | None) -> None:
    """Where to go on; None: the chat's beginning was reached, so the next sweep begins anew."""
    connection.execute(
        text("""INSERT INTO history (tenant_id, channel_id, swept_to, swept_at)
                VALUES (current_tenant(), :channel, :swept_to, now())
                ON CONFLICT (tenant_id, channel_id) DO UPDATE SET
                    swept_to = excluded.swept_to, swept_at = excluded.swept_at"""),
        {"channel": chat.id, "swept_to": swept_to},
    )


def _oldest_first(connection: Connection) -> "dict[UUID, float]":
    rows = connection.execute(
        text("SELECT channel_id, extract(epoch FROM swept_at) FROM history WHERE swept_at IS NOT NULL")
    )
    return {channel: float(moment) for channel, moment in rows.tuples()}
