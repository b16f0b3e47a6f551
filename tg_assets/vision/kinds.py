"""What kind of picture it is, by rules: photo, meme, screenshot, document or other.

Rules, in order, with the measurements of ``measure``:
* a *drawn* picture (screens, drawings, scans) has few colours: eight of 512 coarse ones cover most of it and
  neighbouring pixels are mostly equal. A photo has neither;
* drawn, near-white ground, no colour, many words, shape of a page -> document; three words or more -> screenshot;
  the sides of an upright phone's screen with any word -> screenshot; otherwise other (drawing, sticker);
* not drawn, 40 words or more -> document (a page that was photographed);
* not drawn, white-letter caption or words of a readable size over it -> meme; otherwise photo.
Known limits: a billboard in a photo looks like a meme, a drawn meme like a screenshot. Infographics are not
recognised by rules; only a model's provider says so. What does not belong here: reading text, naming colours.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg_assets.vision.reading import Reading
from tg_assets.vision.result import Classification

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

# Measured: screens had at least 0.86 and 0.78, photos at most 0.67 and 0.62.
FEW_COLOURS = 0.77
FLAT = 0.70
PAGE_WORDS = 40
SCREEN_WORDS = 3
MEME_WORDS = 2
MEME_LETTERS = 8
MEME_HEIGHT = 0.015
_SAMPLE = 320


@dataclass(frozen=True)
class Measurements:
    """Measurements, 0..1: share of the eight commonest coarse colours, of equal neighbours, of the commonest
    colour; mean brightness, brightness of the commonest colour, mean colourfulness."""

    few_colours: float
    flat: float
    ground: float
    brightness: float
    ground_brightness: float
    colourfulness: float

    @property
    def drawn(self) -> bool:
        """Drawn by a program rather than seen by a camera."""
        return self.few_colours >= FEW_COLOURS and self.flat >= FLAT

    @property
    def scene(self) -> str:
        """``dark``, ``light`` or ``mid-tone``."""
        return "dark" if self.brightness < 0.35 else "light" if self.brightness > 0.65 else "mid-tone"


def measure(image: "PILImage") -> Measurements:
    """Measure an RGB picture on a sample of its pixels (neighbours stay neighbours: cropped, never scaled)."""
    import numpy as np
    from PIL import Image

    step = max(1, round(max(image.size) / _SAMPLE))
    full = np.asarray(image, dtype=np.int16)
    neighbours = np.abs(full[::step, 1:] - full[::step, :-1]).max(axis=2)
    flat = float((neighbours <= 2).mean()) if neighbours.size else 1.0
    image = image.resize((128, 128), Image.Resampling.NEAREST)
    pixels = np.asarray(image, dtype=np.int64)
    coarse = (pixels[..., 0] >> 5 << 6) | (pixels[..., 1] >> 5 << 3) | (pixels[..., 2] >> 5)
    counts = np.bincount(coarse.ravel(), minlength=512)
    ranked = np.sort(counts)[::-1]
    top = int(counts.argmax())
    mask = coarse == top
    luma = pixels @ np.array([0.299, 0.587, 0.114]) / 255
    spread = (pixels.max(axis=2) - pixels.min(axis=2)) / 255
    return Measurements(
        few_colours=float(ranked[:8].sum() / ranked.sum()),
        flat=flat,
        ground=float(ranked[0] / ranked.sum()),
        brightness=float(luma.mean()),
        ground_brightness=float(luma[mask].mean()),
        colourfulness=float(spread.mean()),
    )


def classify(measured: Measurements, reading: Reading, width: int, height: int) -> Classification:
    """The kind of a picture of this size with this text."""
    count = sum(word.letters >= 2 for word in reading.words)
    long_side, short_side = max(width, height), max(1, min(width, height))
    if measured.drawn:
        paper = measured.ground_brightness > 0.85 and measured.ground > 0.6 and measured.colourfulness < 0.05
        page_shape = height > width and long_side / short_side < 1.65
        if paper and page_shape and count >= PAGE_WORDS:
            return "document"
        phone = height > width and 1.6 <= long_side / short_side <= 2.4 and long_side >= 600
        return "screenshot" if count >= SCREEN_WORDS or (phone and count) else "other"
    if count >= PAGE_WORDS:
        return "document"
    tallest = max((word.height for word in reading.words), default=0.0) / max(1, height)
    worded = count >= MEME_WORDS and reading.letters >= MEME_LETTERS and tallest >= MEME_HEIGHT
    return "meme" if worded else "photo"
