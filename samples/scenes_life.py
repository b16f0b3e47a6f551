"""More drawn "photographs": the crew's transect, animals, the house, Katya's town. Registers into `SCENES`."""

from __future__ import annotations

import math

from samples import objects as o
from samples.canvas import Canvas, Colour, Stops
from samples.scenes import DAWN, DAY, DUSK, GREY, NIGHT, SEA, SNOWFIELD, scene

LIGHTS: list[Stops] = [DAWN, DAY, DAY, GREY, DAY, DUSK]
COATS: list[Colour] = [(200, 60, 40), (30, 90, 170), (220, 150, 30)]

for _i in range(10):

    @scene(f"transect_{_i + 1:02}", LIGHTS[min(_i * 6 // 10, 5)], SNOWFIELD, 0.45 + 0.02 * (_i % 4))
    def _(c: Canvas, y: float, i: int = _i) -> None:
        c.ridge(y + 6, 20 + 11 * abs(5 - i), (140, 158, 184))
        c.gradient([(0, (205 - 4 * i, 222 - 2 * i, 238)), (1, (244, 248, 252))], y)
        c.floes(y + 20, 4 + 3 * i, (250, 252, 255), (176, 200, 222))
        x = 150 + 37 * i % 330
        if i % 3 == 2:
            o.snowmobile(c, x - 40, y + 170, 90, COATS[i % 2])
        else:
            o.person(c, x, y + 150, 120 + 6 * i, COATS[i % 3])
        c.line([(x + 70, y + 190), (x + 70, y + 40)], (90, 60, 40), 5)
        c.polygon([(x + 72, y + 42), (x + 112, y + 54), (x + 72, y + 68)], COATS[(i + 1) % 3])
        c.oval(x + 70, y + 196, 34, 10, (40, 84, 120))
        if i in (1, 5, 8):
            o.quadruped(c, x + 190, y + 200, 46, (80, 70, 66), (50, 44, 42))


@scene("birds_flock", DUSK, SEA, 0.72)
def _(c: Canvas, y: float) -> None:
    for _ in range(46):
        depth = c.rng.uniform(0.3, 1)
        o.flying(c, c.rng.gauss(320, 130), c.rng.gauss(160, 60), 20 * depth, (20, 22, 40))


@scene("birds_cliff", DAY, SEA, 0.75)
def _(c: Canvas, y: float) -> None:
    for i, shade in enumerate((104, 88, 74, 60)):
        top = 70 + i * 85
        c.polygon([(0, top), (330 + i * 40, top + 14), (370 + i * 40, 480), (0, 480)], (shade, shade - 4, shade - 8))
        for j in range(5):
            o.gull(c, 40 + j * 62 + 12 * (i % 2), top + j * 2, 17, (40, 40, 46))


@scene("birds_sea", GREY, SEA, 0.35)
def _(c: Canvas, y: float) -> None:
    for i in range(11):
        s = 16 + i * 3.4
        x, base = c.rng.uniform(60, 560), y + 40 + i * 26
        o.gull(c, x, base, s, (60, 52, 48))
        c.line([(x - s * 1.3, base), (x + s * 1.2, base)], (170, 196, 210), 2)


@scene("seal_ice", DAY, SEA, 0.4)
def _(c: Canvas, y: float) -> None:
    c.floes(y + 10, 40, (226, 236, 246), (130, 160, 190))
    c.oval(310, y + 190, 270, 60, (240, 246, 252))
    o.seal(c, 290, y + 180, 150)


@scene("fox_snow", DAWN, SNOWFIELD, 0.55)
def _(c: Canvas, y: float) -> None:
    c.ridge(y + 10, 60, (150, 160, 190))
    c.gradient(SNOWFIELD, y)
    o.quadruped(c, 300, y + 160, 130, (226, 222, 218), (176, 170, 168), bushy=True)


@scene("core_sample", [(0, (70, 74, 82)), (1, (110, 116, 124))], SNOWFIELD, 1.0)
def _(c: Canvas, y: float) -> None:
    for i in range(3):
        top = 70 + i * 125
        c.box(50, top, 540, 80, (196 - i * 8, 222 - i * 6, 238), 34)
        c.box(60, top + 8, 520, 18, (232, 244, 252), 9)
        for _ in range(30):
            x = c.rng.uniform(70, 570)
            c.line([(x, top + 10), (x + c.rng.uniform(-6, 6), top + 70)], (150, 190, 216), 1)
        c.box(80 + i * 130, top, 60, 80, (150, 176, 196))


@scene("drill_team", DUSK, SNOWFIELD, 0.55)
def _(c: Canvas, y: float) -> None:
    c.ridge(y + 8, 70, (90, 90, 130))
    c.gradient(SNOWFIELD, y)
    for i, x in enumerate((180, 300, 440)):
        o.person(c, x, y + 150 + 8 * i, 170, COATS[i])
    o.quadruped(c, 540, y + 180, 54, (80, 70, 66), (50, 44, 42))


@scene("harbour", NIGHT, [(0, (30, 40, 70)), (1, (10, 16, 34))], 0.6)
def _(c: Canvas, y: float) -> None:
    c.ridge(y, 150, (30, 40, 66))
    for i in range(17):
        x, tall = i * 40 - 8, c.rng.uniform(46, 96)
        wall = c.rng.choice([(150, 60, 46), (190, 150, 70), (90, 110, 130), (200, 196, 186)])
        c.box(x, y - tall, 38, tall, wall)
        c.polygon([(x - 2, y - tall), (x + 40, y - tall), (x + 19, y - tall - 24)], (60, 40, 40))
        for j in range(int(tall // 24)):
            c.box(x + 8, y - tall + 10 + j * 22, 8, 11, o.WARM)
            c.box(x + 23, y - tall + 10 + j * 22, 8, 11, o.WARM)
        c.line([(x + 19, y + 6), (x + 19, y + 6 + tall)], (150, 120, 70), 3)
    c.blur(0.6)


@scene("dm_cabin", [(0, (120, 84, 58)), (1, (150, 108, 74))], [(0, (92, 60, 40)), (1, (70, 44, 30))], 0.72)
def _(c: Canvas, y: float) -> None:
    for i in range(1, 8):
        c.line([(0, i * 44), (640, i * 44)], (104, 70, 48), 2)
    c.box(400, 110, 170, 260, (58, 56, 58), 8)
    c.box(430, 220, 110, 80, (255, 150, 50), 6)
    c.glow(485, 260, 110, (255, 140, 50), 0.6)
    c.line([(485, 110), (485, 0)], (58, 56, 58), 26)
    c.box(60, 270, 250, 40, (150, 40, 40), 10)
    c.box(60, 300, 250, 70, (110, 76, 52))
    c.box(70, 248, 80, 34, (236, 232, 224), 12)


@scene("dm_dog", [(0, (150, 118, 90)), (1, (172, 140, 108))], [(0, (120, 60, 50)), (1, (90, 40, 36))], 0.7)
def _(c: Canvas, y: float) -> None:
    c.oval(320, y + 70, 250, 46, (190, 90, 70))
    o.quadruped(c, 290, y + 70, 190, (84, 74, 70), (52, 46, 44), bushy=True)


@scene("dm_window", [(0, (110, 78, 56)), (1, (132, 96, 70))], SNOWFIELD, 1.0)
def _(c: Canvas, y: float) -> None:
    c.box(130, 50, 380, 300, (70, 46, 34))
    c.box(146, 66, 348, 268, (120, 160, 204))
    c.box(146, 210, 348, 124, (60, 96, 132))
    for i in range(9):
        c.oval(176 + i * 36, 240 + (i % 3) * 30, 30, 7, (230, 238, 246))
    o.lighthouse(c, 410, 220, 110)
    c.box(312, 66, 14, 268, (70, 46, 34))
    for i in range(26):
        angle = i * math.tau / 26
        c.oval(146 + 20 * math.cos(angle), 330 + 14 * math.sin(angle), 24, 14, (226, 240, 250))
    c.box(100, 350, 440, 26, (92, 62, 44))
    c.box(440, 306, 44, 44, (190, 50, 46), 6)


@scene("tulips", [(0, (232, 226, 214)), (1, (246, 242, 234))], [(0, (170, 130, 96)), (1, (140, 104, 76))], 0.8)
def _(c: Canvas, y: float) -> None:
    petals: list[Colour] = [(214, 48, 60), (240, 180, 50), (226, 110, 150), (190, 60, 140)]
    for i in range(9):
        o.flower(c, 320 + (i - 4) * 7, y - 60, 210 + c.rng.uniform(-30, 40), petals[i % 4], (i - 4) * 30)
    c.polygon([(262, y - 110), (378, y - 110), (360, y + 40), (280, y + 40)], (150, 190, 206))
    c.polygon([(266, y - 80), (374, y - 80), (360, y + 40), (280, y + 40)], (124, 170, 190))
