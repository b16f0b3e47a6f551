"""Feeds: what is followed, and how much of it there is.

What does not belong here: registering feeds (``tg_assets.registry``), Dagster's partitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.errors import NoSuch


@dataclass(frozen=True, slots=True)
class Feed:
    """``messages`` are those received, ``parsed`` those that are posts; times are aware, in UTC."""

    feed: str
    kind: str
    title: str | None
    """None where one of its chats is not shown."""
    messages: int
    parsed: int
    first: datetime | None
    last: datetime | None
    not_read: str | None
    """Why accounts do not read it any more."""


TITLE = f"CASE WHEN NOT EXISTS (SELECT FROM channels c WHERE c.feed = f.key AND NOT {SEEN}) THEN f.title END"
"""Of the feed ``f``, as ``Feed`` has it."""
_FEEDS = f"""
    SELECT f.key AS feed, f.kind, {TITLE} AS title,
           coalesce(sum(r.messages), 0)::bigint AS messages,
           coalesce(sum(p.parsed), 0)::bigint AS parsed, min(r.first) AS first, max(r.last) AS last,
           (SELECT string_agg(CASE chats WHEN 1 THEN '' ELSE chats || ' chats: ' END || problem, '; ' ORDER BY problem)
            FROM (SELECT u.problem, count(*) AS chats FROM channels c JOIN user_channel u ON u.channel_id = c.id
                  WHERE c.feed = f.key AND (:every OR {SEEN}) AND NOT u.is_active AND u.problem IS NOT NULL
                        AND NOT EXISTS (SELECT FROM user_channel w WHERE w.channel_id = c.id AND w.is_active)
                  GROUP BY u.problem) closed) AS not_read
    FROM feeds f LEFT JOIN channels c ON c.feed = f.key AND (:every OR {SEEN})
    LEFT JOIN LATERAL (SELECT count(*) AS messages, min(posted_at) AS first, max(posted_at) AS last
                       FROM telegram_messages t WHERE t.channel_id = c.id) r ON true
    LEFT JOIN LATERAL (SELECT count(*) AS parsed FROM messages m WHERE m.channel_id = c.id) p ON true
    WHERE :every OR c.id IS NOT NULL
    GROUP BY f.key, f.kind, f.title ORDER BY f.key
"""  # noqa: S608 - a constant


_SHOWN = f"SELECT DISTINCT c.feed FROM channels c WHERE c.feed = ANY(CAST(:named AS text[])) AND {SEEN}"  # noqa: S608


def check_feeds(archive: Archive, named: Sequence[str]) -> None:
    """Raises NoSuch for a feed of which the archive shows nothing: who mistypes a name must not read that nothing was
    found there."""
    if named:
        with archive.reading() as connection:
            shown = set(connection.execute(text(_SHOWN), {**archive.seen, "named": list(named)}).scalars())
        for feed in named:
            if feed not in shown:
                raise NoSuch(f"There is no feed {feed!r} that may be seen here.", "feeds")


def feed_rows(connection: Connection, seen: Mapping[str, Any], every: bool = False) -> Sequence[Feed]:
    """Feeds of the transaction's tenant; ``seen`` as ``Archive.seen`` says what is shown.

    With ``every``, for who runs the installation, also those of which nothing is shown, with their sizes and keys,
    which tell nobody's name.
    """
    rows = connection.execute(text(_FEEDS), {"every": every, **seen}).tuples()
    return [Feed(*row) for row in rows]


def feeds(archive: Archive) -> tuple[Feed, ...]:
    """The feeds of which the archive shows something, by key; counts are of what it shows."""
    with archive.reading() as connection:
        return tuple(feed_rows(connection, archive.seen))
