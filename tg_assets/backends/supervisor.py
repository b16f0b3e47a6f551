"""``up``, ``down`` and ``status`` of the embedded servers of one data directory, and of other services beside them.

A server whose URL a person set to somewhere else is left alone. All changes happen under ``Layout.lock``.
What does not belong here: anything about one particular server, and URLs (``addresses``).
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from tg_assets.backends import service as processes
from tg_assets.backends.addresses import BACKENDS, environment, is_external, make_context
from tg_assets.backends.context import Backend, Context
from tg_assets.backends.layout import Layout, choose_port, port_is_free
from tg_assets.backends.service import Service
from tg_assets.errors import TgAssetsError
from tg_assets.settings import Settings


class State(StrEnum):
    """What is known of one server."""

    starting = "starting"
    ready = "ready"
    running = "running"
    unhealthy = "unhealthy"
    external = "external"
    stopping = "stopping"
    stopped = "stopped"
    failed = "failed"


OnEvent = Callable[[str, State], None]
"""Called with a server's name and new state, from several threads."""


@dataclass(frozen=True)
class ServerStatus:
    """One server now. ``external`` means a person pointed its variable elsewhere."""

    name: str
    state: State
    pid: int | None = None
    port: int | None = None
    log: str | None = None


@dataclass(frozen=True)
class Backends:
    """All servers, and the variables that address them."""

    servers: tuple[ServerStatus, ...]
    environment: Mapping[str, str]


def up(settings: Settings, on_event: OnEvent | None = None) -> Backends:
    """Start what does not run, in parallel; reuse what runs and answers. A failure is raised when all have tried."""
    tell = on_event or _silent
    layout = Layout(settings.state_dir)
    with layout.lock():
        layout.secrets()
        options = make_context(layout).options
        wanted = []
        for backend in BACKENDS:
            if is_external(settings, layout, backend):
                tell(backend.name, State.external)
                continue
            wanted.append(backend)
            if processes.find_running(layout, backend.name) is None:
                for name in backend.port_names:
                    _assign_port(layout, name, options.fixed_port(name))
        context = make_context(layout)
        with ThreadPoolExecutor(max_workers=len(BACKENDS)) as pool:
            jobs = [pool.submit(_bring_up, context, backend, tell) for backend in wanted]
        for job in jobs:
            job.result()
    return Backends(servers=tuple(status(settings)), environment=environment(settings))


def down(settings: Settings, on_event: OnEvent | None = None) -> None:
    """Stop every recorded process: other services first, then the servers they use."""
    tell = on_event or _silent
    layout = Layout(settings.state_dir)
    if not layout.run.exists():
        return
    servers = {backend.name for backend in BACKENDS}
    with layout.lock():
        names = processes.recorded_names(layout)
        for group in ([n for n in names if n not in servers], [n for n in names if n in servers]):
            with ThreadPoolExecutor(max_workers=max(1, len(group))) as pool:
                jobs = [pool.submit(_tear_down, layout, name, tell) for name in group]
            for job in jobs:
                job.result()


def status(settings: Settings) -> list[ServerStatus]:
    """Every server, and every other recorded service, as it is now."""
    layout = Layout(settings.state_dir)
    found = []
    for backend in BACKENDS:
        if is_external(settings, layout, backend):
            found.append(ServerStatus(backend.name, State.external))
            continue
        described = _describe(layout, backend.name)
        if described.state is State.running and not _answers(make_context(layout), backend):
            described = _describe(layout, backend.name, State.unhealthy)
        found.append(described)
    servers = {backend.name for backend in BACKENDS}
    return found + [_describe(layout, name) for name in processes.recorded_names(layout) if name not in servers]


def start_service(settings: Settings, service: Service, on_event: OnEvent | None = None) -> ServerStatus:
    """Run another program under the same rules (own session, log, pid record); reuse it when it answers."""
    tell = on_event or _silent
    layout = Layout(settings.state_dir)
    with layout.lock():
        if processes.find_running(layout, service.name) is not None and service.ready():
            tell(service.name, State.running)
        else:
            _tear_down(layout, service.name, tell)
            with _told(service.name, tell):
                processes.start(layout, service)
    return _describe(layout, service.name)


def stop_service(settings: Settings, name: str, on_event: OnEvent | None = None) -> None:
    """Stop one recorded process; nothing happens when it does not run."""
    layout = Layout(settings.state_dir)
    with layout.lock():
        _tear_down(layout, name, on_event or _silent)


def reserve_port(settings: Settings, name: str, fixed: int | None = None) -> int:
    """Port for another service: the given one, else the remembered one, else a free one, remembered from now on."""
    layout = Layout(settings.state_dir)
    with layout.lock():
        if processes.find_running(layout, name) is None or name not in layout.ports():
            _assign_port(layout, name, fixed)
        return layout.ports()[name]


def _silent(name: str, state: State) -> None:
    """Tell nobody."""


def _assign_port(layout: Layout, name: str, fixed: int | None) -> None:
    """Remember the fixed port, the remembered one if it is still usable, or a free one."""
    ports = layout.ports()
    others = {port for other, port in ports.items() if other != name}
    port = fixed or ports.get(name)
    if port is None or (fixed is None and (port in others or not port_is_free(port))):
        port = choose_port(others)
    elif not port_is_free(port):
        raise TgAssetsError(f"Port {port}, chosen for {name}, is in use by another program. Choose another one.")
    layout.remember_ports({name: port})


def _bring_up(context: Context, backend: Backend, tell: OnEvent) -> None:
    """One server, running and finished."""
    if processes.find_running(context.layout, backend.name) is not None:
        if _answers(context, backend):
            backend.finish(context)
            tell(backend.name, State.running)
            return
        _tear_down(context.layout, backend.name, tell)
    with _told(backend.name, tell):
        processes.start(context.layout, backend.service(context))
        backend.finish(context)


@contextmanager
def _told(name: str, tell: OnEvent) -> Iterator[None]:
    """Report the beginning and the end of a start."""
    tell(name, State.starting)
    started = False
    try:
        yield
        started = True
    finally:
        tell(name, State.ready if started else State.failed)


def _tear_down(layout: Layout, name: str, tell: OnEvent) -> None:
    running = processes.find_running(layout, name)
    if running is not None:
        tell(name, State.stopping)
        processes.stop(layout, running)
        tell(name, State.stopped)


def _answers(context: Context, backend: Backend) -> bool:
    """Whether it answers now; a refused password counts as no answer."""
    try:
        return backend.ready(context)
    except TgAssetsError:
        return False


def _describe(layout: Layout, name: str, state: State | None = None) -> ServerStatus:
    running = processes.find_running(layout, name)
    if running is None:
        return ServerStatus(name, State.stopped, port=layout.ports().get(name), log=str(layout.log(name)))
    return ServerStatus(
        name, state or State.running, pid=running.pid, port=layout.ports().get(name), log=str(layout.log(name))
    )
