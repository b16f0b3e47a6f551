"""A circuit breaker and a pace: how often a provider is disturbed, and not at all while it is down.

Our own because ``pybreaker`` holds a lock for as long as the call takes, which makes concurrent calls sequential,
and tells time by the wall clock. What does not belong here: deciding what counts as a failure.
"""

import threading
from collections.abc import Callable


class Breaker:
    """Opens after ``failures`` in a row; after ``pause`` seconds lets one call through, whose outcome decides.

    A call that was let through and reports nothing costs another pause and leaves nothing stuck.
    """

    def __init__(self, failures: int, pause: float, clock: Callable[[], float]) -> None:
        self._most = failures
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._why = ""

    def blocked(self) -> str | None:
        """Why no call may be made now; None lets the caller make one."""
        with self._lock:
            if self._failures < self._most:
                return None
            left = self._until - self._clock()
            if left > 0:
                return f"{self._why}; it is left alone for another {left:.0f} s"
            self._until = self._clock() + self._pause
            return None

    def succeeded(self) -> None:
        """The provider answered: closed."""
        with self._lock:
            self._failures = 0

    def failed(self, why: str) -> None:
        """A call failed because of the provider."""
        with self._lock:
            self._failures += 1
            self._why = why
            if self._failures >= self._most:
                self._until = max(self._until, self._clock() + self._pause)

    def open(self, seconds: float, why: str) -> None:
        """Open at once: the provider itself said for how long."""
        with self._lock:
            self._failures = max(self._failures, self._most)
            self._why = why
            self._until = max(self._until, self._clock() + seconds)


class Pace:
    """Requests of this process, evenly spaced to so many a minute."""

    def __init__(self, per_minute: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._gap = 60 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until this caller's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Nobody's turn comes earlier than in ``seconds``."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)
