"""``up`` and ``down`` of the embedded servers of one data directory, and of other services beside them.

A server whose URL a person set to somewhere else is left alone. All changes happen under ``Layout.lock``.
What does not belong here: anything about one particular server, URLs (``addresses``), looking only (``status``).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event

from tg_assets.backends import handed
from tg_assets.backends import service as processes
from tg_assets.backends.addresses import BACKENDS, environment, is_external, make_context
from tg_assets.backends.context import Backend, Context, ServerOptions
from tg_assets.backends.last_words import span
from tg_assets.backends.layout import Layout, choose_port, port_is_free
from tg_assets.backends.service import STILL_SECONDS, Running, Service
from tg_assets.backends.status import ServerStatus, State, describe, status
from tg_assets.errors import TgAssetsError
from tg_assets.logs.rotation import rotate
from tg_assets.settings import Settings

OnEvent = Callable[[str, State], None]
"""Called with a server's name and new state, from several threads."""
OnChange = Callable[[str], None]
"""Called with a sentence: which settings changed, what is started once more, who is waited for."""


@dataclass(frozen=True)
class Backends:
    """All servers, and the variables that address them."""

    servers: tuple[ServerStatus, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class _Told:
    """Who hears of what happens; ``halt`` ends all waiting, as Ctrl-C does."""

    event: OnEvent
    say: OnChange
    halt: Event = field(default_factory=Event)


def up(settings: Settings, on_event: OnEvent | None = None, on_change: OnChange | None = None) -> Backends:
    """Start what does not run, in parallel; reuse what runs and answers; start anew what a changed setting concerns.

    What is slow but at work is waited for. Failures are raised when all have tried.
    """
    told = _Told(on_event or _silent, on_change or _unheard)
    layout = Layout(settings.state_dir)
    with layout.lock(on_change):
        layout.secrets()
        rotate(layout.logs)
        options = make_context(layout).options
        wanted = []
        for backend in BACKENDS:
            if is_external(settings, layout, backend):
                told.event(backend.name, State.external)
                continue
            wanted.append(backend)
            _end_if_changed(layout, backend, options, told)
            if processes.find_running(layout, backend.name) is None:
                for name in backend.port_names:
                    _assign_port(layout, name, options.fixed_port(name))
        context = make_context(layout)
        with ThreadPoolExecutor(max_workers=len(BACKENDS)) as pool:
            _finish([pool.submit(_bring_up, context, backend, told) for backend in wanted], told)
    return Backends(servers=tuple(status(settings)), environment=environment(settings))


def down(settings: Settings, on_event: OnEvent | None = None, on_change: OnChange | None = None) -> None:
    """Stop every recorded process: other services first, then the servers they use."""
    told = _Told(on_event or _silent, on_change or _unheard)
    layout = Layout(settings.state_dir)
    if not layout.run.exists():
        return
    servers = {backend.name for backend in BACKENDS}
    with layout.lock(on_change):
        names = processes.recorded_names(layout)
        for group in ([n for n in names if n not in servers], [n for n in names if n in servers]):
            with ThreadPoolExecutor(max_workers=max(1, len(group))) as pool:
                _finish([pool.submit(_tear_down, layout, name, told) for name in group], told)


def start_service(
    settings: Settings, service: Service, on_event: OnEvent | None = None, on_change: OnChange | None = None
) -> ServerStatus:
    """Run another program under the same rules (own session, log, pid record); reuse it when it answers.

    One whose settings changed is started anew. What this shell does not set, the running one may have from another:
    that it keeps.
    """
    told = _Told(on_event or _silent, on_change or _unheard)
    layout = Layout(settings.state_dir)
    with layout.lock(on_change):
        running = processes.find_running(layout, service.name)
        if running is not None:
            given = {**os.environ, **service.env}
            change = handed.change(layout, service.name, service.argv, service.concerns, given)
            if change:
                told.say(change.told(service.name))
                kept = handed.carried(running.pid, change.gone)
                service = replace(service, env={**kept, **service.env})
            elif _answers_yet(layout, running, service.ready, service.ready_seconds, told):
                told.event(service.name, State.running)
                return describe(layout, service.name)
        _tear_down(layout, service.name, told)
        with _telling(service.name, told):
            processes.start(layout, service, told.say, told.halt)
    return describe(layout, service.name)


def stop_service(settings: Settings, name: str, on_event: OnEvent | None = None) -> None:
    """Stop one recorded process; nothing happens when it does not run."""
    layout = Layout(settings.state_dir)
    with layout.lock():
        _tear_down(layout, name, _Told(on_event or _silent, _unheard))


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


def _end_if_changed(layout: Layout, backend: Backend, options: ServerOptions, told: _Told) -> None:
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
    told.say(handed.Change(names).told(backend.name))
    _tear_down(layout, backend.name, told)


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


def _bring_up(context: Context, backend: Backend, told: _Told) -> None:
    """One server, running and finished."""
    running = processes.find_running(context.layout, backend.name)
    if running is not None:
        if _is_ours(context, backend, running, told):
            backend.finish(context)
            told.event(backend.name, State.running)
            return
        _tear_down(context.layout, backend.name, told)
    with _telling(backend.name, told):
        processes.start(context.layout, backend.service(context), told.say, told.halt)
        backend.finish(context)


def _is_ours(context: Context, backend: Backend, running: Running, told: _Told) -> bool:
    """Whether a running server answers, at once or later; one that refuses our password is not ours."""
    try:
        return _answers_yet(context.layout, running, lambda: backend.ready(context), STILL_SECONDS, told)
    except TgAssetsError:
        return False


def _answers_yet(layout: Layout, running: Running, ready: Callable[[], bool], seconds: float, told: _Told) -> bool:
    """Whether a running process answers; one that is slow to answer is waited for while it is at work."""
    if ready():
        return True
    told.event(running.name, State.unhealthy)
    if processes.wait_ready(layout, running, ready, seconds, told.halt):
        return True
    if processes.find_running(layout, running.name) is not None:
        told.say(f"{running.name} has neither answered nor done anything for {span(seconds)}: it is started anew.")
    return False


def _finish(jobs: "list[Future[None]]", told: _Told) -> None:
    """Wait for all; then raise what went wrong, all of it."""
    try:
        wait(jobs)
    except KeyboardInterrupt:
        told.halt.set()
        raise
    failures = [error for job in jobs if (error := job.exception())]
    for error in failures:
        if len(failures) == 1 or not isinstance(error, TgAssetsError):
            raise error
    if failures:
        raise TgAssetsError("\n".join(map(str, failures)))


@contextmanager
def _telling(name: str, told: _Told) -> Iterator[None]:
    """Report the beginning and the end of a start."""
    told.event(name, State.starting)
    try:
        yield
    except Exception:
        told.event(name, State.failed)
        raise
    told.event(name, State.ready)


def _tear_down(layout: Layout, name: str, told: _Told) -> None:
    running = processes.find_running(layout, name)
    if running is not None:
        told.event(name, State.stopping)
        processes.stop(layout, running)
        told.event(name, State.stopped)
