"""What a person says about an export when importing it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Whose export it is, and how to read it. ``tz`` is the zone of dates without one (old exports)."""

    tenant: str = "default"
    feed: str | None = None
    owner_id: int | None = None
    tz: tzinfo = UTC
    feeds_in_use: int = 0


# (what is going on, done, total): messages read, or messages whose media were copied; total 0 when not known yet
Progress = Callable[[str, int, int], None]
