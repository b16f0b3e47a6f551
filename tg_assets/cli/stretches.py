"""How a range is backfilled: by stretches, the newest first, each longer than the one before.

Every asset finishes a run's whole range before the next one begins, so of one run over eight years nothing can be
searched until nearly its end; of stretches the newest month can within minutes, and the others cost a start each. What
does not belong here: launching them (``backfill``), how long they take (``outlook``).
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from tg_assets.partitions import window
from tg_assets.registry.channels import channels_of
from tg_assets.scope import Scope

MOST = 8
"""Stretches of a range; the last one takes all that is left."""
SHORT_MONTHS = 2
"""A range that is no longer stays whole."""
FEW = 2000
"""Messages of a feed that stay one run: a minute's work, when starts of more runs would take another."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What a stretch holds: windows, stored messages that are still to be made, and how many of them have media."""

    partitions: int
    messages: int = 0
    media: int = 0


def stretches(keys: Sequence[str]) -> list[list[str]]:
    """Date keys, oldest first, as stretches of 1, 2, 4, … months back from the newest; each oldest first."""
    left, found, months = list(keys), list[list[str]](), 1
    end = window(left[-1])[1].date()
    if date.fromisoformat(left[0]) >= _before(end, SHORT_MONTHS):
        return [left]
    while left:
        end = window(left[-1])[1].date()
        first = left[0] if len(found) == MOST - 1 else _before(end, months).isoformat()
        newer = [key for key in left if key >= first] or left[-1:]
        found.append(newer)
        left = left[: -len(newer)]
        months *= 2
    return found


def told(stretch: Sequence[str]) -> str:
    """A stretch as ``FROM..TO`` of the command: first and last day."""
    return f"{stretch[0]}..{date.fromordinal(window(stretch[-1])[1].toordinal() - 1)}"


def _before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def amounts(
    connection: Connection, feed: str, chats: Sequence[str], parts: Sequence[Sequence[str]], last_stage: str | None
) -> list[Amount]:
    """What each stretch holds; messages that ``last_stage`` has made, if one is given, are not to be made."""
    windows = [(window(part[0])[0], window(part[-1])[1]) for part in parts]
    scope = Scope(feed, windows[-1][0], windows[0][1], tuple(chats))
    rows = connection.execute(
        text(_AMOUNTS),
        {
            "channels": channels_of(connection, scope), "since": [since for since, _ in windows],
            "until": [until for _, until in windows], "stage": last_stage,
        },
    ).all()  # fmt: skip
    return [Amount(len(part), *row) for part, row in zip(parts, rows, strict=True)]


def is_read(connection: Connection, feed: str) -> bool:
    """Whether an account reads the feed, so that there may be more than what is stored."""
    return bool(connection.execute(text(_READ), {"feed": feed}).scalar())


_AMOUNTS = """
    SELECT found.messages, found.media
    FROM unnest(CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])) WITH ORDINALITY s (since, until, n)
    CROSS JOIN LATERAL (
        SELECT count(*) AS messages, count(*) FILTER (WHERE t.media <> '[]') AS media
        FROM telegram_messages t
        LEFT JOIN derivations d ON d.stage = CAST(:stage AS text) AND d.item_id = t.id
        LEFT JOIN messages m ON m.id = t.id AND m.is_service -- nothing is made of those but a row and a node
        WHERE t.channel_id = ANY(:channels) AND t.posted_at >= s.since AND t.posted_at < s.until
          AND t.deleted_at IS NULL AND m.id IS NULL AND (d.item_id IS NULL OR d.status NOT IN ('ok', 'skipped'))
    ) found
    ORDER BY s.n
"""
_READ = """
    SELECT EXISTS (SELECT FROM channels c JOIN user_channel u ON u.channel_id = c.id
                   WHERE c.feed = :feed AND u.is_active)
"""
