"""Sensor ``find_gaps``: message ids that are missing on the live path, and the backfill that would bring them.

It counts them and says what fills the first; with ``TG_GAP_BACKFILL=auto`` it requests that, a few windows per
tick and none again within the hour, because a message that is gone from Telegram stays unknown however often
its window is run.
"""

import json
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

import dagster as dg

from resources.postgres import Postgres
from sensors.runs import active_runs
from tg_assets import ids
from tg_assets.landing.holes import Hole, command, days, holes
from tg_assets.partitions import date_key, first_key
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.runs.jobs import everything
from tg_assets.settings import Settings

BUDGET_SECONDS = 12.0
REQUESTS = 3
AGAIN_SECONDS = 3600.0


class Window(NamedTuple):
    """Days of a feed, both included, whose backfill fills one hole or several."""

    feed: str
    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.feed} {self.first}..{self.last}"


@dataclass(slots=True)
class Found:
    """Holes over all tenants that were looked at in time."""

    total: int = 0
    chats: int = 0
    tenants: int = 0
    holes: list[Hole] = field(default_factory=list)


def count_holes(postgres: Postgres, slugs: Iterable[str], deadline: float) -> Found:
    """Count holes, tenant by tenant until the deadline."""
    from tg_assets.stores.database import TenantConnection

    found = Found()
    with postgres.connection() as connection:
        for slug in slugs:
            if time.monotonic() > deadline:
                break
            with TenantConnection(connection, ids.tenant_id(slug)).transaction():
                some = holes(connection)
            found.total, found.chats, found.tenants = (
                found.total + some.total,
                found.chats + some.chats,
                found.tenants + 1,
            )
            found.holes += some.first
    return found


def windows(found: Iterable[Hole], start: date, today: date) -> list[Window]:
    """The windows that fill these holes, each once; a hole before the first partition has none."""
    spans = ((hole.feed, days(hole.since, hole.until, start, today)) for hole in found)
    return list(dict.fromkeys(Window(feed, *span) for feed, span in spans if span))


def due(
    candidates: Iterable[Window], busy: Container[str], asked: Mapping[str, float], now: float, most: int = REQUESTS
) -> list[Window]:
    """Which to request now: those that waited longest, one per feed, none that was asked for within the hour."""
    chosen: dict[str, Window] = {}
    for window in sorted(candidates, key=lambda one: asked.get(str(one), 0.0)):
        if not _is_recent(asked.get(str(window), 0.0), now) and window.feed not in busy and len(chosen) < most:
            chosen.setdefault(window.feed, window)
    return list(chosen.values())


def _is_recent(moment: float, now: float) -> bool:
    """Whether it was within the hour; what is to come is from before the clock was set back."""
    return 0.0 <= now - moment < AGAIN_SECONDS


def told(found: Found, first: Window | None, tenants: int) -> str:
    """What a person reads of a tick."""
    if found.total:
        said = f"{_count(found.total, 'hole')} in {_count(found.chats, 'chat')}"
        said += f"; e.g. `{command(first.feed, first[1:])}` fills the first" if first else ", all before the partitions"
    else:
        said = "no holes on the live path"
    return said if found.tenants == tenants else f"{said}; looked at {found.tenants} of {tenants} tenants"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def request(window: Window, now: float, start: date) -> dg.RunRequest:
    """A run of everything over a window, from ``start`` on; another hour has another run key."""
    first = max(date_key(window.first), first_key(start))
    return dg.RunRequest(
        run_key=f"gap/{window}/{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H}",
        tags={
            "dagster/asset_partition_range_start": f"{first}|{window.feed}",
            "dagster/asset_partition_range_end": f"{date_key(window.last)}|{window.feed}",
            "tg/feed": window.feed,
        },
    )


@dg.sensor(job=everything, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def find_gaps(
    context: dg.SensorEvaluationContext, postgres: Postgres, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult:
    """Say how many message ids are missing on the live path and what brings them, or request it."""
    deadline, now = time.monotonic() + BUDGET_SECONDS, time.time()
    feeds = known_feeds(context.instance)
    slugs = tenant_slugs(feeds)
    found = count_holes(postgres, slugs, deadline)
    candidates = windows(found.holes, settings.start_date, datetime.fromtimestamp(now, UTC).date())
    said = told(found, candidates[0] if candidates else None, len(slugs))
    asked: dict[str, float] = json.loads(context.cursor or "{}")
    requested: list[Window] = []
    if settings.gap_backfill == "auto" and candidates:
        with postgres.connection() as connection:
            going_on = active_runs(context.instance, everything.name, connection)
        busy = {run.dagster_run.tags.get("tg/feed", "") for run in going_on}
        listed = [window for window in candidates if window.feed in feeds]
        requested = due(listed, busy, asked, now)
        said += f"; {_count(len(listed), 'window')} to ask for, each once an hour"
    still = {str(window) for window in candidates}
    kept = {name: moment for name, moment in asked.items() if name in still or _is_recent(moment, now)}
    return dg.SensorResult(
        run_requests=[request(window, now, settings.start_date) for window in requested],
        skip_reason=None if requested else said,
        cursor=json.dumps(kept | {str(window): now for window in requested}),
    )
