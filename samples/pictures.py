"""Every picture of the sample by name, encoded as Telegram would store it."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

from samples import papers, scenes_life
from samples.canvas import Canvas
from samples.objects import DARK, seal
from samples.scenes import SCENES
from samples.screens import SCREENS

_REGISTERED = (papers, scenes_life)  # importing these modules fills the two registries


@cache
def painted(name: str) -> Image.Image:
    """The picture; raises KeyError for a name the registries do not hold."""
    return (SCENES.get(name) or SCREENS[name])()


@cache
def encoded(name: str, kind: str = "JPEG") -> tuple[bytes, int, int]:
    """The file's bytes, width and height. JPEG for photographs, PNG for pictures sent as files."""
    image, out = painted(name), io.BytesIO()
    if kind == "JPEG":
        image.save(out, "JPEG", quality=82 if name in SCREENS else 74)
    else:
        image.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue(), image.width, image.height


@cache
def sticker(name: str) -> tuple[bytes, int, int]:
    """A lossless WebP on a transparent ground."""
    c = Canvas(f"sticker {name}", 256, 256)
    c.gradient([(0, (0, 255, 0)), (1, (0, 255, 0))])
    if name == "seal":
        seal(c, 140, 160, 84)
    else:
        for x, y, r in ((76, 74, 26), (180, 74, 26), (128, 132, 88)):
            c.oval(x, y, r, r, (244, 244, 240))
        c.oval(128, 168, 38, 30, (216, 212, 204))
        for x, y, r in ((96, 116, 9), (160, 116, 9), (128, 156, 13)):
            c.oval(x, y, r, r, DARK)
    image = c.finish().convert("RGBA")
    for corner in ((0, 0), (255, 0), (0, 255), (255, 255)):
        ImageDraw.floodfill(image, corner, (0, 0, 0, 0), thresh=200)
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True, method=4)
    return out.getvalue(), image.width, image.height
