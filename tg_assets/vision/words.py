"""Words that Tesseract reports: parsed, freed of junk, put into lines.

A picture without text still yields "words". What is kept: two letters or more with confidence; single letters and
numbers only beside such a word. What does not belong here: the engine, and how a picture is prepared for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

MIN_CONFIDENCE = 55.0
MIN_LETTERS = 2
# Text scattered over a photo: foliage and water give short words at 70-80, real ones came at 78 and above.
SPARSE_CONFIDENCE = 75.0
SPARSE_LETTERS = 4
COMPANION_CONFIDENCE = 75.0
BESIDE_CONFIDENCE = 80.0
_WORD_LEVEL = "5"

_LATIN = "ABCEHKMOPTXYaceopxy"
_CYRILLIC = "АВСЕНКМОРТХУасеорху"
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)


@dataclass(frozen=True)
class Word:
    """One word: its box in pixels of the decoded picture, confidence 0..100, the line it belongs to."""

    text: str
    confidence: float
    left: float
    top: float
    width: float
    height: float
    line: tuple[int, ...]

    @property
    def letters(self) -> int:
        """How many letters it has."""
        return sum(char.isalpha() for char in self.text)

    def overlaps(self, other: "Word") -> bool:
        """Whether the boxes share a point."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


def parse(tsv: str, scale: float, source: int) -> list[Word]:
    """Words of Tesseract's table; boxes are divided by ``scale``; ``source`` keeps lines of two passes apart."""
    words = []
    for row in tsv.splitlines():
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != _WORD_LEVEL or not cells[11].strip():
            continue
        left, top, width, height = (int(cell) / scale for cell in cells[6:10])
        line = (source, *(int(cell) for cell in cells[1:5]))
        words.append(Word(cells[11].strip(), float(cells[10]), left, top, width, height, line))
    return words


def keep_page(words: Sequence[Word]) -> list[Word]:
    """Words of a page of text; numbers and single letters stay beside a real word of the same line."""
    real = {id(w) for w in words if w.confidence >= MIN_CONFIDENCE and w.letters >= MIN_LETTERS}
    lines = {w.line for w in words if id(w) in real}
    return [
        word
        for word in words
        if id(word) in real
        or (
            word.line in lines and word.confidence >= COMPANION_CONFIDENCE and any(char.isalnum() for char in word.text)
        )
    ]


def keep_sparse(words: Sequence[Word]) -> list[Word]:
    """Words scattered over a picture: longer and surer, with their sure neighbours on the line."""
    sure = [w for w in words if w.confidence >= SPARSE_CONFIDENCE and w.letters >= SPARSE_LETTERS]
    lines = {word.line for word in sure}
    beside = [w for w in words if w.line in lines and w.confidence >= BESIDE_CONFIDENCE and w.letters]
    chosen = {id(word) for word in (*sure, *beside)}
    return [word for word in words if id(word) in chosen]


def merge(first: Sequence[Word], second: Iterable[Word]) -> list[Word]:
    """``first`` and those of ``second`` that lie where nothing was read yet."""
    return [*first, *(word for word in second if not any(word.overlaps(known) for known in first))]


def latin_lines(words: Sequence[Word]) -> list[Word]:
    """On a Latin line, words made only of letters that both scripts have become Latin.

    Recognising two languages at once reads ``Max`` beside ``JVM`` as Cyrillic; a search would never find it. The
    other way round is left alone: ``HTTP`` in a Russian sentence is right as it is.
    """
    totals: dict[tuple[int, ...], int] = {}
    for word in words:
        totals[word.line] = totals.get(word.line, 0) + _lean(word.text)
    everything = sum(totals.values())
    fixed = []
    for word in words:
        lean = totals[word.line] or everything
        if lean < 0 and not _lean(word.text):
            word = replace(word, text=word.text.translate(_TO_LATIN))
        fixed.append(word)
    return fixed


def text_of(words: Sequence[Word]) -> str:
    """The words as text, line by line, lines from top to bottom in the order each pass gave them."""
    lines: dict[tuple[int, ...], list[Word]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    sources = {line[0] for line in lines}
    rows = list(lines.values())
    if len(sources) > 1:  # several passes: only the place on the picture orders their lines
        rows.sort(key=lambda row: (min(word.top for word in row), min(word.left for word in row)))
    return "\n".join(" ".join(word.text for word in row) for row in rows)


def _lean(text: str) -> int:
    """Letters that are only Cyrillic minus letters that are only Latin."""
    cyrillic = sum("\u0400" <= char <= "\u04ff" and char not in _CYRILLIC for char in text)
    latin = sum(char.isascii() and char.isalpha() and char not in _LATIN for char in text)
    return cyrillic - latin
