"""A snippet by who wrote it: a person, or a model that heard, described or read it; and what is crossed out in it.

What does not belong here: choosing the snippet (``index.snippet``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tg_assets.answers.struck import Struck, crossed
from tg_assets.tagging.cleaning import clean

_ELLIPSIS = "…"
WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Piece:
    """``source`` is ``written`` by a person, or by a model: ``spoken``, ``described``, ``read`` in a picture.

    ``struck`` are the parts of ``text`` that its author crossed out.
    """

    source: str
    text: str
    struck: tuple[Struck, ...] = ()


SOURCES = {"post": WRITTEN, "speech": "spoken", "vision": "described", "ocr": "read"}
"""By the names of ``index.text.TextParts``."""


def pieces(parts: Sequence[tuple[str, str]], snippet: str, runs: Iterable[tuple[str, bool]] = ()) -> tuple[Piece, ...]:
    """The snippet of the parts' text (``index.text.parts_to_embed``), cut where one ends and the next begins.

    ``runs`` are what a person wrote before it was cleaned, in pieces with whether each is crossed out.
    """
    whole = " ".join(part for _, part in parts)
    core = snippet.strip(_ELLIPSIS)
    start = whole.find(core)
    if start < 0:
        # What is cut out of a text that was cleaned once more: nobody's words are taken for a person's.
        return (Piece(WRITTEN if len(parts) == 1 and parts[0][0] == "post" else "read", snippet),) if snippet else ()
    end, place, found = start + len(core), 0, []
    for name, part in parts:
        begin, stop = max(start, place), min(end, place + len(part))
        if begin < stop:
            before, after = _ELLIPSIS if begin > place else "", _ELLIPSIS if stop < place + len(part) else ""
            text = whole[begin:stop].strip()
            struck = _struck(part, begin - place, before, text, runs) if SOURCES[name] == WRITTEN else ()
            found.append(Piece(SOURCES[name], f"{before}{text}{after}", struck))
        place += len(part) + 1
    return tuple(found)


def marked(snippet: str, shown: Sequence[Piece]) -> str:
    """The snippet with ``~~`` around what is crossed out in it: what a person wrote stands first in every snippet."""
    return crossed(snippet, shown[0].struck) if shown else snippet


def _struck(part: str, begin: int, before: str, text: str, runs: Iterable[tuple[str, bool]]) -> tuple[Struck, ...]:
    """What is crossed out in ``text``, which is cut out of ``part`` at ``begin`` and stands behind ``before``.

    Cleaning changes white space and what nobody sees, so that letters are counted. A blank is crossed out between two
    letters that are.
    """
    letters = [is_struck for said, is_struck in runs for one in clean(said) if one != " "]
    if not any(letters):
        return ()
    nth = sum(one != " " for one in part[:begin])
    flags = list[bool]()
    for one in text:
        if one == " ":
            flags.append(bool(flags) and flags[-1] and nth < len(letters) and letters[nth])
        else:
            flags.append(nth < len(letters) and letters[nth])
            nth += 1
    found, offset = [], len(before)
    for is_struck, several in groupby(zip(text, flags, strict=True), key=lambda both: both[1]):
        length = sum(2 if ord(one) > 0xFFFF else 1 for one, _ in several)
        if is_struck:
            found.append(Struck(offset, length))
        offset += length
    return tuple(found)
