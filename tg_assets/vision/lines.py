"""Reading lines that the detector found: each is cut out, turned upright, and read by itself.

A line that is not read surely in grey is read again with only its light letters, then with the pixels of each of
its main colours alone; the surest reading stays. Measured on 35 captions over photos, five inks, a fifth turned by
4 degrees: 48 of 100 words found without the detector, 57 with lines in grey, 74 with the colours as well (red
letters: from 16 to 76). What does not belong here: finding lines.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from tg_assets.vision import words as w
from tg_assets.vision.ocr import PSM_LINE

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from tg_assets.vision.detector import Corners

Tsv = Callable[["PILImage", int], str]

# Tesseract likes capitals of 20-30 pixels; 44 to 80 were read no better and slower.
HEIGHT = 34
MARGIN = 6
MAX_WIDTH = 3000
# More lines than a poster has: a page, which the page pass reads, or a texture.
MAX_LINES = 60
# A screen of sixty lines took 25 s of processor time in all their colours (202 passes) and gave a tenth more letters.
MOST_PASSES = 60
SURE = 92.0
# Windows of a house, feet of birds: lines of "oo" and "il"; a line has one word longer than that.
MIN_LETTERS = 3
_LIGHT = 200
# Colours of a line, and the share of its pixels that letters can have.
_COLOURS = 4
_MIN_SHARE, _MAX_SHARE = 0.05, 0.6


def read_lines(image: "PILImage", quads: Sequence["Corners"], tsv: Tsv, source: int) -> list[w.Word]:
    """Words of all lines of an upright RGB picture; boxes in its pixels."""
    found: list[w.Word] = []
    lines = quads[:MAX_LINES]
    for number, quad in enumerate(lines):
        words = _read(image, quad, tsv, MOST_PASSES // len(lines))
        found += [replace(word, line=(source, number)) for word in words]
    return found


def _read(image: "PILImage", quad: "Corners", tsv: Tsv, passes: int) -> list[w.Word]:
    cut, width, height = _cut(image, quad)
    if width < 4 or height < 4:
        return []
    scale = cut.height / height
    best: list[w.Word] = []
    for variant in islice(_variants(cut), passes):
        words = [word for word in w.parse(tsv(variant, PSM_LINE), scale, 0) if word.confidence >= w.MIN_CONFIDENCE]
        if any(word.letters >= MIN_LETTERS for word in words) and _sureness(words) > _sureness(best):
            best = words
        if best and _mean(best) >= SURE:
            break
    left, top = min(x for x, _ in quad), min(y for _, y in quad)
    return [
        replace(word, left=word.left + left - MARGIN / scale, top=word.top + top - MARGIN / scale)
        for word in w.keep_page(best)
    ]


def _sureness(words: Sequence[w.Word]) -> float:
    """Letters weighed by how far they are above doubt: more of them, and surer ones, are better."""
    return sum(word.letters * (word.confidence - w.MIN_CONFIDENCE) for word in words)


def _mean(words: Sequence[w.Word]) -> float:
    return sum(word.confidence for word in words) / len(words)


def _cut(image: "PILImage", quad: "Corners") -> tuple["PILImage", float, float]:
    """The line upright, ``HEIGHT`` high; and the width and height it had."""
    from PIL import Image

    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    width, height = math.hypot(x1 - x0, y1 - y0), math.hypot(x3 - x0, y3 - y0)
    if width < 4 or height < 4:
        return image, 0, 0
    size = (min(MAX_WIDTH, max(8, round(width * HEIGHT / height))), HEIGHT)
    corners = (x0, y0, x3, y3, x2, y2, x1, y1)
    return image.transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC), width, height


def _variants(cut: "PILImage") -> Iterator["PILImage"]:
    """Dark letters on light ground in several guesses, made one after the other as they are needed."""
    from PIL import Image, ImageChops, ImageOps

    red, green, _ = cut.split()
    yield _framed(ImageOps.autocontrast(cut.convert("L")))
    yield _framed(ImageChops.darker(red, green).point(lambda value: 0 if value > _LIGHT else 255))
    parts = cut.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2)
    whole, pixels = cut.width * cut.height, parts.tobytes()
    for count, index in sorted(((int(n), int(str(i))) for n, i in parts.getcolors() or []), reverse=True):
        if _MIN_SHARE < count / whole < _MAX_SHARE:
            ink = pixels.translate(bytes(0 if value == index else 255 for value in range(256)))
            yield _framed(Image.frombytes("L", parts.size, ink))


def _framed(image: "PILImage") -> "PILImage":
    """With a margin of the border's own tone: letters that touch the edge are misread."""
    from PIL import ImageOps

    edge = image.crop((0, 0, image.width, 1)).histogram()
    return ImageOps.expand(image, MARGIN, fill=max(range(256), key=edge.__getitem__))
