"""Holes: message ids that are unknown although later ones of the chat came live, and what would fill them.

What does not belong here: the rest of coverage, deciding to fill a hole, or showing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.landing.coverage import CHATS, NEAR


@dataclass(frozen=True, slots=True)
class Hole:
    """Unknown ids on the live path, between stored messages of these dates."""

    feed: str
    channel: UUID
    first: int
    last: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Holes:
    """How many there are, in how many chats, and the first of them."""

    total: int
    chats: int
    first: Sequence[Hole]


# A hole counts once what came after it has settled: two events of a chat are never handled far apart. What came in a
# time to come did so before the clock was set back.
_HOLES = f"""{CHATS}, hole AS MATERIALIZED (
        SELECT chat.feed, chat.id, lower(s.r) AS first, upper(s.r) - 1 AS last,
               {NEAR.format("< lower(s.r)", "DESC")} AS since, above.posted_at AS until
        FROM chat CROSS JOIN LATERAL unnest(chat.unknown * int8multirange(int8range(chat.live_from, NULL))) s (r)
        LEFT JOIN LATERAL (
            SELECT posted_at, received_at FROM telegram_messages t
            WHERE t.channel_id = chat.id AND t.telegram_message_id >= upper(s.r)
            ORDER BY t.telegram_message_id LIMIT 1
        ) above ON true
        WHERE chat.live_from IS NOT NULL
          AND coalesce(above.received_at, chat.updated_at)
              NOT BETWEEN now() - make_interval(secs => :older) AND now() + make_interval(secs => :older)
    )
    SELECT total, chats, feed, id, first, last, since, until
    FROM (SELECT count(*) AS total, count(DISTINCT id) AS chats FROM hole) counted
    LEFT JOIN (SELECT * FROM hole ORDER BY feed, id, first LIMIT :most) listed ON true ORDER BY feed, id, first"""  # noqa: S608


def holes(connection: Connection, feed: str | None = None, older_than_seconds: float = 60, most: int = 1000) -> Holes:
    """Unknown ranges above the first id that came live, by feed and chat; at most ``most`` of them are listed."""
    values = {"feed": feed, "channel": None, "older": older_than_seconds, "most": most}
    rows = connection.execute(text(_HOLES), values).all()
    return Holes(rows[0].total, rows[0].chats, [Hole(*row[2:]) for row in rows if row.feed is not None])


def days(since: datetime | None, until: datetime | None, start: date, today: date) -> tuple[date, date] | None:
    """First and last day that a backfill of what lies between has to cover; None when no partition does.

    Before the first message that is known nothing tells how far to go: the day of that message is a beginning.
    """
    known = [moment.date() for moment in (since, until) if moment]  # ids and dates may disagree by a little
    first = min(known) if known else start
    last = max(known) if until else today
    first, last = max(first, start), min(last, today)
    return (first, last) if first <= last else None


def command(feed: str, between: tuple[date, date]) -> str:
    """What to type to fill it."""
    return f"tg-assets backfill {feed} {between[0]}..{between[1]}"
