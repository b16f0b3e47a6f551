"""Messages in order of time, over all chats of an archive: page by page, the newest first.

What does not belong here: searching.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.cursors import IN_TIME, place_of, written
from tg_assets.answers.feeds import check_feeds
from tg_assets.answers.neighbours import check_count
from tg_assets.answers.rows import SPEAKS, Message, messages_by_id
from tg_assets.stores.vectors import Narrow

MOST = 500


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page; ``cursor`` leads to earlier messages, None at the beginning of the archive."""

    messages: tuple[Message, ...]
    cursor: str | None


# The newest of each chat, and of those the newest: each chat's index is read from its end.
_NEWEST = f"""
    SELECT n.id, n.posted_at, n.telegram_message_id FROM channels c CROSS JOIN LATERAL (
        SELECT m.id, m.posted_at, m.telegram_message_id FROM messages m
        WHERE m.channel_id = c.id AND {SPEAKS}
          AND m.posted_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
          AND m.posted_at < coalesce(CAST(:until AS timestamptz), 'infinity')
          AND (CAST(:at AS timestamptz) IS NULL
               OR (m.posted_at, m.telegram_message_id, m.id)
                  < (CAST(:at AS timestamptz), CAST(:number AS bigint), CAST(:before AS uuid)))
          AND m.posted_at <= coalesce(CAST(:at AS timestamptz), 'infinity')
        ORDER BY m.posted_at DESC, m.telegram_message_id DESC, m.id DESC LIMIT :limit
    ) n WHERE {SEEN} ORDER BY n.posted_at DESC, n.telegram_message_id DESC, n.id DESC LIMIT :limit
"""  # noqa: S608 - constants


def timeline(
    archive: Archive,
    *,
    feeds: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Timeline:
    """Messages from ``since`` on and before ``until`` (aware), of these feeds or of all that the archive has.

    Raises NoSuch for a feed that is not shown, and CursorRefused.
    """
    check_count("limit", limit, MOST, 1)
    question = ("timeline", sorted(feeds), since, until)
    at, number, before = place_of(archive, question, cursor, IN_TIME) or (None, None, None)
    check_feeds(archive, feeds)
    bound = archive.narrowed(Narrow(feeds=tuple(feeds)))
    if bound is None:
        return Timeline((), None)
    values = {"since": since, "until": until, "limit": limit + 1, **archive.seen}
    values |= {"at": at, "number": number, "before": before}
    values["feeds"] = list(bound.feeds) or None
    with archive.reading() as connection:
        rows = connection.execute(text(_NEWEST), values).all()
        found = tuple(messages_by_id(connection, archive, [row.id for row in rows[:limit]]).values())
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]  # also where it has gone since: those after it are asked for
        more = written(archive, question, (last.posted_at.isoformat(), last.telegram_message_id, str(last.id)))
    return Timeline(found, more)
