"""Reading the text of one picture: which passes are made, and when one is enough.

A page (screenshot, document, chat) is read in one pass. When that finds little and the picture has edges that
could be letters, up to three more passes look for scattered text: near-white and yellow letters alone (the
outlined caption of a meme, cheap and very sure), the grey picture, and on dark pictures the brightest channel
inverted (blue on black has almost no grey contrast). What does not belong here: the engine, the rules for junk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg_assets.vision import words as w
from tg_assets.vision.ocr import PSM_PAGE, PSM_SPARSE

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Tsv = Callable[["PILImage", int], str]

# A page this rich in words needs no second look.
ENOUGH_LETTERS = 24
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


def read(image: "PILImage", tsv: Tsv) -> Reading:
    """Read an upright RGB picture with ``tsv`` (an engine's ``Engine.tsv``)."""
    if min(image.size) < MIN_SIDE or not _may_hold_text(image):
        return NOTHING
    grey = image.convert("L")
    found = w.keep_page(_pass(grey, PSM_PAGE, PAGE_SIDE, tsv, 0))
    caption = False
    if sum(word.letters for word in found) < ENOUGH_LETTERS:
        found, caption = _scattered(image, grey, found, tsv)
    if not found:
        return NOTHING
    found = w.latin_lines(found)
    confidence = sum(word.confidence for word in found) / len(found) / 100
    return Reading(tuple(found), w.text_of(found), round(min(1.0, max(0.0, confidence)), 3), caption)


def _scattered(image: "PILImage", grey: "PILImage", page: list[w.Word], tsv: Tsv) -> tuple[list[w.Word], bool]:
    from PIL import ImageChops, ImageOps

    red, green, blue = image.split()
    white = ImageChops.darker(red, green).point(lambda value: 0 if value > _WHITE else 255)
    captions = w.keep_sparse(_pass(white, PSM_SPARSE, SPARSE_SIDE, tsv, 1))
    # A page pass over a photo gives bits of a caption; what was read from its letters alone is better.
    found = w.merge(captions, w.keep_sparse(page) if captions else page)
    if sum(word.letters for word in found) < ENOUGH_LETTERS:
        dark = _mostly_dark(grey)
        side, zoom = (DARK_SIDE, DARK_ZOOM) if dark else (SPARSE_SIDE, 1.0)
        found = w.merge(found, w.keep_sparse(_pass(grey, PSM_SPARSE, side, tsv, 2, zoom)))
        if dark:
            brightest = ImageOps.invert(ImageChops.lighter(ImageChops.lighter(red, green), blue))
            found = w.merge(found, w.keep_sparse(_pass(brightest, PSM_SPARSE, side, tsv, 3, zoom)))
    return found, bool(captions)


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
