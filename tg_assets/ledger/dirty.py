"""Dirty partitions: what live traffic touched and the stages have not looked at yet.

Marks are appended in the transaction that saved the messages, and deleted one by one by the worker that saw
them, after it has done the work: a mark that comes meanwhile stays. Where something outside is not ready the marks
stay as well, and are due again a little later. All functions work inside a tenant's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from tg_assets.events.fields import LAST_MOMENT
from tg_assets.partitions import window, window_sql
from tg_assets.scope import Scope, merge

AGAIN_SECONDS = 5.0
"""How long a mark rests whose work waits for something outside."""
# No mark rests longer: one that is due later was made before the clock was set back.
_DUE = f"(due_at <= now() OR due_at > now() + make_interval(secs => {2 * AGAIN_SECONDS}))"


@dataclass(frozen=True, slots=True)
class Dirty:
    """A tenant's dirty partitions as they were at one moment."""

    partitions: dict[tuple[str, date], list[int]]
    """(feed, first day of the window) to its marks."""
    oldest: datetime | None

    def scopes(self) -> list[Scope]:
        """The fewest stretches that cover them: touching windows of a feed are one."""
        return merge((feed, *window(day.isoformat())) for feed, day in self.partitions)


def mark(connection: Connection, start: date) -> dict[tuple[str, date], int]:
    """Mark the partitions of ``landed``; returns messages per partition.

    Windows before ``start`` do not exist, nor does any after the last moment that Telegram can name.
    """
    rows = connection.execute(
        text(f"""SELECT c.feed, {window_sql("l.posted_at")} AS date, count(*) AS messages
                 FROM landed l JOIN channels c ON c.id = l.channel_id
                 WHERE l.posted_at >= :start AND l.posted_at <= :last GROUP BY 1, 2"""),  # noqa: S608 - our expression
        {"start": start, "last": LAST_MOMENT},
    ).all()
    connection.execute(
        text("""INSERT INTO dirty (tenant_id, feed, date)
                SELECT current_tenant(), * FROM unnest(CAST(:feeds AS text[]), CAST(:dates AS date[]))"""),
        {"feeds": [row.feed for row in rows], "dates": [row.date for row in rows]},
    )
    return {(row.feed, row.date): row.messages for row in rows}


def mark_waiting(connection: Connection, stage: str, scope: Scope) -> None:
    """Mark the partitions of a scope in which a stage's items wait, for the next refresh."""
    connection.execute(
        text(f"""INSERT INTO dirty (tenant_id, feed, date, due_at)
                 SELECT DISTINCT current_tenant(), :feed, {window_sql("at")}, now() + make_interval(secs => :seconds)
                 FROM derivations WHERE stage = :stage AND status = 'waiting' AND at >= :since AND at < :until"""),  # noqa: S608
        {"feed": scope.feed, "stage": stage, "since": scope.since, "until": scope.until, "seconds": AGAIN_SECONDS},
    )


def is_due(connection: Connection) -> bool:
    """Whether the tenant has a dirty partition that is due now, or an event to be sent: one cheap question."""
    return bool(
        connection.execute(
            text(f"""SELECT EXISTS (SELECT FROM dirty WHERE {_DUE} AND date <= :last)
                            OR EXISTS (SELECT FROM outbox)"""),  # noqa: S608 - a constant
            {"last": LAST_MOMENT.date()},
        ).scalar_one()
    )


def due_partitions(connection: Connection) -> Dirty:
    """The tenant's dirty partitions that are due now."""
    rows = connection.execute(
        text(f"""SELECT feed, date, array_agg(seq) AS seqs, min(marked_at) AS oldest FROM dirty
                 WHERE {_DUE} AND date <= :last GROUP BY feed, date"""),  # noqa: S608 - a constant
        {"last": LAST_MOMENT.date()},
    ).all()
    return Dirty({(row.feed, row.date): row.seqs for row in rows}, min((row.oldest for row in rows), default=None))


def note(connection: Connection, marks: Sequence[int], settled: Sequence[str]) -> None:
    """Say which assets have nothing left to do for marks that stay."""
    connection.execute(
        text("""UPDATE dirty SET settled = ARRAY(SELECT DISTINCT unnest(settled || CAST(:settled AS text[])))
                WHERE seq = ANY(:marks)"""),
        {"marks": list(marks), "settled": list(settled)},
    )


def postpone(connection: Connection, marks: Sequence[int]) -> None:
    """Look at marks again later: what they stand for waits for something outside."""
    connection.execute(
        text("UPDATE dirty SET due_at = now() + make_interval(secs => :seconds) WHERE seq = ANY(:marks)"),
        {"marks": list(marks), "seconds": AGAIN_SECONDS},
    )


def clear(connection: Connection, marks: Sequence[int]) -> None:
    """Forget marks whose work is done."""
    connection.execute(text("DELETE FROM dirty WHERE seq = ANY(:marks)"), {"marks": list(marks)})
