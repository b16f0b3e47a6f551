"""Long dialogues that were written line by line, with questions of somebody who has read them, for ``context``.

A file is a dialogue: its title, sessions with number and time, messages by session and number in it, and questions,
each with the messages that answer it. Messages of a session are a minute apart.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.lines import Line, Set

FOLDER = Path(__file__).parent
LOOKED_AT = ("maren_and_tobias", "deshawn_and_ines")
"""By which shares of context were chosen."""
HELD = ("priyanka_and_callum", "helena_and_jonah")
_MESSAGE = re.compile(r"(\d+\.\d+) (\w+): (.+)")


def talk(name: str) -> Set:
    """One of the dialogues."""
    title, at = "", datetime(1970, 1, 1, tzinfo=UTC)
    lines: list[Line] = []
    numbers: dict[str, int] = {}
    questions = []
    for line in filter(None, map(str.strip, (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines())):
        if line.startswith("# "):
            title = line[2:]
        elif line.startswith("= "):
            at = datetime.strptime(line.split(maxsplit=2)[2] + "+00:00", "%Y-%m-%d %H:%M%z")
        elif line.startswith("? "):
            places, question = line[2:].split(" | ", 1)
            questions.append((question, frozenset(numbers[place] for place in places.split())))
        elif said := _MESSAGE.fullmatch(line):
            numbers[said[1]] = len(lines)
            lines.append(Line(title, said[2], at, said[3]))
            at += timedelta(minutes=1)
        else:
            raise ValueError(f"{name}: not a line of a dialogue: {line[:40]}")
    return Set(lines, questions)
