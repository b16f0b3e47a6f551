"""Days of a feed in numbers, as the asset ``feed_statistics`` rolls them up. Days are UTC's.

What does not belong here: making them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.feeds import check_feeds
from tg_assets.answers.rows import NotThere


@dataclass(frozen=True, slots=True)
class Day:
    """One day; ``top_tags`` and ``top_forward_sources`` are lists of ``{name, count}``."""

    day: date
    messages: int
    service_messages: int
    deleted_messages: int
    authors: int
    replies: int
    forwards: int
    media: int
    albums: int
    reactions: int
    characters: int
    top_tags: Any
    top_forward_sources: Any


# A roll-up is of all chats of its feed: it is shown where all of them are.
_SHOWN = f"""
    SELECT count(*) > 0 AND bool_and({SEEN}) FROM channels c WHERE c.feed = :feed
"""  # noqa: S608 - a constant
_DAYS = """
    SELECT day, messages, service_messages, deleted_messages, authors, replies, forwards, media, albums, reactions,
           characters, top_tags, top_forward_sources
    FROM feed_statistics WHERE feed = :feed AND day >= coalesce(CAST(:since AS date), '-infinity')
         AND day < coalesce(CAST(:until AS date), 'infinity')
    ORDER BY day
"""


def feed_statistics(
    archive: Archive, feed: str, since: date | None = None, until: date | None = None
) -> tuple[Day, ...]:
    """Days of a feed that have messages, from ``since`` on and before ``until``.

    Raises NoSuch for a feed of which the archive shows nothing, NotThere for one that it does not show whole.
    """
    with archive.reading() as connection:
        check_feeds(archive, [feed])
        if not connection.execute(text(_SHOWN), {"feed": feed, **archive.seen}).scalar():
            raise NotThere("feed")
        rows = connection.execute(text(_DAYS), {"feed": feed, "since": since, "until": until}).tuples()
        return tuple(Day(*row) for row in rows)
