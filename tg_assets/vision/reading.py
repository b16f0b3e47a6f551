"""Reading the text of one picture: which passes are made, and when one is enough.

A page (screenshot, document, chat) is read in one pass. When that finds little, or is unsure of it, and the
picture has edges that could be letters, scattered text is looked for: with a detector, line by line (``lines``);
without one, in passes over near-white and yellow letters alone (the outlined caption of a meme, cheap and very
sure) and the grey picture. On dark pictures with little text so far, two more passes follow: grey, and the
brightest channel inverted (blue on black has almost no grey contrast).
What does not belong here: the engine, the rules for junk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg_assets.vision import words as w
from tg_assets.vision.lines import read_lines
from tg_assets.vision.ocr import PSM_PAGE, PSM_SPARSE

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from tg_assets.vision.detector import Corners

Tsv = Callable[["PILImage", int], str]
Find = Callable[["PILImage"], "list[Corners]"]

# A page this rich in words, read this surely, needs no second look.
ENOUGH_LETTERS = 24
ENOUGH_CONFIDENCE = 85.0
# Letters of a small picture are too few pixels high for Tesseract (it likes 20-40); larger is only slower.
SMALL_SIDE = 800
PAGE_SIDE = 1800
SPARSE_SIDE = 1280
MIN_SIDE = 12
# Thin letters of a chart on black: measured, below 2.5 axis titles came out one letter wrong.
DARK_ZOOM = 2.5
DARK_SIDE = 3200
_WHITE = 215
_EDGE = 24
_MIN_EDGES = 24


@dataclass(frozen=True)
class Reading:
    """What was read. ``confidence`` is 0..1 over the kept words; ``caption``: white letters were found."""

    words: tuple[w.Word, ...]
    text: str
    confidence: float | None
    caption: bool

    @property
    def letters(self) -> int:
        """How many letters were read."""
        return sum(word.letters for word in self.words)


NOTHING = Reading((), "", None, False)


def read(image: "PILImage", tsv: Tsv, find: Find | None = None) -> Reading:
    """Read an upright RGB picture with ``tsv`` (an engine's ``Engine.tsv``) and ``find`` (``Detector.lines``)."""
    if min(image.size) < MIN_SIDE or not _may_hold_text(image):
        return NOTHING
    grey = image.convert("L")
    found = w.keep_page(_pass(grey, PSM_PAGE, PAGE_SIDE, tsv, 0))
    caption = False
    if _letters(found) < ENOUGH_LETTERS or (find and _mean(found) < ENOUGH_CONFIDENCE):
        found, caption = _lines(image, grey, found, tsv, find) if find else _scattered(image, grey, found, tsv)
    if not found:
        return NOTHING
    found = w.latin_lines(found)
    return Reading(tuple(found), w.text_of(found), round(min(1.0, max(0.0, _mean(found) / 100)), 3), caption)


def _lines(image: "PILImage", grey: "PILImage", page: list[w.Word], tsv: Tsv, find: Find) -> tuple[list[w.Word], bool]:
    quads = find(image)
    if not quads:
        return w.keep_sparse(page), False
    captions = _captions(image, tsv)
    found = w.merge(read_lines(image, quads, tsv, 4), captions)
    found = w.merge(found, w.keep_sparse(page))
    if _letters(found) < ENOUGH_LETTERS and _mostly_dark(grey):
        found = _dark(image, grey, found, tsv)
    return found, bool(captions)


def _scattered(image: "PILImage", grey: "PILImage", page: list[w.Word], tsv: Tsv) -> tuple[list[w.Word], bool]:
    captions = _captions(image, tsv)
    # A page pass over a photo gives bits of a caption; what was read from its letters alone is better.
    found = w.merge(captions, w.keep_sparse(page) if captions else page)
    if _letters(found) < ENOUGH_LETTERS:
        if _mostly_dark(grey):
            found = _dark(image, grey, found, tsv)
        else:
            found = w.merge(found, w.keep_sparse(_pass(grey, PSM_SPARSE, SPARSE_SIDE, tsv, 2)))
    return found, bool(captions)


def _captions(image: "PILImage", tsv: Tsv) -> list[w.Word]:
    from PIL import ImageChops

    red, green, _ = image.split()
    white = ImageChops.darker(red, green).point(lambda value: 0 if value > _WHITE else 255)
    return w.keep_sparse(_pass(white, PSM_SPARSE, SPARSE_SIDE, tsv, 1))


def _dark(image: "PILImage", grey: "PILImage", found: list[w.Word], tsv: Tsv) -> list[w.Word]:
    from PIL import ImageChops, ImageOps

    red, green, blue = image.split()
    brightest = ImageOps.invert(ImageChops.lighter(ImageChops.lighter(red, green), blue))
    for source, version in ((2, grey), (3, brightest)):
        found = w.merge(found, w.keep_sparse(_pass(version, PSM_SPARSE, DARK_SIDE, tsv, source, DARK_ZOOM)))
    return found


def _letters(words: list[w.Word]) -> int:
    return sum(word.letters for word in words)


def _mean(words: list[w.Word]) -> float:
    return sum(word.confidence for word in words) / max(1, len(words))


def _pass(image: "PILImage", psm: int, side: int, tsv: Tsv, source: int, zoom: float = 1.0) -> list[w.Word]:
    """One recognition at a size that suits it."""
    from PIL import Image

    longest = max(image.size)
    scale = max(zoom, 2.0 if longest <= SMALL_SIDE else 1.0)
    scale = min(scale, side / longest)
    if scale != 1.0:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return w.parse(tsv(image, psm), scale, source)


def _may_hold_text(image: "PILImage") -> bool:
    """Whether there are sharp edges for even one short word; one colour or a gradient is not worth four passes."""
    import numpy as np

    pixels = np.asarray(image.convert("L"), dtype=np.int16)
    return int((np.abs(np.diff(pixels, axis=1)) > _EDGE).sum()) >= _MIN_EDGES


def _mostly_dark(grey: "PILImage") -> bool:
    """Whether four fifths of the pixels are nearly black: a dark screen or chart, seldom a photo."""
    counts = grey.histogram()
    return sum(counts[:64]) >= 0.8 * sum(counts)
