"""What is away while a process listens or reads: a line when it begins and one when it ends, however often it is tried.

What does not belong here: finding out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

DATABASE, TELEGRAM, REDIS = "PostgreSQL", "Telegram", "Redis"


@dataclass(slots=True)
class Outages:
    """Outages that ``whom`` notices, which begins each line. Not thread-safe."""

    whom: str
    log: Callable[[str], None]
    _since: dict[str, float] = field(default_factory=dict)

    def began(self, what: str, told: str) -> None:
        """Something is away, which is told unless it is known."""
        if what not in self._since:
            self._since[what] = time.monotonic()
            self.log(f"{self.whom}{told}")

    def over(self, what: str) -> None:
        """It is there."""
        since = self._since.pop(what, None)
        if since is not None:
            name = f"{self.whom}: " if self.whom else ""
            self.log(f"{name}{what} is back after {time.monotonic() - since:.0f} s")
