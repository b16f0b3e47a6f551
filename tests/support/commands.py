"""Commands in processes forked from one that has loaded the libraries they are made of.

A command loads libraries for one to two seconds before it looks at anything; a fork of a process that has loaded them
does not. That process loads what others wrote and nothing of ours, and runs nothing: a command loads our modules, reads
settings and connects as in a process of its own, with an environment, standard streams and an end of its own. It is
``tests.support.command_server``. What does not belong here: commands that are sent signals or talked to, and the first
use of each, which are started as a person starts them.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.support.data import ROOT


def run_forked(
    argv: Sequence[str], environment: Mapping[str, str], seconds: float, directory: Path = ROOT
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a directory to its end. Raises subprocess.TimeoutExpired after so many seconds; it is killed
    then."""
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        pid, told = _fork(argv, environment, directory, out, err)
        with told:
            told.settimeout(seconds)
            try:
                code = told.recv(16)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(argv), seconds, *map(_said, (out, err))) from None
        return subprocess.CompletedProcess(list(argv), int(code), *map(_said, (out, err)))


def _fork(
    argv: Sequence[str], environment: Mapping[str, str], directory: Path, out: IO[str], err: IO[str]
) -> tuple[int, socket.socket]:
    """The process of a command, and where its exit code is told."""
    told, teller = socket.socketpair()
    given = {"argv": list(argv), "environment": dict(environment), "directory": str(directory)}
    wanted = json.dumps(given).encode()
    with teller:
        socket.send_fds(_server(), [len(wanted).to_bytes(4, "big")], [out.fileno(), err.fileno(), teller.fileno()])
        told.sendall(wanted)
    return int.from_bytes(told.recv(4), "big"), told


def _said(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@cache
def _server() -> socket.socket:
    """A line to the process that forks; it ends with the process that asked for it."""
    here, there = socket.socketpair()
    with there:
        command = [sys.executable, "-m", "tests.support.command_server", str(there.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here


def assert_refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """One sentence on stderr with these words, no traceback, exit code 1."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
