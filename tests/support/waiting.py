"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import Any

# A look may take the webserver long: it gets this many times as long to rest, but no more than so many seconds.
REST, LONGEST_SECONDS = 3, 3.0


def rest(took: float, pause: float) -> float:
    """Seconds until the next look, after one that took so many: ``pause``, or more where looking takes long."""
    return max(pause, min(REST * took, LONGEST_SECONDS))


def wait_for(what: str, done: Callable[[], Any], seconds: float = 900, pause: float = 0.5) -> Any:
    """Wait until something is there, looking each ``pause`` seconds, or less often (``rest``); what it was."""
    deadline = time.monotonic() + seconds
    while (began := time.monotonic()) < deadline:
        if found := done():
            return found
        time.sleep(rest(time.monotonic() - began, pause))
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
