"""The terminal is for tables, and for how far a long one is: what anybody logs meanwhile goes to a file, whose end is
shown when something fails."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SHOWN = 8_000  # bytes


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Give the terminal; all else that this process and those it starts write to stdout and stderr goes to a file."""
    saved = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as log, os.fdopen(os.dup(1), "w") as terminal:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
        try:
            yield terminal
        except BaseException:
            log.seek(max(0, log.seek(0, os.SEEK_END) - SHOWN))
            terminal.write(log.read().decode(errors="replace"))
            raise
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, one in zip((1, 2), saved, strict=True):
                os.dup2(one, number)
                os.close(one)


def progress(console: Console) -> Progress:
    """A bar on a terminal, nothing in a pipe."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
