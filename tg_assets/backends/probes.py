"""Whether something answers over HTTP or at a port. What does not belong here: how long an answer is waited for."""

import socket
import urllib.error
import urllib.request
from collections.abc import Callable

# Who listens may be slow to answer, and is asked again; who does not listen is known at once.
PROBE_SECONDS = 30.0


def http_ready(url: str) -> Callable[[], bool]:
    """Ready when ``url`` answers 200."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as response:  # noqa: S310
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return ready


def port_ready(port: int, host: str = "127.0.0.1") -> Callable[[], bool]:
    """Ready when the port accepts a connection (for example a gRPC server)."""

    def ready() -> bool:
        try:
            with socket.create_connection((host, port), timeout=PROBE_SECONDS):
                return True
        except OSError:
            return False

    return ready
