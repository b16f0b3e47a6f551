"""Coverage: which message ids of a chat are accounted for, and which are unknown.

``landing`` and ``facts`` write the table; here it is read, with multirange arithmetic in the database and never a
row per id. What does not belong here: holes on the live path (``holes``), or showing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.ids import CHANNEL_SHIFT
from tg_assets.registry.channels import OF_ACCOUNT

State = Literal["stored", "service", "deleted", "never existed", "rejected", "unknown"]
STATES: tuple[State, ...] = get_args(State)
# Stretches of one chat on a screen: this many of its largest unknown ranges (the newest of equals), and what is
# between them.
LARGEST = 19
# The states' columns, in their order.
COLUMNS = ("stored", "service", "deleted", "absent", "rejected", "unknown")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Ids ``first`` to ``last`` by state. ``since`` and ``until`` are dates of the stored messages at its ends, or
    next to them; ``ranges`` counts the unknown ranges in it."""

    first: int
    last: int
    counts: dict[State, int]
    ranges: int
    since: datetime | None
    until: datetime | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ChatCoverage:
    """One chat. ``contiguous`` chats number their own messages, so what lies between two of them can be unknown;
    small groups and direct messages take their ids from the whole account."""

    channel: UUID
    tg_channel_id: int
    owner_id: int
    source: str
    title: str | None
    contiguous: bool
    newest: int
    live_from: int | None
    counts: dict[State, int]
    ranges: int


# Ids whose message came and could not be applied, as the dead letters tell: those of an export tell its chat.
_LETTERS = """
    letter AS MATERIALIZED (
        SELECT channel_id, payload ->> 'owner_id' AS owner, payload ->> 'user_id' AS account,
               CASE WHEN source LIKE 'stream:%' AND payload ->> 'tg_channel_id' ~ '^-?[0-9]{1,15}$'
                    THEN abs((payload ->> 'tg_channel_id')::bigint) END AS chat,
               CASE WHEN source LIKE 'import %' AND entry ~ '^message [0-9]{1,9}$' THEN substr(entry, 9)::bigint
                    WHEN source LIKE 'stream:posts:parsed%' AND payload ->> 'telegram_message_id' ~ '^[0-9]{1,9}$'
                    THEN (payload ->> 'telegram_message_id')::bigint END AS number
        FROM dead_letters WHERE replayed_at IS NULL
    )"""
CHATS = f"""
    WITH {_LETTERS}, told AS (
        SELECT c.id, c.feed, c.tg_channel_id, c.owner_id, c.source, c.title, v.live_from, v.updated_at,
               v.service - v.deleted AS service,
               c.source NOT IN ('dm', 'persona') AND c.tg_channel_id < -{CHANNEL_SHIFT} AS contiguous,
               v.stored - v.service - v.deleted AS stored, v.deleted, v.absent,
               r.numbers - (v.stored + v.service + v.deleted + v.absent) AS rejected,
               r.numbers + v.stored + v.service + v.deleted + v.absent AS known
        FROM channels c LEFT JOIN coverage v ON v.channel_id = c.id
        CROSS JOIN LATERAL (
            SELECT coalesce(range_agg(int8range(l.number, l.number, '[]')), '{{}}') AS numbers FROM letter l
            WHERE l.number > 0 AND c.source NOT IN ('dm', 'persona') AND c.tg_channel_id < -{CHANNEL_SHIFT} AND (
                l.chat IN (-c.tg_channel_id, -c.tg_channel_id - {CHANNEL_SHIFT})
                  AND {OF_ACCOUNT.format(owner="l.owner", user="l.account")}
                OR l.channel_id = c.id)
        ) r
        WHERE (CAST(:feed AS text) IS NULL OR c.feed = :feed) AND (CAST(:channel AS uuid) IS NULL OR c.id = :channel)
    ), chat AS (
        SELECT *, coalesce(upper(known) - 1, 0) AS newest,
               CASE WHEN NOT contiguous OR isempty(known) THEN '{{}}'
                    ELSE int8multirange(int8range(1, upper(known))) - known END AS unknown
        FROM told
    )"""  # noqa: S608 - a constant
_IDS = "(SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest({}) r)"
NEAR = """(SELECT posted_at FROM telegram_messages t WHERE t.channel_id = chat.id
            AND t.telegram_message_id {} ORDER BY t.telegram_message_id {} LIMIT 1)"""
_ENDS = f"{NEAR.format('<= lower(s.r)', 'DESC')} AS since, {NEAR.format('>= upper(s.r) - 1', 'ASC')} AS until"

_ACCOUNTS = f"""{CHATS}
    SELECT id, tg_channel_id, owner_id, source, title, contiguous, newest, live_from,
           {", ".join(map(_IDS.format, COLUMNS))},
           (SELECT count(*) FROM unnest(unknown)) AS ranges
    FROM chat ORDER BY 14 DESC, title, tg_channel_id"""  # noqa: S608
_EACH = f"""{CHATS}
    SELECT lower(s.r), upper(s.r) - 1, s.counts, (s.counts[6] > 0)::int, {_ENDS}
    FROM chat CROSS JOIN LATERAL (
        SELECT r, array_fill(0::bigint, ARRAY[place - 1]) || upper(r) - lower(r)
                  || array_fill(0::bigint, ARRAY[6 - place]) AS counts
        FROM (SELECT unnest(stored) AS r, 1 AS place UNION ALL SELECT unnest(service), 2
              UNION ALL SELECT unnest(deleted), 3 UNION ALL SELECT unnest(absent), 4
              UNION ALL SELECT unnest(rejected), 5 UNION ALL SELECT unnest(unknown), 6) every_range
    ) s ORDER BY 1"""  # noqa: S608
_LARGEST = f"""{CHATS}, largest AS (
        SELECT coalesce(range_agg(r), '{{}}') AS ranges FROM (
            SELECT r FROM chat, unnest(unknown) r ORDER BY upper(r) - lower(r) DESC, lower(r) DESC LIMIT :largest) found
    ), stretch AS (
        SELECT unnest(ranges) AS r FROM largest
        UNION ALL
        SELECT unnest(CASE WHEN contiguous AND newest > 0 THEN int8multirange(int8range(1, newest + 1))
                           ELSE int8multirange(range_merge(known)) END - ranges) FROM chat, largest
    ), s AS (
        SELECT r, int8multirange(r) AS m FROM stretch
    )
    SELECT lower(s.r), upper(s.r) - 1,
           ARRAY[{", ".join(_IDS.format(f"{name} * s.m") for name in COLUMNS)}],
           (SELECT count(*) FROM unnest(unknown * s.m)), {_ENDS}
    FROM chat, s ORDER BY 1"""  # noqa: S608


def chat_coverage(connection: Connection, feed: str | None) -> list[ChatCoverage]:
    """The feed's chats, or all, those with the most unknown ids first. In the tenant's transaction, as all here."""
    rows = connection.execute(text(_ACCOUNTS), {"feed": feed, "channel": None}).all()
    return [
        ChatCoverage(
            row.id,
            row.tg_channel_id,
            row.owner_id,
            row.source,
            row.title,
            row.contiguous,
            row.newest,
            row.live_from,
            _counts(row[8:14]),
            row.ranges,
        )
        for row in rows
    ]


def stretches(connection: Connection, channel: UUID, largest: int | None = LARGEST) -> list[Stretch]:
    """A chat's ids from the first to the newest, in order: each range by itself (``largest=None``), or the largest
    unknown ranges and, between them, stretches with all that is known and smaller unknown ranges."""
    values: dict[str, Any] = {"feed": None, "channel": str(channel), "largest": largest}
    rows = connection.execute(text(_EACH if largest is None else _LARGEST), values).all()
    return [Stretch(row[0], row[1], _counts(row[2]), row[3], row.since, row.until) for row in rows]


def _counts(numbers: Sequence[int]) -> dict[State, int]:
    return dict(zip(STATES, map(int, numbers), strict=True))
