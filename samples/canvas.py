"""Primitives the sample pictures are painted with.

A `Canvas` is twice as large as the picture that comes out of it (`finish`), which smooths every edge.
Everything drawn depends on the arguments and on `Canvas.rng`, seeded with the picture's name, so a picture
is the same on each run. Fonts come with matplotlib: no system font is needed.
"""

from __future__ import annotations

import math
import random
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
Stops = list[tuple[float, Colour]]
Point = tuple[float, float]
SCALE = 2


@cache
def font(size: int, face: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """A DejaVu face; basic layout, because Raqm is not in every Pillow build."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


class Canvas:
    """A picture being painted; coordinates are those of the finished picture (`w` x `h`)."""

    def __init__(self, name: str, w: int = 640, h: int = 480) -> None:
        self.w, self.h = w, h
        self.rng = random.Random(f"picture {name}")
        self.image = Image.new("RGB", (w * SCALE, h * SCALE))
        self.draw = ImageDraw.Draw(self.image)

    def finish(self) -> Image.Image:
        return self.image.resize((self.w, self.h), Image.Resampling.LANCZOS)

    def _replace(self, array: np.ndarray) -> None:
        self.image = Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))
        self.draw = ImageDraw.Draw(self.image)

    def gradient(self, stops: Stops, top: float = 0, bottom: float | None = None) -> None:
        """Fill a horizontal band with colours; stop positions run from 0 (top of the band) to 1."""
        y0, y1 = int(top * SCALE), int((self.h if bottom is None else bottom) * SCALE)
        at = np.linspace(0, 1, max(1, y1 - y0))
        places = [place for place, _ in stops]
        columns = [np.interp(at, places, [colour[i] for _, colour in stops]) for i in range(3)]
        pixels = np.asarray(self.image, dtype=float).copy()
        pixels[y0:y1] = np.stack(columns, axis=1)[:, None, :]
        self._replace(pixels)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add soft light round a point."""
        self.light(np.exp(-self._distance2(x, y) / (2 * radius**2)) * strength, colour)

    def ring(self, x: float, y: float, radius: float, width: float, colour: Colour, strength: float) -> None:
        """Add a soft circle, such as a halo."""
        distance = np.sqrt(self._distance2(x, y))
        self.light(np.exp(-((distance - radius) ** 2) / (2 * width**2)) * strength, colour)

    def _distance2(self, x: float, y: float) -> np.ndarray:
        rows, columns = self.grid()
        return (columns - x) ** 2 + (rows - y) ** 2

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = np.mgrid[0 : self.h * SCALE, 0 : self.w * SCALE]
        return rows / SCALE, columns / SCALE

    def light(self, amount: np.ndarray, colour: Colour) -> None:
        """Add `colour` times `amount` (0..1 per pixel of the big image)."""
        self._replace(np.asarray(self.image, dtype=float) + amount[:, :, None] * np.array(colour, dtype=float))

    def blur(self, radius: float) -> None:
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * SCALE))
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: list[Point], fill: Colour) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def line(self, points: list[Point], fill: Colour, width: float = 1) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, fill=fill, width=round(width * SCALE), joint="curve")

    def box(self, x: float, y: float, w: float, h: float, fill: Colour, radius: float = 0) -> None:
        area = (x * SCALE, y * SCALE, (x + w) * SCALE, (y + h) * SCALE)
        self.draw.rounded_rectangle(area, radius * SCALE, fill=fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse round its centre."""
        self.draw.ellipse(((x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE), fill=fill)

    def arc(self, x: float, y: float, r: float, start: float, end: float, fill: Colour, width: float) -> None:
        area = ((x - r) * SCALE, (y - r) * SCALE, (x + r) * SCALE, (y + r) * SCALE)
        self.draw.arc(area, start, end, fill=fill, width=round(width * SCALE))

    def text(
        self, x: float, y: float, text: str, size: int, fill: Colour, face: str = "DejaVuSans", anchor: str = "la"
    ) -> None:
        self.draw.text((x * SCALE, y * SCALE), text, fill=fill, font=font(size * SCALE, face), anchor=anchor)

    def outlined(self, x: float, y: float, text: str, size: int) -> None:
        """White capitals with a dark edge, centred at `x`: the letters of a meme."""
        self.draw.text(
            (x * SCALE, y * SCALE),
            text,
            fill=(255, 255, 255),
            font=font(size * SCALE, "DejaVuSans-Bold"),
            anchor="ma",
            stroke_width=2 * SCALE,
            stroke_fill=(10, 10, 10),
        )

    def stars(self, count: int, bottom: float) -> None:
        for _ in range(count):
            x, y, r = self.rng.uniform(0, self.w), self.rng.uniform(0, bottom), self.rng.choice([0.5, 0.5, 0.8, 1.2])
            shade = self.rng.randint(150, 255)
            self.oval(x, y, r, r, (shade, shade, 255))

    def ridge(self, base: float, height: float, fill: Colour, rough: float = 1.0) -> None:
        """A line of hills: `base` is where they stand, `height` how far they rise."""
        waves = [(self.rng.uniform(0.5, 6) * rough, self.rng.uniform(0, 7), 1 / (i + 1)) for i in range(6)]
        points: list[Point] = [(0, self.h)]
        for x in range(0, self.w + 5, 4):
            total = sum(a * math.sin(f * x / self.w * math.tau + p) for f, p, a in waves)
            points.append((x, base - height * (0.5 + 0.25 * total)))
        self.polygon([*points, (self.w, self.h)], fill)

    def floes(self, top: float, count: int, fill: Colour, shade: Colour) -> None:
        """Plates of ice on water from `top` down, growing towards the viewer."""
        spots = sorted(self.rng.uniform(0, 1) ** 1.3 for _ in range(count))
        for depth in spots:
            y, size = top + depth * (self.h - top), 8 + depth * 75
            x = self.rng.uniform(-20, self.w + 20)
            corners = [
                (
                    x + math.cos(a) * size * self.rng.uniform(0.75, 1.1),
                    y + math.sin(a) * size * 0.3 * self.rng.uniform(0.75, 1.1),
                )
                for a in (i * math.tau / 7 for i in range(7))
            ]
            self.polygon([(px, py + 3 + depth * 7) for px, py in corners], shade)
            self.polygon(corners, fill)
