"""The drawn "photographs": landscapes, animals, weather, food.

`SCENES` maps a picture's name, as the story files use it, to a function that paints it and returns the
finished picture. No picture here carries text.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from samples import objects as o
from samples.canvas import Canvas, Colour, Stops

DAWN: Stops = [(0, (42, 58, 112)), (0.55, (196, 120, 140)), (1, (255, 190, 120))]
DUSK: Stops = [(0, (24, 30, 70)), (0.6, (92, 72, 130)), (1, (240, 150, 110))]
DAY: Stops = [(0, (96, 158, 214)), (1, (222, 236, 246))]
GREY: Stops = [(0, (86, 98, 112)), (1, (176, 186, 194))]
NIGHT: Stops = [(0, (6, 10, 28)), (1, (28, 46, 82))]
SEA: Stops = [(0, (92, 128, 156)), (1, (20, 48, 76))]
SNOWFIELD: Stops = [(0, (214, 226, 240)), (1, (244, 248, 252))]
NIGHT_SNOW: Stops = [(0, (62, 84, 120)), (1, (110, 134, 166))]
Painter = Callable[[], Image.Image]
SCENES: dict[str, Painter] = {}


def scene(
    name: str, sky: Stops, ground: Stops, horizon: float = 0.6
) -> Callable[[Callable[[Canvas, float], None]], Callable[[Canvas, float], None]]:
    """Register a painter that gets a canvas with sky and ground, and the y of the horizon."""

    def register(paint: Callable[[Canvas, float], None]) -> Callable[[Canvas, float], None]:
        def run() -> Image.Image:
            c = Canvas(name)
            y = round(c.h * horizon)
            c.gradient(sky, 0, y)
            c.gradient(ground, y)
            paint(c, y)
            return c.finish()

        SCENES[name] = run
        return paint

    return register


def curtain(c: Canvas, base: float, height: float, colour: Colour, strength: float) -> None:
    """Add one curtain of the northern lights: sharp lower edge, rays fading upwards."""
    rows, columns = c.grid()
    phase = [c.rng.uniform(0, math.tau) for _ in range(4)]
    edge = base + 26 * np.sin(columns / 95 + phase[0]) + 12 * np.sin(columns / 37 + phase[1])
    rays = 0.65 + 0.25 * np.sin(columns / 9 + phase[2]) * np.sin(columns / 41 + phase[3])
    above = edge - rows
    shape = np.where(above > 0, np.exp(-above / height), np.exp(above / 7))
    c.light(shape * rays * strength, colour)


@scene("lighthouse_dawn", DAWN, SEA, 0.66)
def _(c: Canvas, y: float) -> None:
    c.glow(180, y, 90, (255, 190, 110), 0.7)
    c.ridge(y + 20, 40, (60, 66, 96))
    c.gradient(SEA, y + 12)
    c.ridge(y + 100, 60, (226, 232, 242), 0.3)
    o.lighthouse(c, 450, y + 70, 260)


@scene("cabin", DUSK, SNOWFIELD)
def _(c: Canvas, y: float) -> None:
    c.ridge(y + 20, 90, (70, 78, 112))
    c.gradient(SNOWFIELD, y + 10)
    o.house(c, 310, y + 90, 110)


@scene("bay_evening", DUSK, SEA, 0.5)
def _(c: Canvas, y: float) -> None:
    c.glow(420, y, 70, (255, 170, 100), 0.8)
    c.ridge(y + 8, 70, (50, 50, 86))
    c.gradient(SEA, y + 4)
    c.floes(y + 20, 60, (214, 222, 238), (128, 146, 178))


@scene("station", DAY, SNOWFIELD, 0.7)
def _(c: Canvas, y: float) -> None:
    c.ridge(y + 10, 70, (150, 172, 196))
    c.gradient(SNOWFIELD, y)
    o.mast(c, 380, y + 70, 330)
    o.person(c, 250, y + 90, 110, (30, 90, 170))


@scene("station_night", NIGHT, NIGHT_SNOW, 0.75)
def _(c: Canvas, y: float) -> None:
    c.stars(160, y)
    curtain(c, 170, 60, (40, 190, 120), 0.5)
    o.mast(c, 300, y + 60, 320)


for _name, _colours in {
    "aurora_green": [((60, 230, 130), 0.9), ((40, 180, 120), 0.6)],
    "aurora_violet": [((170, 70, 210), 0.8), ((60, 210, 140), 0.5), ((210, 80, 160), 0.4)],
}.items():

    @scene(_name, NIGHT, NIGHT_SNOW, 0.8)
    def _(c: Canvas, y: float, colours: list[tuple[Colour, float]] = _colours) -> None:
        c.stars(220, y)
        for i, (colour, strength) in enumerate(colours):
            curtain(c, 210 + i * 55, 70 + 20 * i, colour, strength)
        c.ridge(y + 14, 50, (16, 24, 40))
        o.lighthouse(c, 540, y + 24, 90, lamp=False)


@scene("storm_waves", GREY, [(0, (92, 110, 120)), (1, (24, 44, 58))], 0.4)
def _(c: Canvas, y: float) -> None:
    for i in range(7):
        base, state = y + 40 + i * 40, c.rng.getstate()
        c.ridge(base, 40 + 9 * i, (226, 236, 240), 0.9)
        c.rng.setstate(state)
        c.ridge(base + 4 + i, 40 + 9 * i, (84 - i * 7, 112 - i * 9, 126 - i * 9), 0.9)


@scene("storm_roof", GREY, SNOWFIELD, 0.68)
def _(c: Canvas, y: float) -> None:
    o.house(c, 320, y + 100, 170, lit=False, broken=True)
    for _ in range(140):
        x, top = c.rng.uniform(0, c.w), c.rng.uniform(0, c.h)
        c.line([(x, top), (x + 26, top + 5)], (232, 236, 240), 0.8)


@scene("roof_damage", DAY, SNOWFIELD, 0.72)
def _(c: Canvas, y: float) -> None:
    o.house(c, 260, y + 110, 190, lit=False, broken=True)
    c.polygon([(500, y + 70), (590, y + 60), (600, y + 90), (505, y + 96)], (120, 60, 44))
    o.person(c, 520, y + 60, 120, (200, 140, 30))


@scene("ice_shore", GREY, SEA, 0.45)
def _(c: Canvas, y: float) -> None:
    c.ridge(y + 200, 120, (206, 222, 236), 1.2)
    c.ridge(y + 240, 90, (232, 242, 250), 2)


@scene("ice_blocks", DAY, SNOWFIELD, 0.5)
def _(c: Canvas, y: float) -> None:
    for i in range(26):
        x, base, s = c.rng.uniform(0, c.w), y + 10 + i * 8.5, c.rng.uniform(18, 34) + i * 1.6
        c.polygon(
            [(x - s, base), (x - s * 0.7, base - s), (x + s * 0.3, base - s * 1.2), (x + s * 0.4, base)],
            (190, 220, 236),
        )
        c.polygon([(x + s * 0.4, base), (x + s * 0.3, base - s * 1.2), (x + s, base - s * 0.5)], (120, 168, 200))


@scene("moon_halo", NIGHT, NIGHT_SNOW, 0.82)
def _(c: Canvas, y: float) -> None:
    c.stars(60, y)
    c.ring(320, 190, 140, 9, (170, 190, 220), 0.45)
    c.glow(320, 190, 55, (160, 180, 210), 0.6)
    c.oval(320, 190, 26, 26, (250, 250, 236))
    o.house(c, 120, y + 40, 45)


@scene("frost_window", [(0, (36, 66, 120)), (1, (120, 160, 204))], NIGHT_SNOW, 1.0)
def _(c: Canvas, y: float) -> None:
    def fern(x: float, top: float, angle: float, length: float) -> None:
        if length < 7:
            return
        ex, ey = x + math.cos(angle) * length, top + math.sin(angle) * length
        c.line([(x, top), (ex, ey)], (224, 238, 252), length / 28)
        for i in (0.35, 0.6, 0.85):
            for side in (-0.8, 0.8):
                at = (x + (ex - x) * i, top + (ey - top) * i)
                fern(*at, angle + side + c.rng.uniform(-0.1, 0.1), length * 0.42)

    for i in range(9):
        fern(20 + i * 75, 480, -math.pi / 2 + c.rng.uniform(-0.35, 0.35), c.rng.uniform(150, 290))
    for x in (0, 308, 616):
        c.box(x, 0, 24, 480, (92, 58, 38))
    c.box(0, 226, 640, 20, (92, 58, 38))


@scene("sun_pillar", DAWN, SNOWFIELD, 0.7)
def _(c: Canvas, y: float) -> None:
    _rows, columns = c.grid()
    c.light(np.exp(-((columns - 330) ** 2) / 500) * 0.5, (255, 190, 110))
    c.glow(330, y - 20, 36, (255, 236, 190), 1.0)
    c.ridge(y + 20, 40, (96, 100, 134))


@scene("tent_ice", DUSK, SNOWFIELD, 0.6)
def _(c: Canvas, y: float) -> None:
    c.glow(120, y, 80, (255, 150, 90), 0.5)
    c.gradient(SNOWFIELD, y)
    o.tent(c, 330, y + 110, 130)
    o.person(c, 520, y + 120, 100, (30, 110, 90))


@scene("telescope", NIGHT, NIGHT_SNOW, 0.8)
def _(c: Canvas, y: float) -> None:
    c.stars(320, y)
    o.telescope(c, 330, y + 50, 210)


@scene("soup", [(0, (120, 78, 50)), (1, (150, 100, 66))], SNOWFIELD, 1.0)
def _(c: Canvas, y: float) -> None:
    for i in range(1, 6):
        c.line([(0, i * 80), (640, i * 80 + 6)], (100, 62, 40), 3)
    c.oval(320, 250, 220, 180, (60, 40, 30))
    c.oval(320, 240, 216, 176, (240, 240, 236))
    c.oval(320, 240, 172, 138, (206, 96, 40))
    for _ in range(40):
        x, top = 320 + c.rng.gauss(0, 70), 240 + c.rng.gauss(0, 55)
        fill = c.rng.choice([(236, 190, 90), (80, 140, 60), (240, 220, 190), (180, 60, 34)])
        c.oval(x, top, c.rng.uniform(6, 17), c.rng.uniform(5, 12), fill)


@scene("spring_drip", DAY, SNOWFIELD, 1.0)
def _(c: Canvas, y: float) -> None:
    c.box(0, 0, 640, 90, (112, 66, 44))
    c.polygon([(0, 60), (640, 40), (640, 120), (0, 110)], o.SNOW)
    for x in range(20, 640, 34):
        length = c.rng.uniform(60, 230)
        c.polygon([(x - 11, 106), (x + 11, 106), (x, 106 + length)], (206, 232, 248))
        c.oval(x, 106 + length + c.rng.uniform(14, 90), 4, 6, (170, 210, 240))


@scene("equinox_sunset", DUSK, SEA, 0.6)
def _(c: Canvas, y: float) -> None:
    c.glow(320, y, 110, (255, 160, 80), 0.9)
    c.oval(320, y - 2, 38, 38, (255, 226, 150))
    c.gradient([(0, (230, 150, 110)), (0.3, (90, 84, 120)), (1, (24, 36, 70))], y)
    o.lighthouse(c, 110, y + 30, 150)


@scene("ice_melt", DAY, SNOWFIELD, 0.45)
def _(c: Canvas, y: float) -> None:
    for i in range(16):
        size = 16 + i * 6
        c.oval(c.rng.uniform(0, 640), y + 14 + i * 16, size, size * 0.26, (96, 164, 200))
