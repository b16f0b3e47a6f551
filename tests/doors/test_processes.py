"""Processes that serve at one socket: they share the work, are replaced, and end with the one that started them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.waiting import wait_for
from tg_assets.doors.process import bound

SERVED = """
import logging, os, socket, sys
from tg_assets.doors.processes import several
logging.basicConfig(format="%(message)s")
where = socket.socket(fileno=int(sys.argv[1]))

def serve():
    while True:
        with where.accept()[0] as one:
            one.sendall(str(os.getpid()).encode())

several(2, serve)
"""

TOLD_AT_ONCE = """
import os, signal, time
os.register_at_fork(
    after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM), after_in_child=lambda: time.sleep(0.5)
)
"""
NO_MORE_THAN_ONE = """
import os
fork, made = os.fork, []
def one():
    if made:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    made.append(True)
    return fork()
os.fork = one
"""


WARMED = """
from types import SimpleNamespace
from tg_assets import embedder
from tg_assets.doors.access import Opener
Opener(None, SimpleNamespace(embedder=embedder.UseEmbedder)).warm()
print(embedder._use._made is not None)
"""


@contextmanager
def serving(log: Path, before: str = "") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process with two that serve, and the port at which they tell who they are."""
    where = bound("127.0.0.1", 0)
    command = [sys.executable, "-c", before + SERVED, str(where.fileno())]
    with (
        where,
        log.open("wb") as errors,
        subprocess.Popen(command, pass_fds=[where.fileno()], stderr=errors) as process,
    ):
        try:
            yield process, where.getsockname()[1]
        finally:
            process.kill()


def who(port: int) -> int:
    """The process that answers now."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as one:
        return int(one.recv(20))


def children(process: subprocess.Popen[bytes]) -> set[int]:
    """Processes that serve."""
    return {one.pid for one in psutil.Process(process.pid).children()}


def ended(pids: set[int]) -> bool:
    """Whether none of them runs any more."""
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)


def test_one_that_ends_is_replaced(tmp_path: Path) -> None:
    """There are as many as there were, of which each answers, and the log says that one ended."""
    log = tmp_path / "log"
    with serving(log) as (process, port):
        wait_for("two that serve", lambda: len(children(process)) == 2)
        before = children(process)
        assert who(port) in before
        gone = min(before)
        os.kill(gone, signal.SIGKILL)
        wait_for("another in its place", lambda: len(children(process) - {gone}) == 2)
        assert who(port) in children(process)
    assert f"ended with -{int(signal.SIGKILL)}" in log.read_text()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_all_end_with_the_one_that_started_them(tmp_path: Path, told: signal.Signals) -> None:
    """Told or killed: nobody is left to answer at a port that somebody else may want."""
    with serving(tmp_path / "log") as (process, _):
        wait_for("two that serve", lambda: len(children(process)) == 2)
        served = children(process)
        process.send_signal(told)
        process.wait()
        wait_for("their end", lambda: ended(served))
        assert process.returncode == (-told if told == signal.SIGKILL else 0)


@pytest.mark.parametrize(("before", "code"), [(TOLD_AT_ONCE, 0), (NO_MORE_THAN_ONE, 1)])
def test_those_that_were_just_started_end_as_well(tmp_path: Path, before: str, code: int) -> None:
    """Told to stop, or out of processes, before all of them serve: nobody waits for one that was not told."""
    with serving(tmp_path / "log", before) as (process, _):
        assert process.wait(60) == code


def test_the_model_is_loaded_before_there_are_several() -> None:
    """So that they share it, and the first question does not wait for it."""
    done = subprocess.run([sys.executable, "-c", WARMED], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
