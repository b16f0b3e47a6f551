"""Coverage: which messages of the chats of an archive are accounted for.

How it is reckoned is ``landing.coverage``. What does not belong here: filling what is missing.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.feeds import check_feeds
from tg_assets.landing.coverage import State, chat_coverage


@dataclass(frozen=True, slots=True)
class Covered:
    """A chat: how many of its ids from 1 to the newest are in which state, and how many unknown ranges there are.

    ``contiguous`` chats number their own messages; in others nothing between two messages is unknown.
    """

    chat: UUID
    chat_id: int
    feed: str
    title: str | None
    source: str
    newest_id: int
    contiguous: bool
    counts: dict[State, int]
    unknown_ranges: int


def coverage(archive: Archive, feed: str | None = None) -> tuple[Covered, ...]:
    """The chats that the archive shows, of one feed or of all, those with the most unknown ids first.

    Raises NoSuch for a feed of which the archive shows nothing.
    """
    with archive.reading() as connection:
        check_feeds(archive, [feed] if feed is not None else [])
        rows = connection.execute(text(f"SELECT c.id, c.feed FROM channels c WHERE {SEEN}"), archive.seen)  # noqa: S608
        shown = {row.id: row.feed for row in rows if feed in (None, row.feed)}
        return tuple(
            Covered(
                one.channel, one.tg_channel_id, shown[one.channel], one.title, one.source, one.newest, one.contiguous,
                one.counts, one.ranges,
            )
            for one in chat_coverage(connection, feed)
            if one.channel in shown
        )  # fmt: skip
