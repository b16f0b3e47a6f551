"""A few child processes in which strangers' pictures are unpacked, and what becomes of a picture that breaks one.

Workers are started when first needed, kept, and replaced when they die. They get a chosen environment (no ``TG_*``
variable, no key, no database address) and the limits of ``worker``; they end with their parent. A picture that
takes too long or ends its worker is refused, and the next one gets a new worker. Not ``multiprocessing`` nor a
library over it: those hand the whole environment down and unpickle what the child answers.
It is not a jail: a worker that has been taken over can still open files that this user may read.
What does not belong here: what a worker does with a picture.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

from tg_assets.errors import TgAssetsError
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.sandbox.worker import Header, receive, send

WORKERS = min(2, os.cpu_count() or 1)
# Processor time of one picture: the slowest honest one, a screen full of small print, took 14.
SECONDS = 60.0
# On a machine busy with other things an honest picture waits; it must not be refused for good because of that.
PATIENCE = 3
# It imports and loads models first, which takes minutes where others take the processors.
_START_SECONDS = 600.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")


class WorkerLost(Exception):
    """The worker did not answer; ``slow`` tells whether its time was up."""

    def __init__(self, slow: bool, status: int) -> None:
        super().__init__(f"ended with status {status}")
        self.slow = slow


class Sandbox:
    """A bounded pool of workers around ``factory`` (``module:function``, called with ``arguments`` in each).

    Safe to call from several threads; a caller waits while all ``workers`` are busy. ``seconds`` is processor time
    for one request, ``PATIENCE`` times that by the clock.
    """

    def __init__(
        self,
        factory: str,
        arguments: dict[str, Any] | None = None,
        *,
        workers: int = WORKERS,
        seconds: float = SECONDS,
    ) -> None:
        self._command = [factory, json.dumps(arguments or {})]
        self._seconds = seconds
        self._slots = threading.BoundedSemaphore(workers)
        self._idle: list[_Worker] = []
        self._close = weakref.finalize(self, _end_all, self._idle)

    def call(self, header: Header, body: bytes) -> tuple[Header, bytes]:
        """The factory's answer to one request.

        Raises ``Refused`` (also ``too_slow`` and ``crashed``), and ``TgAssetsError`` when the worker cannot
        start or fails for a reason that is not the picture's.
        """
        with self._slots:
            try:
                return self._once(header, body)
            except WorkerLost as lost:
                if lost.slow:
                    raise Refused(Refusal.too_slow, f"more than {self._seconds:g} s of work") from None
            # A worker may also be ended from outside, for want of memory; a picture is blamed the second time.
            try:
                return self._once(header, body)
            except WorkerLost as lost:
                reason = Refusal.too_slow if lost.slow else Refusal.crashed
                raise Refused(reason, f"the process that looked at it {lost}, twice") from None

    def warm(self) -> None:
        """Have a worker ready for the first request, which would else wait for its start. Raises TgAssetsError."""
        with self._slots:
            worker = self._take()
            self._idle.append(worker)

    def close(self) -> None:
        """End the idle workers; a later call starts new ones."""
        _end_all(self._idle)

    def _once(self, header: Header, body: bytes) -> tuple[Header, bytes]:
        worker = self._take()
        try:
            said, data = worker.exchange({**header, "seconds": self._seconds}, body, PATIENCE * self._seconds)
        except BaseException:
            worker.end()
            raise
        if said.get("last"):
            worker.end()
        else:
            self._idle.append(worker)
        if refused := said.get("refused"):
            raise Refused(Refusal(refused[0]), str(refused[1]))
        if "said" not in said:
            raise TgAssetsError(str(said.get("failed")))
        return said["said"], data

    def _take(self) -> "_Worker":
        while True:
            try:
                worker = self._idle.pop()
            except IndexError:
                return _Worker(self._command)
            if worker.alive():
                return worker
            worker.end()


class _Worker:
    """One child process and its two pipes."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tg_assets.sandbox.worker", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        self._expired = False
        try:
            said, _ = self.exchange(None, b"", _START_SECONDS)
        except WorkerLost as lost:
            self.end()
            raise TgAssetsError(f"The worker process did not start: it {lost}.") from None
        if "ready" not in said:
            self.end()
            raise TgAssetsError(str(said.get("failed")))

    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def exchange(self, header: Header | None, body: bytes, seconds: float) -> tuple[Header, bytes]:
        """Ask (unless ``header`` is None) and wait for the answer. Raises ``WorkerLost``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            if header is not None:
                send(self._process.stdin, header, body)
            return receive(self._process.stdout)
        except (EOFError, OSError, ValueError):
            self._process.kill()
            status = self._process.wait()
            raise WorkerLost(self._expired or status == -signal.SIGXCPU, status) from None
        finally:
            timer.cancel()

    def end(self) -> None:
        """Kill it and free what it held."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # what was left to write has no reader
                pass

    def _expire(self) -> None:
        self._expired = True
        self._process.kill()


def environment() -> dict[str, str]:
    """The variables of a worker: a few of ours by name, the import path, one thread per library."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    threads = dict.fromkeys(("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def _end_all(idle: list[_Worker]) -> None:
    while idle:
        idle.pop().end()
