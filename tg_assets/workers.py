"""Work of the processor on every core: a pure function over the slices of a batch, in a few processes of our own.

They are forked from a process that has loaded what they need and has no threads and no connections (a forkserver,
https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods), so a model is in memory once. They
are started with the first batch that is worth it, kept, and end with the process that asked for them. A slice whose
process is ended from outside is done again. Not for strangers' bytes, which are for ``sandbox``: what goes to and fro
is pickled. What does not belong here: knowledge of any work, stores.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from typing import TypeVar

from tg_assets.errors import TgAssetsError

T = TypeVar("T")
R = TypeVar("R")

# A batch is done again so often when a process was ended.
ATTEMPTS = 3
# Slices per process: texts differ in length, and the last slice should not be waited for.
SLICES = 4
# Slices of the least size that a batch must have to be worth starting processes, which takes two seconds.
WORTH = 4


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """``count`` processes, which import ``preload`` once for all; with one, everything is done in this process.

    To be used by one thread at a time.
    """

    def __init__(self, count: int, preload: Sequence[str] = ()) -> None:
        self.count = count
        self._preload = list(preload)
        self._pool: ProcessPoolExecutor | None = None
        self._close: Callable[[], object] = lambda: None

    def map(self, work: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T], *, least: int) -> list[R]:
        """``work`` over slices of at least ``least`` items: one result for each item, in their order.

        ``work``, items and results can be pickled, and ``work`` changes nothing outside. Raises what it raises, and
        ``TgAssetsError`` when its processes do not stay alive.
        """
        size = max(least, -(-len(items) // (self.count * SLICES)))
        if self.count == 1 or len(items) <= (size if self._pool else WORTH * least):
            return list(work(items))
        slices = [items[first : first + size] for first in range(0, len(items), size)]
        for _ in range(ATTEMPTS):
            try:
                return [result for part in self._running().map(work, slices) for result in part]
            except (BrokenProcessPool, EOFError, ConnectionError):  # the process that they are forked from has ended
                self.close()
        raise TgAssetsError(
            f"Worker processes were ended {ATTEMPTS} times, perhaps for want of memory: set TG_WORKERS to fewer."
        )

    def close(self) -> None:
        """End the processes; a later batch starts new ones."""
        self._close()
        self._pool = None

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(self._preload)
            pool = ProcessPoolExecutor(self.count, mp_context=context, initializer=_begin)
            # Before a process of multiprocessing closes its queues (10) and waits for its own processes.
            self._pool, self._close = pool, Finalize(self, pool.shutdown, (True,), exitpriority=100)
        return self._pool


@cache
def shared(count: int) -> Workers:
    """The processes of this one, of which all its stages make use; 0: one for each processor."""
    return Workers(count or cores(), ["tg_assets.preloaded"])


def _begin() -> None:
    """End when the process that asked for this one does, also when it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
