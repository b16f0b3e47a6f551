"""Waiting out the errors of Telegram's own servers: told once when they begin, and once when they are over.

One object belongs to one client, whose requests share it. What does not belong here: which errors these are.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from tg_assets.accounts.refusals import name_of

if TYPE_CHECKING:
    from telethon.errors import RPCError

    from tg_assets.accounts.budget import Log

LONGEST_PAUSE = 30.0


class Patience:
    """How long an account ``name`` waits out servers' troubles, in seconds."""

    def __init__(self, seconds: float, name: str, log: "Log") -> None:
        self._seconds, self._name, self._log = seconds, name, log
        self._since: float | None = None

    def deadline(self, most: float | None = None) -> float:
        """When a request that begins now is given up, in monotonic seconds: after ``most`` seconds at the latest."""
        return time.monotonic() + (self._seconds if most is None else min(most, self._seconds))

    async def waited(self, error: "RPCError", deadline: float) -> bool:
        """Wait before a request is asked again; False when its patience is at its end."""
        now = time.monotonic()
        if now >= deadline:
            return False
        if self._since is None:
            self._since = now
            self._log(
                f"Telegram's servers have trouble ({name_of(error)}); account {self._name} asks again for up to "
                f"{self._seconds:.0f} s"
            )
        # As long again as it has lasted, so that pauses grow.
        await asyncio.sleep(min(deadline - now, LONGEST_PAUSE, max(1.0, now - self._since)))
        return True

    def over(self) -> None:
        """A request was answered."""
        if self._since is not None:
            self._log(f"Telegram answers account {self._name} again, after {time.monotonic() - self._since:.0f} s")
            self._since = None
