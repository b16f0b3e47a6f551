"""What is known of the embedded servers and the services beside them, by looking only: nothing is started or mended."""

from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from tg_assets.backends import service as processes
from tg_assets.backends.addresses import BACKENDS, is_external, make_context, set_url
from tg_assets.backends.context import Backend, Context
from tg_assets.backends.layout import Layout
from tg_assets.backends.probes import port_ready
from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings


class State(StrEnum):
    """What is known of one server."""

    starting = "starting"
    ready = "ready"
    running = "running"
    unhealthy = "unhealthy"
    external = "external"
    away = "away"
    stopping = "stopping"
    stopped = "stopped"
    failed = "failed"


@dataclass(frozen=True)
class ServerStatus:
    """One server now. ``external``: a person pointed its variable elsewhere; ``away``: and nobody listens there."""

    name: str
    state: State
    pid: int | None = None
    port: int | None = None
    log: str | None = None


def status(settings: Settings) -> list[ServerStatus]:
    """Every server, and every other recorded service, as it is now."""
    layout = Layout(settings.state_dir)
    found = []
    for backend in BACKENDS:
        if is_external(settings, layout, backend):
            url = urlsplit(set_url(settings, backend) or "")
            listens = not url.hostname or port_ready(url.port or backend.default_port, url.hostname)()
            found.append(ServerStatus(backend.name, State.external if listens else State.away))
            continue
        described = describe(layout, backend.name)
        if described.state is State.running and not _answers(make_context(layout), backend):
            described = describe(layout, backend.name, State.unhealthy)
        found.append(described)
    servers = {backend.name for backend in BACKENDS}
    return found + [_described(layout, name) for name in processes.recorded_names(layout) if name not in servers]


def _answers(context: Context, backend: Backend) -> bool:
    """Whether it answers now; a refused password counts as no answer."""
    try:
        return backend.ready(context)
    except TgAssetsError:
        return False


def _described(layout: Layout, name: str) -> ServerStatus:
    """Another service, which answers when its port, if it has one, does."""
    port = layout.ports().get(name)
    found = describe(layout, name)
    if found.state is State.running and port is not None and not port_ready(port)():
        return replace(found, state=State.unhealthy)
    return found


def describe(layout: Layout, name: str, state: State | None = None) -> ServerStatus:
    """A process by its record; ``state`` when it is known better."""
    running = processes.find_running(layout, name, look_only=True)
    if running is None:
        return ServerStatus(name, State.stopped, port=layout.ports().get(name), log=str(layout.log(name)))
    return ServerStatus(
        name, state or State.running, pid=running.pid, port=layout.ports().get(name), log=str(layout.log(name))
    )
