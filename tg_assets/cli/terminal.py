"""The one place that neutralises what strangers wrote before a terminal sees it.

Titles, names, texts and file names are shown as they are, without what would steer a terminal (``logs.steering``).
Every command imports this, so nothing here is slow to import. What does not belong here: tables, colours and bars
(``console``), what is printed.
"""

import logging
import sys

import click

from tg_assets.logs.steering import escaped as escaped
from tg_assets.logs.steering import plain as plain


def echo(said: str, err: bool = False) -> None:
    """Print lines as they are, however many, without what would steer a terminal."""
    click.echo(plain(said), err=err)


class LogFormatter(logging.Formatter):
    """Lines of logs for stderr: neutralised, and without tracebacks unless a person asked for them."""

    def __init__(self, debug: bool) -> None:
        super().__init__("%(message)s")
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        if not self._debug:
            kind = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None, "stack_info": None})
            if kind is not None:
                record.msg = f"{record.msg} ({kind.__name__})"
        return plain(super().format(record))


def steer_logs(debug: bool) -> None:
    """Have what nobody else handles (a logger without a handler) printed to stderr by these rules."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(LogFormatter(debug))
    logging.lastResort = handler
