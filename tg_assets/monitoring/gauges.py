"""What is measured now: servers that answer, and what waits in streams, in the database and in albums."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets.landing.holes import holes
from tg_assets.live.state import StreamState
from tg_assets.metrics.catalogue import LIVE_STAGES
from tg_assets.remote.config import Models
from tg_assets.stores.database import Database, TenantConnection

Gauge = tuple[str, Mapping[str, str], float]
"""A metric's name, its labels and its value."""

# A point in time is shown as its age at the moment of asking.
_WAITING = """
    SELECT (SELECT count(*) FROM (SELECT DISTINCT feed, date FROM dirty) d) AS dirty,
           (SELECT extract(epoch FROM now() - min(marked_at)) FROM dirty) AS dirty_age,
           (SELECT count(*) FROM outbox) AS outgoing,
           (SELECT extract(epoch FROM now() - min(created_at)) FROM outbox) AS outgoing_age,
           (SELECT count(*) FROM dead_letters) AS letters,
           (SELECT count(*) FROM saved_questions WHERE gave_up_at IS NOT NULL) AS given_up
"""
_BEHIND = """
    SELECT stage, extract(epoch FROM now() - min(marked_at)) AS age
    FROM dirty CROSS JOIN unnest(CAST(:stages AS text[])) AS stage WHERE stage <> ALL(settled) GROUP BY stage
"""
# Each part has an index of its own; asked together they would read the whole ledger.
_UNSETTLED = """
    SELECT stage, 'failed' AS outcome, count(*) AS items, extract(epoch FROM now() - min(made_at)) AS age
    FROM derivations WHERE status = 'error' GROUP BY stage
    UNION ALL
    SELECT stage, 'waiting', count(*), extract(epoch FROM now() - min(made_at))
    FROM derivations WHERE status = 'waiting' GROUP BY stage
"""
_ALBUMS = """
    WITH counted AS (
        SELECT group_id, count(*) AS every, count(*) FILTER (WHERE deleted_at IS NULL) AS live
        FROM media_group_items GROUP BY group_id
    )
    SELECT coalesce(sum(live) FILTER (WHERE g.deleted_at IS NULL AND g.meta ? 'enrichment'), 0) AS settled,
           coalesce(sum(live) FILTER (WHERE g.deleted_at IS NULL AND NOT g.meta ? 'enrichment'), 0) AS pending,
           coalesce(sum(CASE WHEN g.deleted_at IS NULL THEN every - live ELSE every END), 0) AS deleted,
           count(*) FILTER (WHERE g.deleted_at IS NULL AND NOT g.meta ? 'enrichment' AND live > 0) AS in_progress,
           count(*) FILTER (WHERE g.deleted_at IS NULL AND g.items_count <> coalesce(live, 0)) AS miscounted
    FROM media_groups g LEFT JOIN counted ON group_id = g.id
"""
# Chats of which something came live, or that an account reads. A pause before the last four weeks of a chat is no
# pause of today's rhythm, and who has been silent for longer than those has none.
_TELEGRAM = """
    WITH live AS (
        SELECT c.id FROM channels c
        WHERE c.is_active AND (
            EXISTS (SELECT FROM coverage v WHERE v.channel_id = c.id AND v.live_from IS NOT NULL)
            OR EXISTS (SELECT FROM user_channel u JOIN accounts a ON a.id = u.user_id
                       WHERE u.channel_id = c.id AND u.is_active AND a.is_active))
    ), rhythm AS (
        SELECT max(posted_at) AS last, max(pause) AS longest, count(pause) AS pauses
        FROM live CROSS JOIN LATERAL (
            SELECT posted_at, posted_at - lag(posted_at) OVER (ORDER BY posted_at) AS pause
            FROM (SELECT posted_at FROM telegram_messages t
                  WHERE t.channel_id = live.id AND t.posted_at > now() - interval '28 days'
                  ORDER BY posted_at DESC LIMIT 2000) m) p
        GROUP BY live.id
    )
    SELECT (SELECT count(*) FROM rhythm
            WHERE pauses >= 10 AND now() - last > greatest(longest * 1.5, interval '1 hour')) AS quiet,
           (SELECT max(extract(epoch FROM flood_until - now())) FROM accounts WHERE is_active) AS flood,
           (SELECT count(*) FROM accounts WHERE NOT is_active) AS stopped,
           (SELECT max(extract(epoch FROM now() - coalesce(s.last_used_at, s.created_at)))
            FROM account_sessions s JOIN accounts a ON a.id = s.account_id WHERE a.is_active) AS unused
"""


@dataclass(slots=True)
class Most:
    """Sums of counts and the greatest of ages, over tenants."""

    counts: dict[tuple[str, ...], float]
    ages: dict[tuple[str, ...], float]

    def add(self, key: tuple[str, ...], count: float, age: float | None = None) -> None:
        """Take in one tenant's."""
        self.counts[key] = self.counts.get(key, 0) + count
        if age is not None:
            self.ages[key] = max(self.ages.get(key, 0.0), float(age), 0.0)


def waiting(database: Database, tenants: Sequence[UUID], *, albums: bool = True) -> Iterator[Gauge]:
    """What waits in the database, over tenants: partitions, events to be sent, receivers, items of stages, of albums.

    Albums are all read, which takes time where they are many.
    """
    found = Most({}, {})
    with database.connection() as connection:
        for tenant in tenants:
            with TenantConnection(connection, tenant).transaction() as inside:
                _add(inside, found, albums)
    named = {
        "dirty": "dirty_partitions", "outgoing": "outgoing_events", "letters": "dead_letters",
        "given_up": "receivers_given_up", "in_progress": "albums_in_progress", "miscounted": "albums_miscounted",
    }  # fmt: skip
    for key, name in named.items():
        yield name, {}, found.counts.get((key,), 0)
    for key in ("dirty", "outgoing"):
        yield f"{key}_oldest_seconds", {}, found.ages.get((key,), 0.0)
    for stage in LIVE_STAGES:
        yield "stage_oldest_seconds", {"stage": stage}, found.ages.get(("behind", stage), 0.0)
    for what, count in found.counts.items():
        if what[0] == "stage":
            labels = {"stage": what[1], "outcome": what[2]}
            yield "stage_unsettled_items", labels, count
            yield "stage_unsettled_oldest_seconds", labels, found.ages.get(what, 0.0)
        elif what[0] == "album":
            yield "album_items_count_gauge", {"status": what[1]}, count


def _add(connection: Connection, found: Most, with_albums: bool) -> None:
    now = connection.execute(text(_WAITING)).one()
    found.add(("dirty",), now.dirty, now.dirty_age)
    found.add(("outgoing",), now.outgoing, now.outgoing_age)
    found.add(("letters",), now.letters)
    found.add(("given_up",), now.given_up)
    for row in connection.execute(text(_BEHIND), {"stages": list(LIVE_STAGES)}):
        found.add(("behind", row.stage), 0, row.age)
    for row in connection.execute(text(_UNSETTLED)):
        found.add(("stage", row.stage, row.outcome), row.items, row.age)
    if not with_albums:
        return
    albums = connection.execute(text(_ALBUMS)).one()
    for status in ("settled", "pending", "deleted"):
        found.add(("album", status), float(getattr(albums, status)))
    found.add(("in_progress",), albums.in_progress)
    found.add(("miscounted",), albums.miscounted)


def of_telegram(database: Database, tenants: Sequence[UUID]) -> Iterator[Gauge]:
    """What silence may mean, over tenants: gaps, chats that are quieter than usual, accounts that wait or stopped."""
    found = Most({}, {})
    with database.connection() as connection:
        for tenant in tenants:
            with TenantConnection(connection, tenant).transaction() as inside:
                row = inside.execute(text(_TELEGRAM)).one()
                found.add(("holes",), holes(inside, most=0).total)
            found.add(("quiet",), row.quiet, row.flood)
            found.add(("stopped",), row.stopped, row.unused)
    yield "live_holes", {}, found.counts.get(("holes",), 0)
    yield "quiet_chats", {}, found.counts.get(("quiet",), 0)
    yield "flood_wait_seconds", {}, found.ages.get(("quiet",), 0.0)
    yield "accounts_stopped", {}, found.counts.get(("stopped",), 0)
    yield "session_unused_seconds", {}, found.ages.get(("stopped",), 0.0)


def budgets(database: Database, tenants: Mapping[str, UUID], models: Models) -> Iterator[Gauge]:
    """The least that is left of a tenant's tokens of today for a model, as a part of all."""
    least = 1.0
    today = datetime.now(UTC).date()
    with database.connection() as connection:
        for slug, tenant in tenants.items():
            chosen = models.for_tenant(slug)
            limits = {
                (model.kind, model.model): model.daily_tokens
                for model in (chosen.vision, chosen.tags, chosen.albums)
                if model
            }  # of one model for several purposes the last one's limit is shown
            if not limits:
                continue
            with TenantConnection(connection, tenant).transaction() as inside:
                for row in inside.execute(text(_SPENT), {"today": today}):
                    most = limits.get((row.provider, row.model))
                    least = min(least, 1 - float(row.tokens) / most) if most else least
    yield "token_budget_left_ratio", {}, max(least, 0.0)


_SPENT = "SELECT provider, model, tokens + reserved AS tokens FROM token_usage WHERE day = :today"


def of_streams(states: Sequence[StreamState]) -> Iterator[Gauge]:
    """How far the group is on each stream."""
    for one in states:
        labels = {"stream": one.stream.removeprefix("stream:")}
        yield "stream_entries", labels, one.length
        yield "stream_unread_entries", labels, one.unread
        yield "stream_pending_entries", labels, one.pending
        yield "stream_oldest_seconds", labels, one.oldest_seconds


def disk(path: Path) -> Iterator[Gauge]:
    """Room on the disk that holds the data directory."""
    usage = shutil.disk_usage(path)
    yield "disk_free_bytes", {}, usage.free
    yield "disk_size_bytes", {}, usage.total


class Seen:
    """Something that is measured again and again in a thread of its own, so that a slow server delays no scrape.

    ``values`` is what was found last; empty, and ``ok`` false, when it could not be measured. What has not answered for
    ``patience`` seconds does not answer, although it may be waited for longer.
    """

    def __init__(self, measure: Callable[[], Sequence[Gauge]], seconds: float, patience: float = 10.0) -> None:
        self._measure, self._seconds, self._patience = measure, seconds, patience
        self._found: Sequence[Gauge] = ()
        self._first = threading.Event()
        self._why = ""
        self._asked: float | None = None
        self._answered = False

    @property
    def ok(self) -> bool:
        """Whether it answers."""
        asked = self._asked
        return self._answered and (asked is None or time.monotonic() - asked < self._patience)

    @property
    def values(self) -> Sequence[Gauge]:
        """What was found last."""
        return self._found if self.ok else ()

    def follow(self, failed: Callable[[Exception], None]) -> None:
        """Measure until the process ends."""

        def keep_measuring() -> None:
            while True:
                self.look(failed)
                time.sleep(self._seconds)

        threading.Thread(target=keep_measuring, daemon=True).start()

    def begin(self) -> None:
        """Measure once, in a thread of its own."""
        threading.Thread(target=self.look, daemon=True).start()

    def look(self, failed: Callable[[Exception], None] = lambda _: None) -> None:
        """Measure once; ``failed`` is told what is new."""
        self._asked = time.monotonic()
        try:
            self._found, self._answered, self._why = tuple(self._measure()), True, ""
        except Exception as error:  # noqa: BLE001 - whatever ails one server, the others are still worth measuring
            self._found, self._answered = (), False
            if self._why != (why := repr(error)):
                self._why = why
                failed(error)
        self._asked = None
        self._first.set()

    def wait(self, seconds: float) -> None:
        """Until it was measured once."""
        self._first.wait(seconds)


def gathered(targets: Mapping[str, Seen], parts: Mapping[str, Seen], deadline: float) -> list[Gauge]:
    """What was measured last, waited for until a moment of the monotonic clock where it was not measured yet."""
    for seen in (*targets.values(), *parts.values()):
        seen.wait(max(0.0, deadline - time.monotonic()))
    found: list[Gauge] = [("metrics_backend_up", {"target": name}, seen.ok) for name, seen in targets.items()]
    found += [("measured_ok", {"part": name}, seen.ok) for name, seen in parts.items()]
    return found + [gauge for seen in parts.values() for gauge in seen.values]
