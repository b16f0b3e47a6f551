"""One child process that outlives its starter: start, recognise again, and stop.

A ``Service`` says how to run something and how to see that it is ready; it knows nothing of databases.
The record ``run/NAME.json`` names the process by pid *and* creation time, because pids are used again.
The caller holds ``Layout.lock``. What does not belong here: choosing ports, secrets, data directories.
"""

import atexit
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tg_assets.backends import handed
from tg_assets.backends.layout import Layout, read_json, write_json
from tg_assets.backends.life import Life
from tg_assets.errors import TgAssetsError

LOG_LINES = 15
# A server killed a moment ago may hold its lock file or port for a moment longer.
ATTEMPTS = 6
ATTEMPT_PAUSE = 0.5
# Who listens may be slow to answer; who does not listen is known at once.
PROBE_SECONDS = 15.0
KILL_SECONDS = 5.0

_children: dict[int, "subprocess.Popen[bytes]"] = {}


@dataclass(frozen=True)
class Service:
    """How to run one server. ``ready`` returns False until it answers, and raises what waiting cannot mend."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's environment."""
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    ready_seconds: float = 60.0
    uid: int | None = None
    """Run as this user (and group) when the starter is root."""
    concerns: tuple[str, ...] = ()
    """Variables whose change means a new process; one that ends with ``*`` means all that begin so."""


@dataclass(frozen=True)
class Running:
    """A process known to be ours."""

    name: str
    pid: int
    stop_signal: signal.Signals
    stop_seconds: float


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


def find_running(layout: Layout, name: str, look_only: bool = False) -> Running | None:
    """The recorded process when it lives and is the one recorded; a stale record is removed, unless only looked at."""
    path = layout.run / f"{name}.json"
    record = read_json(path)
    pid, created = record.get("pid"), record.get("created")
    if isinstance(pid, int) and isinstance(created, (int, float)) and _is_alive(pid, float(created)):
        number, seconds = record.get("stop_signal"), record.get("stop_seconds")
        return Running(
            name=name,
            pid=pid,
            stop_signal=signal.Signals(number) if isinstance(number, int) else signal.SIGTERM,
            stop_seconds=float(seconds) if isinstance(seconds, (int, float)) else 15.0,
        )
    if not look_only:
        path.unlink(missing_ok=True)
    return None


def recorded_names(layout: Layout) -> list[str]:
    """Names with a record, running or not."""
    return sorted(path.stem for path in layout.run.glob("*.json") if path.stem != "state")


def start(layout: Layout, service: Service) -> Running:
    """Start and wait until ready. Raises a sentence with the last log lines when it does not come up."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(ATTEMPT_PAUSE)
        running = _spawn(layout, service)
        if wait_ready(layout, running, service.ready, service.ready_seconds):
            return running
        if _poll(running.pid):
            stop(layout, running)
            raise TgAssetsError(
                f"{service.name} did not answer within {service.ready_seconds:.0f} s, nor did anything else. "
                f"{_tail(layout, service.name)}"
            )
        (layout.run / f"{service.name}.json").unlink(missing_ok=True)
    raise TgAssetsError(f"{service.name} ended right after its start. {_tail(layout, service.name)}")


def wait_ready(layout: Layout, running: Running, ready: Callable[[], bool], seconds: float) -> bool:
    """Whether a process answers, now or while it shows that it is at it: a busy machine is not an error.

    False when it ended, or for ``seconds`` neither used a processor nor read, wrote or logged anything.
    """
    life = Life(running.pid, layout.log(running.name), seconds)
    while _poll(running.pid):
        if ready():
            return True
        if life.is_over():
            return False
        time.sleep(0.03)
    return False


def stop(layout: Layout, running: Running) -> None:
    """Ask to stop, wait while it is at it, then kill; the record goes away with the process."""
    try:
        process = psutil.Process(running.pid)
        process.send_signal(running.stop_signal)
        life = Life(running.pid, layout.log(running.name), running.stop_seconds, family=False)
        while _poll(running.pid) and not life.is_over():
            time.sleep(0.02)
        if _poll(running.pid):
            family = [process, *process.children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            if not _wait(running.pid, KILL_SECONDS):
                raise TgAssetsError(f"{running.name} (process {running.pid}) cannot be ended, not even by SIGKILL.")
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied as error:
        raise TgAssetsError(
            f"{running.name} (process {running.pid}) belongs to another user. Stop it as the user who started it."
        ) from error
    (layout.run / f"{running.name}.json").unlink(missing_ok=True)


def _spawn(layout: Layout, service: Service) -> Running:
    log, given = layout.log(service.name), {**os.environ, **service.env}
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(
                service.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=given,
                cwd=service.cwd,
                start_new_session=True,
                user=service.uid,
                group=service.uid,
                extra_groups=None if service.uid is None else [],
            )
        except OSError as error:
            raise TgAssetsError(f"{service.name} cannot be started with {service.argv[0]}: {error}.") from error
    _children[child.pid] = child
    try:
        created = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        created = 0.0
    record = {
        "pid": child.pid,
        "created": created,
        "stop_signal": int(service.stop_signal),
        "stop_seconds": service.stop_seconds,
        **handed.record(layout, service.argv, service.concerns, given),
    }
    write_json(layout.run / f"{service.name}.json", record)
    return Running(service.name, child.pid, service.stop_signal, service.stop_seconds)


def _poll(pid: int) -> bool:
    """Whether the process lives; a dead child of ours is reaped."""
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[pid]
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_alive(pid: int, created: float) -> bool:
    if not _poll(pid):
        return False
    try:
        return abs(psutil.Process(pid).create_time() - created) < 1.0
    except psutil.NoSuchProcess:
        return False


def _wait(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _poll(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _tail(layout: Layout, name: str) -> str:
    log = layout.log(name)
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - 8192))
            lines = handle.read().decode(errors="replace").splitlines()[-LOG_LINES:]
    except FileNotFoundError:
        lines = []
    said = "\n  ".join(lines) if lines else "(nothing)"
    return f"Its log {log} ends with:\n  {said}\nMend what it names, then run `tg-assets up` again."


@atexit.register
def _let_go() -> None:
    """The servers outlive this process on purpose: keep ``Popen`` from warning about them."""
    for child in _children.values():
        child.returncode = 0
