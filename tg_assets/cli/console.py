"""Where commands print tables, colours and bars: one console, which neutralises what it is given (``terminal``).

In a pipe nothing is cut, broken or drawn: lines are as long as they are, and bars are a line of plain text. What does
not belong here: what is printed.
"""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

from tg_assets.cli.terminal import plain

# Longer than any line that is printed: in a pipe nobody has a width.
ENDLESS = 100_000


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


# Titles and reasons are shown as they are: strangers' square brackets are no markup, and `.[ocr]` is none.
console = PlainConsole(highlight=False, markup=False, emoji=False)


def progress_bar(*, to_stderr: bool = False) -> Progress:
    """Bars of what is done, of how much, and for how long; in a pipe a line each when all is over."""
    shown = PlainConsole(highlight=False, markup=False, emoji=False, stderr=True) if to_stderr else console
    told = TextColumn("{task.description}", markup=False)
    if not shown.is_terminal:
        return Progress(told, MofNCompleteColumn(), console=shown)
    return Progress(SpinnerColumn(), told, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=shown)
