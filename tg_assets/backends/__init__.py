"""Real servers for one machine without Docker: started, awaited, recognised again and stopped.

``up(settings)``, ``down(settings)``, ``status(settings)`` and ``environment(settings)`` are all a caller needs;
``start_service`` and ``stop_service`` run other programs (Dagster's) under the same rules. The rest of tg-assets
knows servers by URL and does not import this package. Children import it too, so client libraries are imported
where they are used.
"""

from tg_assets.backends.addresses import environment
from tg_assets.backends.layout import Layout
from tg_assets.backends.probes import http_ready, port_ready
from tg_assets.backends.service import Service
from tg_assets.backends.status import ServerStatus, State, status
from tg_assets.backends.supervisor import Backends, OnEvent, down, reserve_port, start_service, stop_service, up

__all__ = [
    "Backends",
    "Layout",
    "OnEvent",
    "ServerStatus",
    "Service",
    "State",
    "down",
    "environment",
    "http_ready",
    "port_ready",
    "reserve_port",
    "start_service",
    "status",
    "stop_service",
    "up",
]
