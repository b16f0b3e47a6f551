"""Where commands print: one console, and one place that neutralises what strangers wrote before a terminal sees it.

Titles, names, texts and file names are shown as they are, without what would steer a terminal: escapes (C0 and C1
controls), characters that turn the direction of what follows, halves of surrogate pairs. In a pipe nothing is cut,
broken or drawn: lines are as long as they are, and bars are a line of plain text. What does not belong here: what is
printed.
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleDimensions
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

# Everything but tab and line feed below 32; DEL and C1; line and paragraph separators; embeddings, overrides and
# isolates of direction (the marks LRM, RLM and ALM steer only themselves, and belong to some scripts).
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Longer than any line that is printed: in a pipe nobody has a width.
ENDLESS = 100_000


def plain(said: str) -> str:
    """Text that a terminal only shows: in place of what would steer it, or of half a surrogate pair, stands U+FFFD."""
    return _STEERING.sub("\ufffd", said.replace("\r\n", "\n"))


def escaped(said: str) -> str:
    """The same for JSON: what would steer a terminal is written as JSON writes it, so nothing is lost."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


def echo(said: str, err: bool = False) -> None:
    """Print lines as they are, however many, without what would steer a terminal."""
    click.echo(plain(said), err=err)


class PlainConsole(Console):
    """Rich's console; what it draws itself (colours, bars) passes, what it is given is neutralised."""

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        safe = (part if part.control else Segment(plain(part.text), part.style) for part in buffer)
        said = super()._render_buffer(safe)
        if self.is_terminal:
            return said
        # Cells and paragraphs are filled up to their width, which is of no use to a reader that has none.
        return "\n".join(line.rstrip(" ") for line in said.split("\n"))

    @property
    def size(self) -> ConsoleDimensions:
        """Columns and lines: the terminal's, those that ``COLUMNS`` asks for, or no end."""
        found = super().size
        wanted = self._environ.get("COLUMNS", "")
        if self.is_terminal or wanted.isdigit():
            return found
        return ConsoleDimensions(ENDLESS, found.height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    def rule(self, title: Any = "", **options: Any) -> None:
        """A title between lines; in a pipe a title."""
        if self.is_terminal:
            super().rule(title, **options)
        else:
            self.print(Text(f"--- {title}"))


# Titles and reasons are shown as they are: strangers' square brackets are no markup, and `tg-assets[ocr]` is none.
console = PlainConsole(highlight=False, markup=False, emoji=False)


def progress_bar() -> Progress:
    """Bars of what is done, of how much, and for how long; in a pipe a line each when all is over."""
    told = TextColumn("{task.description}", markup=False)
    if not console.is_terminal:
        return Progress(told, MofNCompleteColumn(), console=console)
    return Progress(SpinnerColumn(), told, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)


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
