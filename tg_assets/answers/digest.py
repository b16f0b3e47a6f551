"""What happened in a span of time, told from structure alone: what was answered, discussed, forwarded and liked.

No model is asked; every line leads to a message. A statement for each part, whatever the length of the span. What does
not belong here: how a digest is written (``digest_text``).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets import ids
from tg_assets.answers.archive import SEEN, Archive
from tg_assets.answers.feeds import TITLE, check_feeds
from tg_assets.answers.neighbours import check_count
from tg_assets.answers.rows import SPEAKS, Message, messages_by_id
from tg_assets.errors import TgAssetsError
from tg_assets.stores.vectors import Narrow

MOST = 50
LONGEST = timedelta(days=366)
DAYS = timedelta(days=7)
"""What is told of where nobody says since when: before the end, and where nobody names that either, the last that have
anything."""
FEWEST_IN_THREAD = 2
"""Replies of the span from which on a thread is told of: one is an answer."""


@dataclass(frozen=True, slots=True)
class Busy:
    """A feed: messages and authors of the span, and how many messages the span of the same length before had.

    ``title`` is None where one of its chats is not shown.
    """

    feed: str
    title: str | None
    messages: int
    authors: int
    before: int


@dataclass(frozen=True, slots=True)
class Told:
    """A line: a message, and how often it was answered, liked or written about, by ``people`` where that is known.

    ``name`` is that of a topic or of a source that was forwarded, whose last message this is; ``before`` counts the
    same in the span of the same length before.
    """

    count: int
    message: Message
    name: str | None = None
    people: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """From ``since`` on and before ``until`` (aware UTC); each part has the most first."""

    since: datetime
    until: datetime
    feeds: tuple[Busy, ...]
    answered: tuple[Told, ...]
    """Messages that got most replies in the span."""
    threads: tuple[Told, ...]
    """Messages that most replies to replies of the span go back to; each of which is itself of the span, or answered
    in it. Where that one is not here any more, the first of the span that answered it."""
    forwarded: tuple[Told, ...]
    """Whose messages were forwarded most often."""
    topics: tuple[Told, ...]
    reacted: tuple[Told, ...]
    """Messages of the span with most reactions."""


AUTHOR = "coalesce(m.sender_tg_id::text, m.author_name)"
_IN_SPAN = f"""
    SELECT m.* FROM channels c JOIN messages m ON m.channel_id = c.id
    WHERE {SEEN} AND m.posted_at >= :since AND m.posted_at < :until AND {SPEAKS}
"""  # noqa: S608 - constants
_FEEDS = f"""
    SELECT f.key, {TITLE}, messages, authors, before FROM (
        SELECT c.feed, count(*) FILTER (WHERE m.posted_at >= :since) AS messages,
               count(DISTINCT {AUTHOR}) FILTER (WHERE m.posted_at >= :since) AS authors,
               count(*) FILTER (WHERE m.posted_at < :since) AS before
        FROM channels c JOIN messages m ON m.channel_id = c.id
        WHERE {SEEN} AND m.posted_at >= :earlier AND m.posted_at < :until AND {SPEAKS}
        GROUP BY 1 HAVING count(*) FILTER (WHERE m.posted_at >= :since) > 0
    ) busy JOIN feeds f ON f.key = busy.feed ORDER BY messages DESC, f.key
"""  # noqa: S608
# That a message of a topic is filed under the message that began the topic answers nothing, nor does what is said to
# Telegram's own words.
_ANSWERS = """m.reply_to_message_id IS NOT NULL AND m.reply_to_chat_id IS NULL
              AND m.reply_to_message_id IS DISTINCT FROM m.forum_topic_id"""
_ANSWERED = f"""
    SELECT a.id, r.count, r.people FROM (
        SELECT channel_id, reply_to_message_id, count(*) AS count,
               count(DISTINCT {AUTHOR}) AS people
        FROM ({_IN_SPAN}) m WHERE {_ANSWERS} GROUP BY 1, 2
    ) r JOIN messages a ON a.channel_id = r.channel_id AND a.telegram_message_id = r.reply_to_message_id
    WHERE a.deleted_at IS NULL AND NOT a.is_service
    ORDER BY r.count DESC, r.people DESC, a.posted_at DESC, a.id LIMIT :limit
"""  # noqa: S608
_REPLIES = f"""
    SELECT m.channel_id, m.telegram_message_id AS number, m.reply_to_message_id AS replied, {AUTHOR} AS author,
           a.id IS NULL OR a.deleted_at IS NOT NULL AS is_gone
    FROM ({_IN_SPAN}) m LEFT JOIN messages a
        ON a.channel_id = m.channel_id AND a.telegram_message_id = m.reply_to_message_id
    WHERE {_ANSWERS} AND a.is_service IS NOT TRUE ORDER BY 1, 2
"""  # noqa: S608
_FORWARDED = f"""
    SELECT coalesce(forward_from_name, forward_from_chat_id::text) AS name, count(*) AS count,
           (array_agg(id ORDER BY posted_at DESC, id))[1] AS id
    FROM ({_IN_SPAN}) m WHERE coalesce(forward_from_name, forward_from_chat_id::text) IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit
"""  # noqa: S608
# What a picture shows is no matter that anybody speaks of.
_TOPICS = f"""
    SELECT tag AS name, count(*) FILTER (WHERE m.posted_at >= :since) AS count,
           count(*) FILTER (WHERE m.posted_at < :since) AS before,
           (array_agg(m.id ORDER BY m.posted_at DESC, m.id))[1] AS id
    FROM channels c JOIN messages m ON m.channel_id = c.id
    JOIN post_enrichment t ON t.post_id = m.id AND t.kind = 'tags'
    CROSS JOIN LATERAL (SELECT DISTINCT one->>'name' FROM jsonb_array_elements(t.data->'tags') AS one
                        WHERE one->>'origin' <> 'label') AS said (tag)
    WHERE {SEEN} AND m.posted_at >= :earlier AND m.posted_at < :until AND {SPEAKS}
    GROUP BY 1 HAVING count(*) FILTER (WHERE m.posted_at >= :since) > 1 ORDER BY 2 DESC, 1 LIMIT :limit
"""  # noqa: S608
_REACTED = f"""
    SELECT id, reactions_count AS count FROM ({_IN_SPAN}) m WHERE reactions_count > 0
    ORDER BY 2 DESC, posted_at DESC, id LIMIT :limit
"""  # noqa: S608


# The newest of each chat, and of those the newest: each chat's index is read from its end.
_NEWEST = f"""
    SELECT max(n.posted_at) FROM channels c CROSS JOIN LATERAL (
        SELECT m.posted_at FROM messages m WHERE m.channel_id = c.id AND m.posted_at < :now AND {SPEAKS}
        ORDER BY m.posted_at DESC LIMIT 1
    ) n WHERE {SEEN}
"""  # noqa: S608


def digest(
    archive: Archive,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    feeds: Sequence[str] = (),
    limit: int = 5,
) -> Digest:
    """What happened from ``since`` on and before ``until``, both aware, in these feeds or in all that the archive has.

    Without ``until`` that is now, without ``since`` seven days before it. Without both they are the last seven days;
    where those have nothing, the seven that end with the newest message. ``limit`` lines in each part. Raises
    TgAssetsError for a span that is none.
    """
    check_count("limit", limit, MOST, 1)
    check_feeds(archive, feeds)
    bound = archive.narrowed(Narrow(feeds=tuple(feeds)))
    seen = {**archive.seen, "feeds": (list(bound.feeds) or None) if bound else []}
    with archive.reading() as connection:
        since, until = _span(connection, seen, since, until)
        values = {"since": since, "until": until, "earlier": since - (until - since), "limit": limit, **seen}
        busy = tuple(Busy(*row) for row in connection.execute(text(_FEEDS), values).tuples())
        answered, forwarded, topics, reacted = (
            connection.execute(text(statement), values).all()
            for statement in (_ANSWERED, _FORWARDED, _TOPICS, _REACTED)
        )
        threads = _threads(connection.execute(text(_REPLIES), values), limit)
        parts: list[Any] = [answered, threads, forwarded, topics, reacted]
        shown = messages_by_id(connection, archive, {row.id for part in parts for row in part})
    return Digest(since, until, busy, *(_told(part, shown) for part in parts))


def _span(
    connection: Connection, seen: Mapping[str, Any], since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    """What is told of where not both are said. Raises TgAssetsError."""
    end = until or datetime.now(UTC)
    if since is None and until is None:
        newest: datetime | None = connection.execute(text(_NEWEST), {**seen, "now": end}).scalar()
        if newest is not None and newest < end - DAYS:
            end = newest + timedelta(seconds=1)
    if any(one is not None and one.tzinfo is None for one in (since, until)):
        raise TgAssetsError("since and until have to be times with a zone.")
    begin = since or end - DAYS
    if begin >= end:
        raise TgAssetsError("A span ends after it begins.")
    if end - begin > LONGEST:
        raise TgAssetsError(f"A digest tells of at most {LONGEST.days} days; ask for a part of the span.")
    return begin, end


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    count: int
    people: int


def _threads(replies: Iterable[Any], limit: int) -> list[_Row]:
    """Threads with most replies, which come in the order of their numbers: an answer has a higher one than what it
    answers. The first answer to one that is gone stands for it."""
    roots: dict[tuple[UUID, int], tuple[UUID, int]] = {}
    counts: Counter[tuple[UUID, int]] = Counter()
    people: defaultdict[tuple[UUID, int], set[str | None]] = defaultdict(set)
    for row in replies:
        above, own = (row.channel_id, row.replied), (row.channel_id, row.number)
        root = roots[own] = roots.setdefault(above, own if row.is_gone else above)
        if root == own:
            continue
        counts[root] += 1
        people[root].add(row.author)
    best = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:limit]
    return [_Row(ids.post_id(*root), count, len(people[root])) for root, count in best if count >= FEWEST_IN_THREAD]


def _told(rows: Sequence[Any], shown: Mapping[UUID, Message]) -> tuple[Told, ...]:
    return tuple(
        Told(
            row.count, shown[row.id], getattr(row, "name", None), getattr(row, "people", None),
            getattr(row, "before", None),
        )
        for row in rows
        if row.id in shown
    )  # fmt: skip
