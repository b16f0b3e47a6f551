"""What work costs: seconds, processor time of this process and of each server, and the most memory they had.

A process counts with all that it started; the processor time of this one without the servers that it started. Memory is
proportional (``Pss``): what processes share counts once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

import psutil

from tg_assets.backends import status
from tg_assets.settings import load_settings

OURS = "ours"
LOOK_SECONDS = 1.0
# A process that is just ending is in nobody's sum, until its parent has waited for it.
SETTLE_SECONDS = 0.3


def processes() -> dict[str, psutil.Process]:
    """This process, and the servers' that run here, by name."""
    found = {OURS: psutil.Process()}
    return found | {one.name: psutil.Process(one.pid) for one in status(load_settings()) if one.pid}


def _family(process: psutil.Process) -> Iterator[psutil.Process]:
    yield process
    with suppress(psutil.NoSuchProcess):
        yield from process.children(recursive=True)


def processor_seconds(process: psutil.Process) -> float:
    """What a process and those it started have used, also those that ended."""
    total = 0.0
    for one in _family(process):
        with suppress(psutil.NoSuchProcess):
            total += sum(one.cpu_times()[:4])  # user, system, and both of children that ended
    return total


@dataclass(slots=True)
class Cost:
    """Of one piece of work; filled when it ends."""

    seconds: float = 0.0
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds by name of the process."""

    def add(self, other: "Cost") -> None:
        """Add another piece of work."""
        self.seconds += other.seconds
        self.processor = {name: self.processor.get(name, 0.0) + used for name, used in other.processor.items()}


class Meter:
    """Measures pieces of work one after the other, and memory all the while."""

    def __init__(self) -> None:
        self._processes = processes()
        ours = self._processes[OURS]
        self._started = [name for name, one in self._processes.items() if name != OURS and ours in one.parents()]
        self.peaks = dict.fromkeys(self._processes, 0.0)
        """Megabytes by name."""
        self._end = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking at memory."""
        self._end.set()
        self._thread.join()

    @contextmanager
    def measure(self) -> Iterator[Cost]:
        """What the block costs."""
        time.sleep(SETTLE_SECONDS)
        cost, before = Cost(), self._used()
        started = time.monotonic()
        yield cost
        cost.seconds = time.monotonic() - started
        cost.processor = {name: used - before[name] for name, used in self._used().items()}

    def _used(self) -> dict[str, float]:
        used = {name: processor_seconds(process) for name, process in self._processes.items()}
        return {**used, OURS: used[OURS] - sum(used[name] for name in self._started)}

    def _watch(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            for name, process in self._processes.items():
                total = 0
                for one in _family(process):
                    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                        total += one.memory_full_info().pss
                self.peaks[name] = max(self.peaks[name], total / 1e6)
