"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import Any

# A look may take the webserver long: it gets this many times as long to rest, but no more than so many seconds.
REST, LONGEST_SECONDS = 3, 3.0


def wait_for(what: str, done: Callable[[], Any], seconds: float = 900, pause: float = 0.5) -> Any:
    """Wait until something is there, looking each ``pause`` seconds, and less often where a look takes long; what it
    was."""
    deadline = time.monotonic() + seconds
    while (began := time.monotonic()) < deadline:
        if found := done():
            return found
        time.sleep(max(pause, min(REST * (time.monotonic() - began), LONGEST_SECONDS)))
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
