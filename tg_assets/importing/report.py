"""What an import brought in, chat by chat, as counts that a person reads after it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class ChatReport:
    """Counts of one imported chat. Times are aware UTC; ``rejected`` counts reasons."""

    title: str
    feed: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    def saw(self, moment: datetime) -> None:
        """Widen the time span."""
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)


# Order and wording of the table that ends an import.
ROWS = {
    "messages": "messages",
    "service": "service messages",
    "media_present": "media copied",
    "media_missing": "media missing in the export",
    "media_refused": "media refused",
    "albums": "albums",
    "replies": "replies",
    "forwards": "forwards",
    "duplicates": "duplicates in the export",
    "new": "new",
    "changed": "changed",
    "unchanged": "known already",
    "too_early": "before TG_START_DATE",
}
