"""When a chat's silence is suspicious: measured against its own rhythm, in monotonic seconds.

What does not belong here: finding out whether there was something to hear.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from tg_assets.history.reach import Reachable

# A chat that hardly ever says anything is looked at as often nevertheless.
LONGEST = 6 * 3600.0
RHYTHM_SECONDS = 3600.0


@dataclass(slots=True)
class Silence:
    """How long chats have been silent. ``least`` seconds, or ``factor`` usual pauses, are not suspicious."""

    least: float
    factor: float
    usual: Mapping[UUID, float] = field(default_factory=dict)
    """Each chat's usual pause in seconds."""
    _since: dict[UUID, float] = field(default_factory=dict)
    _suspect: set[UUID] = field(default_factory=set)
    _measured_at: float = float("-inf")

    @property
    def is_stale(self) -> bool:
        """Whether the rhythms should be measured again."""
        return time.monotonic() - self._measured_at > RHYTHM_SECONDS

    def measured(self, usual: Mapping[UUID, float]) -> None:
        """Take new rhythms."""
        self.usual, self._measured_at = usual, time.monotonic()

    def broken(self, channels: Iterable[UUID]) -> None:
        """Something was heard of these chats, or there was nothing to hear."""
        now = time.monotonic()
        for channel in channels:
            self._since[channel] = now
            self._suspect.discard(channel)

    def suspect(self, channel: UUID) -> None:
        """Have a chat looked at next time, whatever its rhythm."""
        self._suspect.add(channel)

    def limit(self, channel: UUID) -> float:
        """Seconds of silence from which on a chat is suspicious."""
        return max(self.least, min(LONGEST, self.factor * self.usual.get(channel, LONGEST)))

    def suspects(self, chats: Iterable[Reachable]) -> list[Reachable]:
        """Those that have been silent for too long; a chat's silence begins when it is first asked about."""
        now = time.monotonic()
        return [
            chat
            for chat in chats
            if chat.id in self._suspect or now - self._since.setdefault(chat.id, now) >= self.limit(chat.id)
        ]
