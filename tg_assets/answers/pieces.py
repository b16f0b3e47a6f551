"""A snippet by who wrote it: a person, or a model that heard, described or read it.

What does not belong here: choosing the snippet (``index.snippet``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Piece:
    """``source`` is ``written`` by a person, or by a model: ``spoken``, ``described``, ``read`` in a picture."""

    source: str
    text: str


SOURCES = {"post": "written", "speech": "spoken", "vision": "described", "ocr": "read"}
"""By the names of ``index.text.TextParts``."""


def pieces(parts: Sequence[tuple[str, str]], snippet: str) -> tuple[Piece, ...]:
    """The snippet of the parts' text (``index.text.parts_to_embed``), cut where one ends and the next begins."""
    whole = " ".join(part for _, part in parts)
    core = snippet.strip(_ELLIPSIS)
    start = whole.find(core)
    if start < 0:
        # What is cut out of a text that was cleaned once more: nobody's words are taken for a person's.
        return (Piece("written" if len(parts) == 1 and parts[0][0] == "post" else "read", snippet),) if snippet else ()
    end, place, found = start + len(core), 0, []
    for name, part in parts:
        begin, stop = max(start, place), min(end, place + len(part))
        if begin < stop:
            cut_before, cut_after = begin > place, stop < place + len(part)
            text = whole[begin:stop].strip()
            found.append(
                Piece(SOURCES[name], f"{_ELLIPSIS if cut_before else ''}{text}{_ELLIPSIS if cut_after else ''}")
            )
        place += len(part) + 1
    return tuple(found)
