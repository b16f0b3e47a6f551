"""How backfills that a command waits for are shown: a bar with the time that is left, or in a pipe lines.

What does not belong here: waiting (``dagster_api``), how the time is found (``outlook``).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from tg_assets.cli.console import console
from tg_assets.cli.dagster_api import Progress as State
from tg_assets.cli.outlook import Outlook

if TYPE_CHECKING:
    from tg_assets.stores.dagster_lines import Line

TENTHS = 10


class Lines:
    """Prints what runs say."""

    def said(self, place: int, line: "Line") -> None:
        """A run said something."""
        console.print(f"  {line.said}")

    def seen(self, place: int, state: State) -> None:
        """Where a backfill is."""


class Following(Lines):
    """Tells an outlook what runs say, and people both; ``names`` are of the backfills, in their order."""

    def __init__(self, outlook: Outlook, names: Sequence[str], bar: Progress) -> None:
        self._outlook, self._names, self._bar = outlook, names, bar
        self._over: set[int] = set()
        self._tenths = 0
        self._task = bar.add_task("waiting for the daemon to take it up", total=1.0)

    def said(self, place: int, line: "Line") -> None:
        """A run said something; what the bar shows is no line besides."""
        self._outlook.began(place, line.at)
        self._outlook.heard(place, line.at, line.said)
        self._bar.update(self._task, description=f"{self._names[place]}, {line.said.partition(':')[0]}")
        if not (console.is_terminal and line.said.endswith(" s left")):
            super().said(place, line)

    def seen(self, place: int, state: State) -> None:
        """Where a backfill is."""
        if state.began is not None:
            self._outlook.began(place, state.began)
        if state.finished and place not in self._over:
            self._over.add(place)
            self._outlook.ended(place, state.ended or time.time())
            if len(self._names) > 1 and state.status == "COMPLETED_SUCCESS":
                console.print(f"  {self._names[place]} is done.")
        share, left = self._outlook.share(now := time.time()), self._outlook.seconds_left(now)
        self._bar.update(self._task, completed=share)
        if not console.is_terminal and left is not None and int(share * TENTHS) > self._tenths:
            self._tenths = int(share * TENTHS)
            console.print(f"  {share:.0%} of the time is over, {spoken(left)} left")


class _Left(ProgressColumn):
    """The time that is left, now."""

    def __init__(self, outlook: Outlook) -> None:
        super().__init__()
        self._outlook = outlook

    def render(self, task: Task) -> Text:
        left = self._outlook.seconds_left(time.time())
        return Text("" if left is None else f"{spoken(left)} left")


@contextmanager
def followed(outlook: Outlook, names: Sequence[str]) -> Iterator[Following]:
    """Show backfills for the length of a block."""
    drawn = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
        TextColumn("{task.percentage:.0f}%"), TimeElapsedColumn(), _Left(outlook),
    )  # fmt: skip
    with Progress(*drawn, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Following(outlook, names, bar)


def spoken(seconds: float) -> str:
    """A time as people say it: ``40 s``, ``12 min``, ``1 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60} min"
