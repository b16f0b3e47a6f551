"""Deleted private messages: Telegram names them by the account's own numbers, without their chat.

The database tells the chat. A message may still be on its way there, so a number is looked up for some minutes
before it is given up, and counted: then it was in a chat that nobody follows, or never seen. What does not belong
here: deletions in channels, which are named.
"""

import time
from collections.abc import Iterable
from uuid import UUID

EVERY_SECONDS = 5.0
MOST = 50_000


class Unresolved:
    """Numbers whose chat is not known, each with the time (seconds since 1970) to give it up."""

    def __init__(self, patience: float, waiting: dict[int, float] | None = None) -> None:
        self._patience = patience
        self._waiting = dict(waiting or {})
        self._look_at = 0.0
        self.given_up = 0

    def add(self, numbers: Iterable[int]) -> None:
        """Look for these, too, and soon."""
        until = time.time() + self._patience
        for number in numbers:
            self._waiting.setdefault(number, until)
            self._look_at = 0.0
        while len(self._waiting) > MOST:
            del self._waiting[next(iter(self._waiting))]
            self.given_up += 1

    def waiting(self) -> dict[int, float]:
        """Those not found yet."""
        return dict(self._waiting)

    def due(self) -> list[int]:
        """Numbers to look up now."""
        if not self._waiting or time.monotonic() < self._look_at:
            return []
        self._look_at = time.monotonic() + EVERY_SECONDS
        return list(self._waiting)

    def found(self, asked: Iterable[int], chats: dict[int, UUID]) -> dict[UUID, list[int]]:
        """Take the answer; returns the numbers of each chat."""
        now, by_chat = time.time(), dict[UUID, list[int]]()
        for number in asked:
            if number in chats:
                self._waiting.pop(number, None)
                by_chat.setdefault(chats[number], []).append(number)
            elif self._waiting.get(number, now) < now:
                del self._waiting[number]
                self.given_up += 1
        return by_chat
