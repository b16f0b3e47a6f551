"""Events that could not be sent yet, in a file, in their order.

The file outlives its process: whoever opens it next sends first what is in it. Beside it is how far it has been
sent, so that little is sent twice after a crash; events are idempotent. One process has it open at a time.
What does not belong here: deciding when to send.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from tg_assets.errors import TgAssetsError
from tg_assets.events.envelope import BadEvent, Envelope
from tg_assets.events.lines import Line, read_line, to_line


class Spill:
    """A queue of events in the file ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset_path = path.with_name(f"{path.name}.offset")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise TgAssetsError(
                f"{path} is in use by another producer. Stop that one, or give this one a file of its own."
            ) from None
        self._cut_torn_line()
        self._offset = self._read_offset()
        self._next = self._offset
        self._bad: list[bytes] = []

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return self._offset < os.fstat(self._file.fileno()).st_size

    def append(self, events: Iterable[Envelope]) -> None:
        """Keep events, on disk before this returns."""
        self._file.seek(0, os.SEEK_END)
        self._file.writelines(to_line(event) for event in events)
        self._file.flush()
        os.fsync(self._file.fileno())

    def peek(self, count: int) -> list[Line]:
        """The next lines to send; ``done`` takes them off. Unreadable ones go to a file ``.bad``."""
        self._file.seek(self._offset)
        found: list[Line] = []
        self._bad = []
        while len(found) < count and (line := self._file.readline()):
            try:
                found.append(read_line(line))
            except BadEvent:
                self._bad.append(line)
        self._next = self._file.tell()
        return found

    def done(self) -> None:
        """What was peeked has been sent; an emptied file starts anew."""
        self._offset = self._next
        if self._bad:
            with self.path.with_name(f"{self.path.name}.bad").open("ab") as bad:
                bad.writelines(self._bad)
        if self:
            temporary = self._offset_path.with_name(f"{self._offset_path.name}.new")
            temporary.write_text(str(self._offset), "ascii")
            temporary.replace(self._offset_path)
            return
        self._offset_path.unlink(missing_ok=True)
        self._file.truncate(0)
        self._offset = self._next = 0

    def close(self) -> None:
        """Leave the file for the next one; an empty one goes."""
        if not self:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _cut_torn_line(self) -> None:
        """A killed process may have left half a line: its event was never accepted."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            whole += len(line) if line.endswith(b"\n") else 0
        self._file.truncate(whole)

    def _read_offset(self) -> int:
        try:
            offset = int(self._offset_path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return 0
        return offset if offset <= os.fstat(self._file.fileno()).st_size else 0
