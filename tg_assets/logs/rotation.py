"""Keeps logs of services small while they are written to: ``NAME.log``, and older lines in ``NAME.log.1`` to ``.4``.

A service writes to a file that it was given open, so renaming that would change nothing: what it holds is copied and
then cut away. Where a file system can take a file's beginning away (ext4, XFS) no line is lost. Elsewhere the file is
emptied, and what is written in the moment between the last look and that, some microseconds, is lost. Writers must
append (``O_APPEND``). What does not belong here: how a line looks, logs of runs.
"""

import ctypes
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MOST = 20 << 20
"""Bytes of a log from which on it is rotated; with the older ones a service has five times as much."""
OLDER = 4
LOOK_SECONDS = 10.0

# fallocate(2): take bytes out of a file; what is behind them moves up.
_COLLAPSE_RANGE = 0x08
_PIECE = 1 << 20


def rotate(logs: Path, most: int = MOST) -> None:
    """Rotate what is too large in a directory of logs. Several processes may do this at once."""
    for log in logs.glob("*.log"):
        with suppress(FileNotFoundError):
            if log.stat().st_size >= most:
                _rotate(log, most)


@contextmanager
def rotating(logs: Path) -> Iterator[None]:
    """Look after a directory of logs as long as the block lasts."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(LOOK_SECONDS):
            with suppress(OSError):  # a full disk, say; the next look is soon
                rotate(logs)

    thread = threading.Thread(target=follow, name="rotating", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _rotate(log: Path, most: int) -> None:
    with log.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody is at it
            return
        source, kept, newest = file.fileno(), 0, log.with_name(f"{log.name}.1")
        while (size := os.fstat(source).st_size) - kept >= most:
            part = log.with_name(f"{log.name}.part")
            part.unlink(missing_ok=True)
            end = _end_of_line(source, kept, kept + most)
            _copy(source, part, kept, end)
            for number in range(OLDER - 1, 0, -1):
                with suppress(FileNotFoundError):
                    log.with_name(f"{log.name}.{number}").replace(log.with_name(f"{log.name}.{number + 1}"))
            part.replace(newest)
            kept = end
        if kept and not _collapse(source, kept, size):
            while kept < (size := os.fstat(source).st_size):
                kept += _copy(source, newest, kept, size)
            os.ftruncate(source, 0)


def _copy(source: int, target: Path, begin: int, end: int) -> int:
    """Add bytes of a file to the end of another; returns how many."""
    done, file = 0, os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.lseek(file, 0, os.SEEK_END)
        while begin + done < end and (sent := os.sendfile(file, source, begin + done, end - begin - done)):
            done += sent
    finally:
        os.close(file)
    return done


def _end_of_line(source: int, begin: int, end: int) -> int:
    """Where the last line that is whole before ``end`` ends; ``end`` in the middle of a line without end."""
    first = max(begin, end - _PIECE)
    found = os.pread(source, end - first, first).rfind(b"\n")
    return end if found < 0 else first + found + 1


def _collapse(source: int, end: int, size: int) -> bool:
    """Take away a file's first ``end`` bytes while others append to it; False where that cannot be done.

    It goes by blocks: of the last one's beginning a blank line is left.
    """
    block = os.fstatvfs(source).f_bsize
    whole = min(end, size - 1) // block * block  # not all of it may go
    fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    if not whole or fallocate(source, _COLLAPSE_RANGE, ctypes.c_int64(0), ctypes.c_int64(whole)):
        return False
    if end > whole:
        os.pwrite(source, b" " * (end - whole - 1) + b"\n", 0)
    return True
