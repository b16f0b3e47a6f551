"""How a server ended and what it said last, for a person: of a traceback the line that names the fault, no secret.

What does not belong here: noticing that it ended.
"""

import re
import signal
from collections.abc import Iterable
from pathlib import Path

from tg_assets.logs.secrets import without_secrets

LINES, WIDTH = 15, 300
# A long traceback is read from its beginning.
BYTES = 65536
_TRACEBACK = re.compile(r"([\s|+]*)(?:(?:Exception Group )?Traceback \(most recent call last\)|Stack Trace):$")
# The middle of a traceback, where what is read begins there.
_FRAME = re.compile(r'\s+File ".*", line \d+')
# What joins tracebacks, and the places of a Java exception.
_BETWEEN = re.compile(
    r"[\s|+]*(?:During handling of the above exception|The above exception was)|[\s|+-]+ \d+ -{4,}$"
    r"|\s+at \S+\(.*\)|\s+\.\.\. \d+ more"
)


def last_words(log: Path, since: int, secrets: Iterable[str]) -> str:
    """Sentences: what a log ends with behind its byte ``since``, and what to do."""
    if not (lines := last_lines(log, since, secrets)):
        return f"Its log {log} says nothing. Run `tg-assets up` again; `tg-assets doctor` shows what else is away."
    said = "\n  ".join(lines)
    return f"Its log {log} ends with:\n  {said}\nMend what it names, then run `tg-assets up` again."


def how_it_ended(code: int | None) -> str:
    """In words, by the exit code as ``subprocess`` tells it."""
    if code is None:
        return "by itself"
    if code == -signal.SIGKILL:
        return "by SIGKILL (is there not enough memory?)"
    return f"by signal {-code}" if code < 0 else f"with code {code}"


def span(seconds: float) -> str:
    """So many seconds in words."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def last_lines(log: Path, since: int, secrets: Iterable[str]) -> list[str]:
    """The last lines of a log behind its byte ``since``, tracebacks cut down to what they are about."""
    try:
        size = log.stat().st_size
        with log.open("rb") as handle:
            handle.seek(max(size - BYTES, since if since <= size else 0))
            said = handle.read(BYTES).decode(errors="replace")
    except FileNotFoundError:
        return []
    said = without_secrets(said, secrets)
    return [line[:WIDTH] for line in _without_tracebacks(said.splitlines())[-LINES:]]


def _without_tracebacks(lines: list[str]) -> list[str]:
    kept, margin = list[str](), None
    for line in lines:
        if found := _TRACEBACK.match(line):
            margin = found[1].replace("+", "|")
            continue
        if margin is None and _FRAME.match(line):
            margin = ""
        if margin is not None:
            if not line.strip() or line.startswith((margin + " ", margin + "\t")):
                continue
            margin = None
        if line.strip() and not _BETWEEN.match(line):
            kept.append(line)
    return kept
