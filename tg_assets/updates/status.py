"""How each account's listening goes, in numbers and words that name no chat and no person in it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

RATE_SECONDS = 60.0


@dataclass(slots=True)
class Status:
    """One account. ``state`` is a word or a sentence; ``deaf`` counts chats whose updates did not come."""

    tenant: str
    account: str
    state: str = "starting"
    is_over: bool = False
    chats: int = 0
    feeds: dict[UUID, str] | None = None
    """The chats, by id, with their feeds; None until they are known."""
    updates: int = 0
    heard_at: datetime | None = None
    deaf: int = 0
    deaf_ever: int = 0
    caught_up: int = 0
    """Messages, changes and deletions that had to be looked for."""
    given_up: int = 0
    waits: int = 0
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """What the account is called in sentences."""
        return f"Account {self.account} of {self.tenant}"

    def per_minute(self, now: float) -> float:
        """Updates a minute, over the last minute in which this was asked; ``now`` in monotonic seconds."""
        self._samples.append((now, self.updates))
        while len(self._samples) > 2 and self._samples[0][0] < now - RATE_SECONDS:
            self._samples.popleft()
        (since, before), (until, after) = self._samples[0], self._samples[-1]
        return (after - before) * RATE_SECONDS / (until - since) if until > since else 0.0

    def silent_seconds(self) -> float | None:
        """Seconds since Telegram said anything; None when it has not yet."""
        return (datetime.now(UTC) - self.heard_at).total_seconds() if self.heard_at else None
