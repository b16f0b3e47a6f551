"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import Any


def wait_for(what: str, done: Callable[[], Any], seconds: float = 900, pause: float = 0.5) -> Any:
    """Wait until something is there, looking each ``pause`` seconds; what it was."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := done():
            return found
        time.sleep(pause)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
