"""The one place that neutralises what strangers wrote before a terminal sees it.

Titles, names, texts and file names are shown as they are, without what would steer a terminal: escapes (C0 and C1
controls), characters that turn the direction of what follows, halves of surrogate pairs. Every command imports this, so
nothing here is slow to import. What does not belong here: tables, colours and bars (``console``), what is printed.
"""

import logging
import re
import sys

import click

# Everything but tab and line feed below 32; DEL and C1; line and paragraph separators; embeddings, overrides and
# isolates of direction (the marks LRM, RLM and ALM steer only themselves, and belong to some scripts).
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(said: str) -> str:
    """Text that a terminal only shows: in place of what would steer it, or of half a surrogate pair, stands U+FFFD."""
    return _STEERING.sub("\ufffd", said.replace("\r\n", "\n"))


def escaped(said: str) -> str:
    """The same for JSON: what would steer a terminal is written as JSON writes it, so nothing is lost."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


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
