"""Several processes that serve at one socket: Python answers in one process with one processor at a time.

They are children that share what this process has loaded, and one that ends is replaced. What does not belong here:
what is served, and how (``process``).
"""

import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any

LOG = logging.getLogger("tg_assets.serve")
PAUSE_SECONDS = 1.0
"""Before one that ended is replaced, so that what cannot start is not started all the time."""
TOLD = (signal.SIGTERM, signal.SIGINT)


def several(count: int, serve: Callable[[], object]) -> None:
    """Run ``serve`` in so many children until this process is told to stop, or they end by themselves as told.

    To be called by the main thread, before there are others.
    """
    gc.collect()
    gc.freeze()  # what is loaded stays shared: a collector that looks at it writes to all its pages
    children: list[BaseProcess] = []
    with _told() as told:
        try:
            children.extend(_child(serve) for _ in range(count))
            while told not in (ended := wait([told, *(child.sentinel for child in children)])):
                for place, child in enumerate(children):
                    if child.sentinel in ended:
                        child.join()
                        LOG.warning("a process that served ended with %s; another takes its place", child.exitcode)
                        if wait([told], PAUSE_SECONDS):
                            return
                        children[place] = _child(serve)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.join()


@contextmanager
def _told() -> Iterator[int]:
    """A descriptor that can be read once the process was told to stop."""
    read, write = os.pipe()

    def tell(_number: int, _frame: Any) -> None:
        os.write(write, b"!")

    before = {one: signal.signal(one, tell) for one in TOLD}
    try:
        yield read
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        os.close(read)
        os.close(write)


def _child(serve: Callable[[], object]) -> BaseProcess:
    """A process that is told to stop only when it no longer takes that for told to this one."""
    child = get_context("fork").Process(target=_serve, args=(serve,))
    signal.pthread_sigmask(signal.SIG_BLOCK, TOLD)
    try:
        child.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)
    return child


def _serve(serve: Callable[[], object]) -> None:
    for one in TOLD:
        signal.signal(one, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)
    Thread(target=_end_with_parent, daemon=True).start()
    serve()


def _end_with_parent() -> None:
    """A parent that was killed cannot tell its children to stop."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
