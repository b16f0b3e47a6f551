"""Reads the story files: one line, one message.

    [MM-DD HH:MM] author [flag=value ...] :: text

A line without a date follows the one before by a short time drawn from a seeded generator, or by `gap`
minutes. Author `-` is the channel itself. Flags: `id` (a label), `re` (a reply: lines up, or `out:ID` for a
message outside the export), `fwd` (a source), `post` (the channel post of that label, forwarded),
`edit` (minutes later), `react`, `photo`, `album`, `doc`, `sticker`, `absent`, `contact`, `location`, `svc`.
Bare words `poll` and `unsupported` mark those messages.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

STORY = Path(__file__).parent / "story"
YEAR = 2026
LINE = re.compile(r"(?:(\d\d)-(\d\d) (\d\d):(\d\d) )?(\S+)((?: \S+)*?) ::(?: (.*))?$")


@dataclass
class Line:
    """One message of the story, before it has an id."""

    at: datetime
    author: str
    text: str
    flags: dict[str, str] = field(default_factory=dict)


def read(name: str) -> list[Line]:
    """The lines of `story/<name>.txt` in order; raises ValueError where a line is malformed or goes back in time."""
    rng = random.Random(f"clock {name}")
    lines: list[Line] = []
    at = datetime(YEAR, 1, 1, tzinfo=UTC)
    for number, raw in enumerate((STORY / f"{name}.txt").read_text("utf-8").splitlines(), 1):
        if raw.startswith("# ") or not raw.strip():
            continue
        match = LINE.match(raw)
        if match is None:
            raise ValueError(f"{name}.txt:{number}: not a message: {raw[:60]}")
        month, day, hour, minute, author, flags, text = match.groups()
        parsed = dict(flag.partition("=")[::2] for flag in (flags or "").split())
        before = at
        if month:
            at = datetime(YEAR, int(month), int(day), int(hour), int(minute), rng.randrange(60), tzinfo=UTC)
        else:
            at += timedelta(minutes=int(parsed.pop("gap", "0")), seconds=rng.randrange(19, 190))
        if at <= before:
            raise ValueError(f"{name}.txt:{number}: earlier than the line before")
        lines.append(Line(at, author, text or "", parsed))
    return lines
