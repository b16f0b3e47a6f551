"""Whether a process that does not answer is at something: a busy machine is not an error.

What does not belong here: starting and stopping, or what an answer is.
"""

import math
import time
from contextlib import suppress
from pathlib import Path

import psutil

LOOK_SECONDS = 1.0
# A server with nothing to do wakes up now and then: a smaller share of a processor is no sign that it is at something.
AWAKE = 0.03


class Life:
    """A process that uses a processor or waits for one, reads, writes, waits for a disk or logs is at what it was
    asked for. It is given up after ``seconds`` without a sign of that, and after ``most`` seconds in any case."""

    def __init__(self, pid: int, log: Path, seconds: float, family: bool = True, most: float = math.inf) -> None:
        self._pid, self._log, self._seconds, self._family, self._most = pid, log, seconds, family, most
        self._began = self._moved = self._looked = time.monotonic()
        self._spent, self._bytes, _ = self._signs()

    def is_over(self) -> bool:
        """Whether there was no sign for so long, or no end of them."""
        now = time.monotonic()
        if (passed := now - self._looked) >= min(LOOK_SECONDS, self._seconds / 4):
            spent, count, waits = self._signs()
            if waits or spent - self._spent >= AWAKE * passed or count != self._bytes:
                self._moved = now
            self._spent, self._bytes, self._looked = spent, count, now
        return now - self._moved > self._seconds or now - self._began > self._most

    def _signs(self) -> tuple[float, int, bool]:
        """Seconds of processors that were used or waited for, bytes of disks, and whether it waits for a disk."""
        spent, count, waits = 0.0, self._log.stat().st_size if self._log.exists() else 0, False
        with suppress(psutil.Error):
            process = psutil.Process(self._pid)
            for one in (process, *(process.children(recursive=True) if self._family else ())):
                with suppress(psutil.Error):
                    times = one.cpu_times()
                    spent += times.user + times.system + _queued(one.pid)
                    waits = waits or one.status() == psutil.STATUS_DISK_SLEEP
                    if counters := getattr(one, "io_counters", None):
                        count += sum(counters()[2:4])
        return spent, count, waits


def _queued(pid: int) -> float:
    """Seconds that a process' threads had work and no processor (https://docs.kernel.org/scheduler/sched-stats.html).

    Among fifty others it gets too small a share for a sign of life; 0 where the kernel does not count it.
    """
    total = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError, ValueError, IndexError):  # it may have ended meanwhile
            total += int(thread.read_text().split()[1])
    return total / 1e9
