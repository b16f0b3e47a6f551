"""Which media paths of an export may be followed, and which name on a disk or in an archive is meant.

An export is somebody else's file: its paths must not leave its folder. ``safe_parts`` is the only way from a
path in a message to a file or an archive member. What does not belong here: opening files.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

# What a Mac adds to archives beside the files.
IGNORED = frozenset({"__MACOSX"})
_DRIVE = re.compile(r"[A-Za-z]:")


class UnsafePath(Exception):
    """A sentence that says why a media path is refused; recorded with the media, never fatal."""


def safe_parts(path: str) -> tuple[str, ...]:
    """The parts of a relative path with forward slashes; raises ``UnsafePath`` for anything else."""
    if not path or "\x00" in path:
        raise UnsafePath("The path is empty or holds a NUL character.")
    if "\\" in path:
        raise UnsafePath("The path holds a backslash.")
    if path.startswith("/") or _DRIVE.match(path):
        raise UnsafePath("The path is absolute.")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise UnsafePath("The path leaves the export's folder.")
    if not parts:
        raise UnsafePath("The path names no file.")
    return parts


class Spellings(Generic[T]):
    """Things by name, found under another spelling too: letters composed or not, then any case where one name fits."""

    def __init__(self, named: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, T] = {}
        self._folded: dict[str, T | None] = {}
        for name, thing in named:
            composed = unicodedata.normalize("NFC", name)
            folded = composed.casefold()
            self._exact.setdefault(composed, thing)
            # None where two names differ in nothing but case.
            self._folded[folded] = thing if self._folded.get(folded, thing) == thing else None

    def find(self, name: str) -> T | None:
        """What is meant by a name."""
        composed = unicodedata.normalize("NFC", name)
        return self._exact.get(composed) or self._folded.get(composed.casefold())
