"""What an import brought in, chat by chat, as counts that a person reads after it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class ChatReport:
    """Counts of one imported chat. Times are aware UTC.

    ``rejected`` counts reasons, ``wordless`` what messages without words and files are, ``unread`` the parts of
    messages that hold words which nobody reads; none of them quotes a message.
    """

    title: str
    feed: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    wordless: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    never_read: bool = False
    """Whether the chat is off limits; nothing of it came in then but the count of its messages."""

    def by_kind(self) -> dict[str, int]:
        """Counts of what has no fixed name, by the label they are shown with."""
        labels = {"rejected": self.rejected, "without words": self.wordless, "words not read": self.unread}
        return {f"{label}: {kind}": count for label, found in labels.items() for kind, count in sorted(found.items())}

    def saw(self, moment: datetime) -> None:
        """Widen the time span."""
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)


# Order and wording of the table that ends an import.
ROWS = {
    "messages": "messages",
    "service": "service messages",
    "broken": "messages with broken characters",
    "media_present": "media copied",
    "media_missing": "media missing in the export",
    "media_refused": "media refused",
    "media_damaged": "media damaged in the export",
    "albums": "albums",
    "replies": "replies",
    "forwards": "forwards",
    "duplicates": "duplicates in the export",
    "new": "new",
    "changed": "changed",
    "unchanged": "known already",
    "too_early": "before TG_START_DATE",
}
