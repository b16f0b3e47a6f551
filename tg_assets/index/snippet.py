"""The piece of a text that shows why it was found: the window with most of the query's lemmas.

Plain text comes out; marking the hits is the caller's, who knows the medium.
"""

import re

from tg_assets.tagging.cleaning import clean
from tg_assets.tagging.lemmas import lemma, lemmas, words
from tg_assets.tagging.stopwords import STOP_WORDS

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ELLIPSIS = "…"


def _wanted(query: str) -> frozenset[str]:
    every = frozenset(lemmas(query))
    return every - STOP_WORDS or every


def _hits(text: str, wanted: frozenset[str]) -> list[tuple[int, int, str]]:
    """Begin, end and lemma of each word of the text that the query has."""
    found = []
    for match in _TOKEN.finditer(text):
        for word in words(match[0]):
            if (form := lemma(word)) in wanted:
                found.append((match.start(), match.end(), form))
    return found


def _best(hits: list[tuple[int, int, str]], width: int) -> tuple[int, int]:
    """First and last character of the run of hits with most different lemmas, then most hits, then earliest."""
    best, span = (0, 0), (0, 0)
    for i, (begin, _, _) in enumerate(hits):
        seen: set[str] = set()
        count, end = 0, begin
        for _, stop, form in hits[i:]:
            if stop - begin > width:
                break
            seen.add(form)
            count, end = count + 1, stop
        if (len(seen), count) > best:
            best, span = (len(seen), count), (begin, end)
    return span


def snippet(text: str, query: str, width: int = 160) -> str:
    """At most ``width`` characters of the cleaned text around the query's words; ``…`` where it was cut.

    The beginning of the text when no word of the query is in it.
    """
    text = clean(text)
    if len(text) <= width:
        return text
    room = max(width - 2 * len(_ELLIPSIS), 1)
    begin, end = _best(_hits(text, _wanted(query)), room)
    start = max(0, min(begin - (room - (end - begin)) // 2, len(text) - room))
    stop = start + room
    # Whole words only, unless that would cut the hits or leave nothing.
    if start > 0 and (blank := text.find(" ", start - 1, max(begin, start))) >= 0:
        start = blank + 1
    if stop < len(text) and (blank := text.rfind(" ", max(end, start + 1), stop + 1)) >= 0:
        stop = blank
    cut = text[start:stop].strip()
    return f"{_ELLIPSIS if start else ''}{cut}{_ELLIPSIS if stop < len(text) else ''}"[:width]
