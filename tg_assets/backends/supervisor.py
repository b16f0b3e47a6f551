"""``up``, ``down`` and ``status`` of the embedded servers of one data directory, and of other services beside them.

A server whose URL a person set to somewhere else is left alone. All changes happen under ``Layout.lock``.
What does not belong here: anything about one particular server, and URLs (``addresses``).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from tg_assets.backends import handed
from tg_assets.backends import service as processes
from tg_assets.backends.addresses import BACKENDS, environment, is_external, make_context, set_url
from tg_assets.backends.context import Backend, Context, ServerOptions
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
    away = "away"
    stopping = "stopping"
    stopped = "stopped"
    failed = "failed"


OnEvent = Callable[[str, State], None]
"""Called with a server's name and new state, from several threads."""
OnChange = Callable[[str], None]
"""Called with a sentence about settings that changed."""


# A running server that does not answer and does nothing for so long is started anew.
SLOW_SECONDS = 10.0


@dataclass(frozen=True)
class ServerStatus:
    """One server now. ``external``: a person pointed its variable elsewhere; ``away``: and nobody listens there."""

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


def up(settings: Settings, on_event: OnEvent | None = None, on_change: OnChange | None = None) -> Backends:
    """Start what does not run, in parallel; reuse what runs and answers; start anew what a changed setting concerns.

    A failure is raised when all have tried.
    """
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
            _end_if_changed(layout, backend, options, tell, on_change)
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
            url = urlsplit(set_url(settings, backend) or "")
            listens = not url.hostname or processes.port_ready(url.port or backend.default_port, url.hostname)()
            found.append(ServerStatus(backend.name, State.external if listens else State.away))
            continue
        described = _describe(layout, backend.name)
        if described.state is State.running and not _answers(make_context(layout), backend):
            described = _describe(layout, backend.name, State.unhealthy)
        found.append(described)
    servers = {backend.name for backend in BACKENDS}
    return found + [_described(layout, name) for name in processes.recorded_names(layout) if name not in servers]


def start_service(
    settings: Settings, service: Service, on_event: OnEvent | None = None, on_change: OnChange | None = None
) -> ServerStatus:
    """Run another program under the same rules (own session, log, pid record); reuse it when it answers.

    One whose settings changed is started anew. What this shell does not set, the running one may have from another:
    that it keeps.
    """
    tell = on_event or _silent
    layout = Layout(settings.state_dir)
    with layout.lock():
        running = processes.find_running(layout, service.name)
        if running is not None:
            given = {**os.environ, **service.env}
            change = handed.change(layout, service.name, service.argv, service.concerns, given)
            if change:
                (on_change or _unheard)(change.told(service.name))
                kept = handed.carried(running.pid, change.gone)
                service = replace(service, env={**kept, **service.env})
            elif processes.wait_ready(layout, running, service.ready, service.ready_seconds):
                tell(service.name, State.running)
                return _describe(layout, service.name)
        _tear_down(layout, service.name, tell)
        with _told(service.name, tell):
            processes.start(layout, service)
    return _describe(layout, service.name)


def stop_service(settings: Settings, name: str, on_event: OnEvent | None = None) -> None:
    """Stop one recorded process; nothing happens when it does not run."""
    layout = Layout(settings.state_dir)
    with layout.lock():
        _tear_down(layout, name, on_event or _silent)


def reserve_port(settings: Settings, name: str, fixed: int | None = None, move: bool = False) -> int:
    """Port for another service: the given one, else the remembered one, else a free one, remembered from now on.

    That of a running service is changed only for who is about to ``move`` it.
    """
    layout = Layout(settings.state_dir)
    with layout.lock():
        known = layout.ports().get(name)
        if known is None or (move and fixed not in (None, known)) or processes.find_running(layout, name) is None:
            _assign_port(layout, name, fixed)
        return layout.ports()[name]


def _silent(name: str, state: State) -> None:
    """Tell nobody."""


def _unheard(sentence: str) -> None:
    """Tell nobody."""


def _end_if_changed(
    layout: Layout, backend: Backend, options: ServerOptions, tell: OnEvent, on_change: OnChange | None
) -> None:
    """End a server that a person wants on another port or from other binaries."""
    if processes.find_running(layout, backend.name) is None:
        return
    ports = layout.ports()
    moved = [name for name in backend.port_names if options.fixed_port(name) not in (None, ports.get(name))]
    change = handed.change(layout, backend.name, None, backend.concerns, os.environ)
    if not moved and not change.other:
        return
    for name in moved:
        _require_free(name, options.fixed_port(name) or 0)
    names = tuple(f"TG_{name.upper()}_PORT" for name in moved) + change.other
    (on_change or _unheard)(handed.Change(names).told(backend.name))
    _tear_down(layout, backend.name, tell)


def _require_free(name: str, port: int) -> None:
    if not port_is_free(port):
        raise TgAssetsError(f"Port {port}, chosen for {name}, is in use by another program. Choose another one.")


def _assign_port(layout: Layout, name: str, fixed: int | None) -> None:
    """Remember the fixed port, the remembered one if it is still usable, or a free one."""
    ports = layout.ports()
    others = {port for other, port in ports.items() if other != name}
    port = fixed or ports.get(name)
    if port is None or (fixed is None and (port in others or not port_is_free(port))):
        port = choose_port(others)
    else:
        _require_free(name, port)
    layout.remember_ports({name: port})


def _bring_up(context: Context, backend: Backend, tell: OnEvent) -> None:
    """One server, running and finished."""
    running = processes.find_running(context.layout, backend.name)
    if running is not None:
        # One that is slow to answer is waited for; one that refuses our password is not ours.
        if processes.wait_ready(context.layout, running, lambda: _answers(context, backend), SLOW_SECONDS):
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


def _described(layout: Layout, name: str) -> ServerStatus:
    """Another service, which answers when its port, if it has one, does."""
    port = layout.ports().get(name)
    found = _describe(layout, name)
    if found.state is State.running and port is not None and not processes.port_ready(port)():
        return replace(found, state=State.unhealthy)
    return found


def _describe(layout: Layout, name: str, state: State | None = None) -> ServerStatus:
    running = processes.find_running(layout, name, look_only=True)
    if running is None:
        return ServerStatus(name, State.stopped, port=layout.ports().get(name), log=str(layout.log(name)))
    return ServerStatus(
        name, state or State.running, pid=running.pid, port=layout.ports().get(name), log=str(layout.log(name))
    )
