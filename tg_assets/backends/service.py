"""One child process that outlives its starter: start, recognise again, and stop.

A ``Service`` says how to run something and how to see that it is ready; it knows nothing of databases.
The record ``run/NAME.json`` names the process by pid *and* when it began, because pids are used again: in seconds
after the machine's own start, for a clock that is set moves what it was by the clock.
The caller holds ``Layout.lock``. What is alive and at work is waited for, however slow the machine is (``life``).
What does not belong here: choosing ports, secrets, data directories.
"""

import atexit
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import psutil

from tg_assets.backends import handed
from tg_assets.backends.last_words import how_it_ended, last_words, span
from tg_assets.backends.layout import Layout, read_json, write_json
from tg_assets.backends.life import Life
from tg_assets.errors import TgAssetsError
from tg_assets.logs.secrets import secrets_of

# No server of ours is silent for more than seconds while it starts: one that is for minutes hangs, even on a machine
# that swaps.
STILL_SECONDS = 300.0
# A server killed a moment ago may hold its lock file or port for a moment longer.
ATTEMPT_PAUSES = (1.0, 3.0)
# A process that ignores a signal may be at work for ever: it has so many times ``stop_seconds`` to end.
STOP_PATIENCE = 20
# The kernel takes back the memory of a killed process and ends its reads and writes first.
KILL_SECONDS = 120.0
# Linux counts the beginnings of processes in hundredths of a second.
SAME_SECONDS = 0.02
# From one look to the next: short at first, for most answer soon.
PAUSES = (0.03, 0.5)

# It begins once it is told to: one whose starter is killed before it was recorded ends, where nobody would find it.
WHEN_RECORDED = ("/bin/sh", "-c", 'read -r _ || exit 1; exec "$@" < /dev/null', "sh")

_children: dict[int, "subprocess.Popen[bytes]"] = {}
_ended: dict[int, int] = {}


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
    ready_seconds: float = STILL_SECONDS
    """It is given up when for so long it has neither answered nor shown any sign of life."""
    awaited: str = "an answer"
    """What ``ready`` looks for, in words."""
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
    log_from: int = 0
    """Where its lines begin in the log, which has those of processes before it, too."""


def find_running(layout: Layout, name: str, look_only: bool = False) -> Running | None:
    """The recorded process when it lives and is the one recorded; a stale record is removed, unless only looked at."""
    path = layout.run / f"{name}.json"
    record = read_json(path)
    pid = record.get("pid")
    if isinstance(pid, int) and _is_alive(pid, record):
        number, seconds, since = record.get("stop_signal"), record.get("stop_seconds"), record.get("log_from")
        return Running(
            name=name,
            pid=pid,
            stop_signal=signal.Signals(number) if isinstance(number, int) else signal.SIGTERM,
            stop_seconds=float(seconds) if isinstance(seconds, (int, float)) else 15.0,
            log_from=since if isinstance(since, int) else 0,
        )
    if not look_only:
        path.unlink(missing_ok=True)
    return None


def began(layout: Layout, name: str) -> float | None:
    """Unix time when the recorded process began, by the clock as it is set now; None when it does not run."""
    running = find_running(layout, name, look_only=True)
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(running.pid).create_time() if running else None
    return None


def recorded_names(layout: Layout) -> list[str]:
    """Names with a record, running or not."""
    return sorted(path.stem for path in layout.run.glob("*.json") if path.stem != "state")


def start(
    layout: Layout, service: Service, say: Callable[[str], None] = lambda _: None, halt: Event | None = None
) -> Running:
    """Start and wait until ready. Raises a sentence with the last log lines when it does not come up.

    ``say`` is told what else happens; ``halt`` ends the waiting, not the process.
    """
    for pause in (*ATTEMPT_PAUSES, None):
        running = _spawn(layout, service)
        if wait_ready(layout, running, service.ready, service.ready_seconds, halt):
            return running
        if _poll(running.pid):
            stop(layout, running)
            raise TgAssetsError(
                f"{service.name} is given up: {service.awaited} was waited for, and for {span(service.ready_seconds)} "
                f"it neither used a processor nor read, wrote or logged anything. {_words(layout, service, running)}"
            )
        (layout.run / f"{service.name}.json").unlink(missing_ok=True)
        ended = f"{service.name} ended {how_it_ended(_ended.pop(running.pid, None))} before there was {service.awaited}"
        if pause is None:
            break
        say(f"{ended}; it is started once more.")
        _pause(pause, halt)
    raise TgAssetsError(f"{ended}. {_words(layout, service, running)}")


def wait_ready(
    layout: Layout, running: Running, ready: Callable[[], bool], seconds: float, halt: Event | None = None
) -> bool:
    """Whether a process answers, now or while it shows that it is at it: a busy machine is not an error.

    False when it ended, or for ``seconds`` neither used a processor nor read, wrote or logged anything.
    """
    life, pause = Life(running.pid, layout.log(running.name), seconds), PAUSES[0]
    while _poll(running.pid):
        if ready():
            return True
        if life.is_over():
            return False
        _pause(pause, halt)
        pause = min(pause * 1.5, PAUSES[1])
    return False


def stop(layout: Layout, running: Running) -> None:
    """Ask to stop, wait while it is at it, then kill; the record goes away with the process."""
    try:
        process = psutil.Process(running.pid)
        process.send_signal(running.stop_signal)
        most = STOP_PATIENCE * running.stop_seconds
        life = Life(running.pid, layout.log(running.name), running.stop_seconds, family=False, most=most)
        if not _ends(running.pid, life.is_over):
            family = [process, *process.children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            deadline = time.monotonic() + KILL_SECONDS
            if not _ends(running.pid, lambda: time.monotonic() > deadline):
                raise TgAssetsError(
                    f"{running.name} (process {running.pid}) was sent SIGKILL {span(KILL_SECONDS)} ago and has not "
                    "ended: it waits for a disk or for the kernel. Wait for it, or restart the machine."
                )
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied as error:
        raise TgAssetsError(
            f"{running.name} (process {running.pid}) belongs to another user. Stop it as the user who started it."
        ) from error
    (layout.run / f"{running.name}.json").unlink(missing_ok=True)


def _spawn(layout: Layout, service: Service) -> Running:
    log, given = layout.log(service.name), {**os.environ, **service.env}
    if shutil.which(service.argv[0]) is None:
        raise TgAssetsError(f"{service.name} cannot be started: there is no program {service.argv[0]}.")
    with log.open("ab") as output:
        log_from = output.tell()
        try:
            child = subprocess.Popen(
                (*WHEN_RECORDED, *service.argv),
                stdin=subprocess.PIPE,
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
        write_json(layout.run / f"{service.name}.json", _record(layout, service, child.pid, given, log_from))
        _begin(child)
    except BaseException:  # a full disk, say: the next start would put a second one beside it
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
        del _children[child.pid]
        raise
    return Running(service.name, child.pid, service.stop_signal, service.stop_seconds, log_from)


def _begin(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError), child.stdin as gate:
        gate.write(b"\n")


def _record(layout: Layout, service: Service, pid: int, given: Mapping[str, str], log_from: int) -> dict[str, object]:
    try:
        since_boot = _since_boot(pid)
    except psutil.NoSuchProcess:
        since_boot = 0.0
    return {
        "pid": pid,
        "since_boot": since_boot,
        "stop_signal": int(service.stop_signal),
        "stop_seconds": service.stop_seconds,
        "log_from": log_from,
        **handed.record(layout, service.argv, service.concerns, given),
    }


def _poll(pid: int) -> bool:
    """Whether the process lives; a dead child of ours is reaped."""
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[pid]
        _ended[pid] = child.returncode
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_alive(pid: int, record: Mapping[str, object]) -> bool:
    if not _poll(pid):
        return False
    since_boot, created = record.get("since_boot"), record.get("created")
    with suppress(psutil.NoSuchProcess):
        if isinstance(since_boot, (int, float)):
            return abs(_since_boot(pid) - since_boot) < SAME_SECONDS
        # Records written before ``since_boot`` was kept have the time by the clock.
        if isinstance(created, (int, float)):
            return abs(psutil.Process(pid).create_time() - created) < 1.0
    return False


def _since_boot(pid: int) -> float:
    """Seconds from the machine's start to the process's. Both are told by the clock and move together with it."""
    return psutil.Process(pid).create_time() - psutil.boot_time()


def _ends(pid: int, is_over: Callable[[], bool]) -> bool:
    """Whether the process ends before the patience with it does."""
    pause = PAUSES[0]
    while _poll(pid):
        if is_over():
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, PAUSES[1])
    return True


def _pause(seconds: float, halt: Event | None) -> None:
    """Sleep; raises what Ctrl-C raises when the waiting is to end."""
    if halt is None:
        time.sleep(seconds)
    elif halt.wait(seconds):
        raise KeyboardInterrupt


def _words(layout: Layout, service: Service, running: Running) -> str:
    secrets = (*layout.known_secrets().values(), *secrets_of({**os.environ, **service.env}))
    return last_words(layout.log(service.name), running.log_from, secrets)


@atexit.register
def _let_go() -> None:
    """The servers outlive this process on purpose: keep ``Popen`` from warning about them."""
    for child in _children.values():
        child.returncode = 0
