"""Which media paths of an export may be followed.

An export is somebody else's file: its paths must not leave its folder. ``safe_parts`` is the only way from a
path in a message to a file or an archive member. What does not belong here: opening files.
"""

import re

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
