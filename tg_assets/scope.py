"""What a run is asked to work on: one tenant's feed over one half-open stretch of time.

A range over several feeds may hold several tenants; each scope belongs to exactly one. All times are aware, in UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

from tg_assets import ids
from tg_assets.errors import TgAssetsError

YEARS = (1970, 2200)
"""Of times that people name."""


@dataclass(frozen=True, slots=True)
class Scope:
    """``[since, until)`` of a feed; ``channels`` narrows it to some of the feed's chats."""

    feed: str
    since: datetime
    until: datetime
    channels: tuple[str, ...] = ()

    @property
    def tenant_slug(self) -> str:
        """The part of the feed's key before the first dot."""
        return self.feed.partition(".")[0]

    @property
    def tenant(self) -> UUID:
        """Id of the tenant that owns the feed."""
        return ids.tenant_id(self.tenant_slug)

    def holds(self, feed: str, day: date) -> bool:
        """Whether a partition, by its feed and the first day of its window, belongs to it."""
        return feed == self.feed and self.since.date() <= day < self.until.date()

    def narrowed(self, since: datetime | None, until: datetime | None, channels: Iterable[str]) -> "Scope":
        """The same feed, less time and fewer chats."""
        return replace(
            self,
            since=max(self.since, since) if since else self.since,
            until=min(self.until, until) if until else self.until,
            channels=tuple(channels),
        )


def parse_time(value: str | None, name: str) -> datetime | None:
    """An ISO date or time as aware UTC; raises TgAssetsError naming the option."""
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise TgAssetsError(f"{name}={value!r} is not an ISO date or time such as 2024-03-01.") from None
    try:
        return aware(parsed)
    except ValueError as error:
        raise TgAssetsError(f"{name}={value!r} is {error}.") from None


def is_thinkable(at: datetime) -> bool:
    """Whether somebody can mean this time: with those at the ends of all years nothing can be reckoned."""
    return YEARS[0] <= at.year <= YEARS[1]


def aware(at: datetime) -> datetime:
    """A time in UTC; without a zone it is one of UTC. Raises ValueError for one that nobody means."""
    if not is_thinkable(at):
        raise ValueError(f"not a time of {YEARS[0]} to {YEARS[1]}")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def merge(windows: Iterable[tuple[str, datetime, datetime]]) -> list[Scope]:
    """Join touching windows of each feed; input as (feed, start, end), output ordered by feed and time."""
    joined: list[Scope] = []
    for feed, start, end in sorted(windows):
        if joined and joined[-1].feed == feed and start <= joined[-1].until:
            joined[-1] = replace(joined[-1], until=max(joined[-1].until, end))
        else:
            joined.append(Scope(feed, start, end))
    return joined
