"""What a command waits for and for how long: beside the cursor on a terminal, a line for each event in a pipe.

What does not belong here: waiting.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from tg_assets.cli.console import console

# States that something else follows; the others are an end.
WAITING = {"starting": "start", "stopping": "stop", "unhealthy": "answer", "migrating": "be up to date"}
# Shorter waits are not worth a number.
WORTH_SECONDS = 2.0


class Waits:
    """Names of servers and the states they go through, from several threads; drawn anew whenever it is shown."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, float]] = {}

    def __rich__(self) -> Text:
        """What is waited for at this moment."""
        now = time.monotonic()
        waits = [f"{name} to {what} ({now - since:.0f} s)" for name, (what, since) in list(self._since.items())]
        return Text(f"waiting for {', '.join(waits)}" if waits else "looking")

    def event(self, name: str, state: str) -> None:
        """A server is in another state: the end of a wait is a line; its beginning is one where nothing is drawn."""
        what, since = self._since.pop(name, ("", time.monotonic()))
        if state in WAITING:
            self._since[name] = (WAITING[state], time.monotonic())
            if not console.is_terminal:
                self.say(f"{name:<16}{state}")
            return
        took = time.monotonic() - since
        self.say(f"{name:<16}{state}{f' after {took:.0f} s' if what and took >= WORTH_SECONDS else ''}")

    def say(self, sentence: str) -> None:
        """A line of its own."""
        console.print(f"  {sentence}")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw it for the length of a block."""
        with console.status(self):
            yield
