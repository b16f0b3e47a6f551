"""Pictures drawn for tests: nothing here comes from anybody's chat."""

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has Cyrillic."""
    return ImageFont.truetype(str(_FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")), size)


def screen(
    lines: list[str], *, size: tuple[int, int] = (800, 600), dark: bool = False, points: int = 22
) -> Image.Image:
    """A screen with lines of text."""
    image = Image.new("RGB", size, (24, 26, 32) if dark else (250, 250, 250))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], 40), fill=(40, 90, 160))
    for row, line in enumerate(lines):
        draw.text((30, 60 + row * points * 2), line, font=font(points), fill=(230, 230, 230) if dark else (20, 20, 20))
    return image


def photo(size: tuple[int, int] = (800, 600), seed: int = 1) -> Image.Image:
    """Blobs and grain: as many colours and as few equal neighbours as a photo has."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 200, (12, 16, 3), dtype=np.uint8))
    smooth = np.asarray(
        coarse.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(3)), dtype=np.int16
    )
    grain = rng.normal(0, 9, smooth.shape).astype(np.int16)
    return Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))


def meme(top: str, bottom: str, seed: int = 1, ink: str = "white") -> Image.Image:
    """Letters with a black outline over a photo."""
    image = photo(seed=seed)
    draw = ImageDraw.Draw(image)
    for text, y in ((top, 60), (bottom, image.height - 60)):
        draw.text(
            (image.width / 2, y),
            text,
            font=font(48, bold=True),
            anchor="mm",
            fill=ink,
            stroke_width=4,
            stroke_fill="black",
        )
    return image


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
