"""Things that stand in the sample pictures: buildings, animals, gear.

Each function paints one thing with its foot (or centre, for what flies) at `x`, `y`; `s` is its size in
pixels of the finished picture.
"""

from __future__ import annotations

import math

from samples.canvas import Canvas, Colour

SNOW: Colour = (236, 243, 250)
DARK: Colour = (28, 32, 42)
RED: Colour = (196, 52, 44)
WARM: Colour = (255, 214, 120)


def lighthouse(c: Canvas, x: float, y: float, s: float, lamp: bool = True) -> None:
    top, w = y - s, s * 0.13
    for i in range(6):
        a, b = i / 6, (i + 1) / 6
        wa, wb = w * (1 - a * 0.4), w * (1 - b * 0.4)
        band = RED if i % 2 else (244, 240, 232)
        c.polygon([(x - wa, y - s * a), (x + wa, y - s * a), (x + wb, y - s * b), (x - wb, y - s * b)], band)
        c.polygon(
            [(x + wa * 0.45, y - s * a), (x + wa, y - s * a), (x + wb, y - s * b), (x + wb * 0.45, y - s * b)],
            (max(0, band[0] - 50), max(0, band[1] - 45), max(0, band[2] - 40)),
        )
    c.box(x - w * 0.85, top - s * 0.02, w * 1.7, s * 0.03, DARK)
    c.box(x - w * 0.45, top - s * 0.12, w * 0.9, s * 0.1, WARM if lamp else (120, 140, 155))
    c.line([(x, top - s * 0.12), (x, top - s * 0.02)], DARK, 1.5)
    c.polygon([(x - w * 0.6, top - s * 0.12), (x + w * 0.6, top - s * 0.12), (x, top - s * 0.2)], (120, 30, 30))
    for level in (0.3, 0.6):
        c.box(x - w * 0.15, y - s * level, w * 0.3, s * 0.05, DARK)
    if lamp:
        c.glow(x, top - s * 0.07, s * 0.12, (255, 210, 110), 0.8)


def house(c: Canvas, x: float, y: float, s: float, lit: bool = True, broken: bool = False) -> None:
    c.box(x - s, y - s * 0.8, s * 2, s * 0.8, (112, 66, 44))
    for i in range(1, 6):
        c.line([(x - s, y - s * 0.8 * i / 6), (x + s, y - s * 0.8 * i / 6)], (84, 48, 32), 1.2)
    c.box(x + s * 0.45, y - s * 1.55, s * 0.2, s * 0.5, (90, 84, 82))
    c.polygon([(x - s * 1.15, y - s * 0.78), (x + s * 1.15, y - s * 0.78), (x, y - s * 1.5)], SNOW)
    if broken:
        for i in range(3):
            left = x - s * 0.75 + i * s * 0.3
            c.polygon(
                [
                    (left, y - s * 0.84),
                    (left + s * 0.26, y - s * 0.84),
                    (left + s * 0.4, y - s * 1.08),
                    (left + s * 0.2, y - s * 1.04),
                ],
                (52, 40, 36),
            )
    for dx in (-0.6, 0.35):
        c.box(x + s * dx, y - s * 0.58, s * 0.3, s * 0.3, WARM if lit else (70, 90, 110))
        c.line([(x + s * (dx + 0.15), y - s * 0.58), (x + s * (dx + 0.15), y - s * 0.28)], (60, 36, 24), 1.5)
    c.box(x - s * 0.14, y - s * 0.52, s * 0.28, s * 0.52, (66, 38, 26))
    if lit:
        c.glow(x + s * 0.5, y - s * 0.4, s * 0.35, (255, 190, 90), 0.5)


def mast(c: Canvas, x: float, y: float, s: float) -> None:
    grey: Colour = (70, 76, 86)
    c.line([(x, y), (x, y - s)], grey, 3)
    for side in (-1, 1):
        c.line([(x, y - s * 0.9), (x + side * s * 0.35, y)], (120, 128, 138), 1)
        c.oval(x + side * s * 0.12, y - s, s * 0.025, s * 0.025, DARK)
    c.line([(x - s * 0.12, y - s), (x + s * 0.12, y - s)], grey, 2)
    c.box(x - s * 0.05, y - s * 0.55, s * 0.1, s * 0.14, (240, 240, 238), 2)
    c.polygon(
        [(x + 3, y - s * 0.3), (x + s * 0.26, y - s * 0.42), (x + s * 0.26, y - s * 0.24), (x + 3, y - s * 0.12)],
        (32, 58, 110),
    )


def flying(c: Canvas, x: float, y: float, s: float, fill: Colour = DARK) -> None:
    c.arc(x - s * 0.5, y, s * 0.5, 200, 350, fill, max(1.2, s * 0.14))
    c.arc(x + s * 0.5, y, s * 0.5, 190, 340, fill, max(1.2, s * 0.14))


def gull(c: Canvas, x: float, y: float, s: float, back: Colour = (150, 160, 172)) -> None:
    """A standing or floating sea bird that looks to the right."""
    c.polygon([(x - s, y - s * 0.45), (x - s * 0.3, y - s * 0.75), (x - s * 0.3, y - s * 0.2)], back)
    c.oval(x, y - s * 0.4, s * 0.65, s * 0.36, (248, 248, 246))
    c.oval(x - s * 0.12, y - s * 0.5, s * 0.55, s * 0.24, back)
    c.oval(x + s * 0.55, y - s * 0.88, s * 0.24, s * 0.22, (250, 250, 248))
    c.polygon([(x + s * 0.35, y - s * 0.35), (x + s * 0.4, y - s), (x + s * 0.72, y - s * 0.75)], (249, 249, 247))
    c.polygon(
        [(x + s * 0.74, y - s * 0.95), (x + s * 1.08, y - s * 0.84), (x + s * 0.74, y - s * 0.78)], (240, 170, 50)
    )
    c.oval(x + s * 0.62, y - s * 0.92, s * 0.045, s * 0.045, DARK)


def quadruped(c: Canvas, x: float, y: float, s: float, fur: Colour, shade: Colour, bushy: bool = False) -> None:
    """A dog or, with a bushy tail, an Arctic fox."""
    for dx in (-0.5, -0.3, 0.3, 0.48):
        c.box(x + s * dx, y - s * 0.45, s * 0.13, s * 0.45, shade if dx in (-0.3, 0.48) else fur, 3)
    c.oval(x, y - s * 0.58, s * 0.66, s * 0.28, fur)
    tail = 0.2 if bushy else 0.11
    for i in range(9):
        c.oval(x - s * (0.55 + i * 0.06), y - s * (0.68 + i * 0.05), s * tail, s * tail * 0.9, fur)
    c.oval(x + s * 0.68, y - s * 0.88, s * 0.27, s * 0.24, fur)
    c.polygon([(x + s * 0.3, y - s * 0.5), (x + s * 0.45, y - s), (x + s * 0.8, y - s * 0.7)], fur)
    c.oval(x + s * 0.9, y - s * 0.8, s * 0.17, s * 0.11, fur)
    for dx in (0.5, 0.74):
        c.polygon(
            [(x + s * dx, y - s * 1.05), (x + s * (dx + 0.07), y - s * 1.32), (x + s * (dx + 0.17), y - s * 1.04)],
            shade,
        )
    c.oval(x + s * 1.05, y - s * 0.83, s * 0.045, s * 0.04, DARK)
    c.oval(x + s * 0.77, y - s * 0.92, s * 0.035, s * 0.04, DARK)


def seal(c: Canvas, x: float, y: float, s: float) -> None:
    fur: Colour = (98, 104, 114)
    c.polygon([(x - s, y - s * 0.1), (x - s * 1.35, y - s * 0.3), (x - s * 1.3, y + s * 0.05)], fur)
    c.oval(x, y - s * 0.2, s, s * 0.3, fur)
    c.oval(x + s * 0.1, y - s * 0.1, s * 0.8, s * 0.18, (150, 154, 160))
    c.oval(x + s * 0.85, y - s * 0.45, s * 0.3, s * 0.28, fur)
    c.oval(x + s * 0.95, y - s * 0.5, s * 0.05, s * 0.06, DARK)
    c.oval(x + s * 1.13, y - s * 0.4, s * 0.06, s * 0.04, DARK)
    for i in range(6):
        c.oval(x - s * 0.6 + i * s * 0.22, y - s * (0.3 + 0.06 * (i % 2)), s * 0.05, s * 0.03, (70, 76, 86))


def person(c: Canvas, x: float, y: float, s: float, coat: Colour) -> None:
    for dx in (-0.1, 0.03):
        c.box(x + s * dx, y - s * 0.42, s * 0.09, s * 0.42, DARK, 2)
    c.box(x - s * 0.16, y - s * 0.78, s * 0.32, s * 0.44, coat, s * 0.08)
    c.line([(x - s * 0.13, y - s * 0.7), (x - s * 0.27, y - s * 0.4)], coat, s * 0.09)
    c.line([(x + s * 0.13, y - s * 0.7), (x + s * 0.28, y - s * 0.48)], coat, s * 0.09)
    c.oval(x, y - s * 0.88, s * 0.12, s * 0.13, coat)
    c.oval(x + s * 0.02, y - s * 0.87, s * 0.075, s * 0.085, (232, 190, 160))


def tent(c: Canvas, x: float, y: float, s: float) -> None:
    c.polygon([(x - s, y), (x + s, y), (x + s * 0.1, y - s * 0.95)], (222, 110, 40))
    c.polygon([(x + s * 0.1, y - s * 0.95), (x + s, y), (x + s * 0.35, y)], (180, 82, 28))
    c.polygon([(x - s * 0.25, y), (x + s * 0.1, y - s * 0.6), (x + s * 0.15, y)], (70, 34, 18))


def telescope(c: Canvas, x: float, y: float, s: float) -> None:
    for dx in (-0.4, 0.05, 0.42):
        c.line([(x, y - s * 0.65), (x + s * dx, y)], DARK, s * 0.045)
    c.line([(x - s * 0.4, y - s * 0.45), (x + s * 0.55, y - s * 1.15)], (206, 212, 222), s * 0.2)
    c.line([(x - s * 0.55, y - s * 0.34), (x - s * 0.38, y - s * 0.46)], (120, 128, 146), s * 0.1)


def snowmobile(c: Canvas, x: float, y: float, s: float, body: Colour = RED) -> None:
    c.box(x - s * 0.8, y - s * 0.25, s * 1.1, s * 0.22, DARK, s * 0.1)
    c.polygon(
        [
            (x - s * 0.9, y - s * 0.5),
            (x - s * 0.1, y - s * 0.52),
            (x + s * 0.25, y - s * 0.75),
            (x + s * 0.85, y - s * 0.3),
            (x + s * 0.3, y - s * 0.2),
            (x - s * 0.8, y - s * 0.22),
        ],
        body,
    )
    c.box(x - s * 0.85, y - s * 0.62, s * 0.75, s * 0.14, (30, 30, 36), s * 0.06)
    c.line([(x + s * 0.1, y - s * 0.6), (x - s * 0.05, y - s * 0.9)], DARK, s * 0.05)
    c.line([(x + s * 0.5, y - s * 0.25), (x + s * 0.6, y), (x + s * 0.2, y)], DARK, s * 0.05)
    c.line([(x + s * 0.3, y), (x + s * 0.95, y), (x + s * 1.1, y - s * 0.1)], DARK, s * 0.06)


def engine(c: Canvas, x: float, y: float, s: float) -> None:
    """A diesel generator on skids."""
    c.box(x - s, y - s * 0.12, s * 2, s * 0.12, DARK)
    c.box(x - s * 0.9, y - s * 0.85, s * 1.15, s * 0.74, (214, 168, 40), 6)
    for i in range(6):
        c.box(x - s * 0.78 + i * s * 0.16, y - s * 0.7, s * 0.08, s * 0.4, (120, 90, 18))
    c.oval(x + s * 0.55, y - s * 0.48, s * 0.38, s * 0.38, (86, 92, 102))
    c.oval(x + s * 0.55, y - s * 0.48, s * 0.2, s * 0.2, (150, 156, 166))
    c.line(
        [(x - s * 0.3, y - s * 0.85), (x - s * 0.3, y - s * 1.2), (x + s * 0.1, y - s * 1.3)], (80, 70, 66), s * 0.09
    )
    for i in range(5):
        c.oval(x + s * (0.2 + i * 0.15), y - s * (1.36 + i * 0.07), s * (0.08 + i * 0.03), s * 0.07, (150, 150, 154))


def flower(c: Canvas, x: float, y: float, s: float, petal: Colour, lean: float) -> None:
    """A tulip; `lean` moves its head sideways."""
    c.line([(x, y), (x + lean * 0.4, y - s * 0.5), (x + lean, y - s)], (60, 130, 60), s * 0.035)
    c.polygon([(x, y), (x + lean - s * 0.22, y - s * 0.6), (x + lean * 0.4, y - s * 0.35)], (78, 150, 74))
    head = y - s
    c.oval(x + lean, head, s * 0.12, s * 0.16, petal)
    for dx in (-0.1, 0.0, 0.1):
        tip = x + lean + s * dx
        c.polygon([(tip - s * 0.05, head), (tip + s * 0.05, head), (tip, head - s * 0.22)], petal)


def cat(c: Canvas, x: float, y: float, s: float, fur: Colour) -> None:
    """A cat that sits and looks at the viewer, unimpressed."""
    c.oval(x, y - s * 0.45, s * 0.5, s * 0.5, fur)
    c.oval(x, y - s * 1.1, s * 0.42, s * 0.36, fur)
    for side in (-1, 1):
        c.polygon(
            [
                (x + side * s * 0.4, y - s * 1.2),
                (x + side * s * 0.36, y - s * 1.68),
                (x + side * s * 0.08, y - s * 1.4),
            ],
            fur,
        )
        c.oval(x + side * s * 0.17, y - s * 1.14, s * 0.1, s * 0.07, (214, 220, 90))
        c.oval(x + side * s * 0.17, y - s * 1.14, s * 0.03, s * 0.07, DARK)
        c.box(x + side * s * 0.17 - s * 0.12, y - s * 1.24, s * 0.24, s * 0.06, fur)
        for i in (-1, 0, 1):
            c.line(
                [(x + side * s * 0.12, y - s * 0.98), (x + side * s * 0.55, y - s * (0.98 + i * 0.08))],
                (240, 240, 240),
                1,
            )
    c.polygon([(x - s * 0.05, y - s * 1.04), (x + s * 0.05, y - s * 1.04), (x, y - s * 0.98)], (230, 140, 150))
    c.oval(x, y - s * 0.35, s * 0.25, s * 0.32, (240, 232, 222))
    points = [(x + s * (0.45 + 0.3 * math.sin(i / 3)), y - s * 0.05 - i * s * 0.05) for i in range(9)]
    c.line(points, fur, s * 0.14)
