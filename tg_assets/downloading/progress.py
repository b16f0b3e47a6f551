"""What downloading came to, and how far it is: numbers and reasons, without chats, names or texts."""

from collections import Counter
from dataclasses import dataclass, field

MEGABYTE = 1_000_000


@dataclass(slots=True)
class Downloaded:
    """Files by what became of them. ``bytes`` are those of files; ``received`` counts what came over the wire.

    ``requests`` are parts and messages asked for, repeated ones included; ``due_bytes`` is a lower bound, since
    nobody has said the size of some files.
    """

    due_files: int = 0
    due_bytes: int = 0
    files: int = 0
    bytes: int = 0
    same: int = 0
    """Stored files of edited messages that turned out to be the same."""
    received: int = 0
    requests: int = 0
    waits: int = 0
    seconds: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    """Reasons of files that are not wanted or cannot be had."""
    failed: Counter[str] = field(default_factory=Counter)
    """Reasons of files that the next run tries again."""
    problems: dict[str, str] = field(default_factory=dict)
    """Chat's title, or its id, to why it could not be read."""

    @property
    def settled(self) -> int:
        """Files that this run is done with."""
        return self.files + self.same + self.failed.total()

    def line(self, speed: float) -> str:
        """How far it is, at a speed in bytes a second."""
        left = max(self.due_bytes - self.received, 0) / speed if speed else 0.0
        return (
            f"media_objects: {self.settled:,} of {self.due_files:,} files, {self.received / MEGABYTE:,.1f} of "
            f"{self.due_bytes / MEGABYTE:,.1f} MB, {speed / MEGABYTE:,.1f} MB/s, {left:,.0f} s left"
        )
