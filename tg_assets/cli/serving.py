"""What a command that serves says: lines of a log, as other services write them (``TG_LOG_FORMAT``).

What does not belong here: what is said, and how a line looks (``logs.lines``).
"""

import logging
from collections.abc import Callable

from tg_assets.cli import ending
from tg_assets.cli.console import console
from tg_assets.logs.processes import LINES, handler


def serve(name: str) -> Callable[[str], None]:
    """From now on this process logs as the logger ``name``; returns what writes a line to stdout.

    As JSON the sentence that it fails with is a line, too.
    """

    def line(said: str, level: int = logging.INFO) -> str:
        return LINES.format(logging.LogRecord(name, level, "", 0, said, None, None))

    logging.lastResort = handler(logging.WARNING)
    if LINES.kind == "json":
        ending.tell_as(lambda said: line(said, logging.ERROR))
    return lambda said: console.print(line(said), soft_wrap=True)
