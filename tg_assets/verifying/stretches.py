"""A tenant's history in stretches that are worked on one after the other: whole partitions, a few thousand messages."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import Connection, text

from tg_assets.partitions import window, window_sql
from tg_assets.scope import Scope

MESSAGES = 5000
"""A stretch ends with the partition that fills it: live messages of its feed wait while one is worked on."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some partitions of a feed, and how many messages there are in them."""

    scope: Scope
    messages: int


def stretches(connection: Connection, feed: str | None = None, most: int = MESSAGES) -> list[Stretch]:
    """All of the tenant's messages, or of a feed, oldest first in each feed; stretches of a feed leave no gap.

    What was landed and not parsed yet is in them, too.
    """
    rows = connection.execute(
        text(f"""SELECT c.feed, {window_sql("t.posted_at")} AS date, count(*) AS messages
                 FROM telegram_messages t JOIN channels c ON c.id = t.channel_id
                 WHERE c.feed = :feed OR CAST(:feed AS text) IS NULL GROUP BY 1, 2 ORDER BY 1, 2"""),  # noqa: S608
        {"feed": feed},
    ).all()
    found: list[Stretch] = []
    for key, days in groupby(rows, key=lambda row: str(row.feed)):
        found += _of_feed(key, [(row.date, row.messages) for row in days], most)
    return found


def _of_feed(feed: str, days: list[tuple[date, int]], most: int) -> list[Stretch]:
    found: list[Stretch] = []
    begin, count = window(days[0][0].isoformat())[0], 0
    for number, (day, messages) in enumerate(days, 1):
        count += messages
        if count >= most or number == len(days):
            end = window(day.isoformat())[1]
            found.append(Stretch(Scope(feed, begin, end), count))
            begin, count = end, 0
    return found
