"""Pictures that carry text: screenshots, memes, documents, infographics.

`SCREENS` maps a picture's name to its painter. The phrases drawn here occur in no message of the story, so
that finding one of them proves that the picture was read.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image

from samples import objects as o
from samples.canvas import Canvas, Colour, font
from samples.scenes import DAY, DUSK, GREY, SEA, SNOWFIELD

BLACK: Colour = (24, 24, 28)
WHITE: Colour = (255, 255, 255)
BARS: list[Colour] = [(64, 120, 200), (240, 160, 50), (80, 170, 110), (200, 80, 80), (140, 100, 190), (90, 90, 100)]
SCREENS: dict[str, Callable[[], Image.Image]] = {}


def screen(name: str, w: int = 720, h: int = 480) -> Callable[[Callable[[Canvas], None]], Callable[[Canvas], None]]:
    def register(paint: Callable[[Canvas], None]) -> Callable[[Canvas], None]:
        def run() -> Image.Image:
            c = Canvas(name, w, h)
            paint(c)
            return c.finish()

        SCREENS[name] = run
        return paint

    return register


def terminal(c: Canvas, title: str, lines: list[str]) -> None:
    """A terminal window; a line that begins with `!` is red, with `$` is bright."""
    c.box(0, 0, c.w, c.h, (22, 26, 34))
    c.box(0, 0, c.w, 34, (58, 64, 76))
    for i, dot in enumerate(((230, 90, 80), (236, 190, 70), (100, 190, 90))):
        c.oval(20 + i * 22, 17, 7, 7, dot)
    c.text(c.w / 2, 17, title, 15, (220, 224, 230), anchor="mm")
    for i, line in enumerate(lines):
        colour: Colour = (190, 200, 210)
        if line.startswith("!"):
            colour, line = (255, 130, 120), line[1:]
        elif line.startswith("$"):
            colour = (150, 240, 160)
        c.text(18, 52 + i * 29, line, 17, colour, "DejaVuSansMono")


def page(c: Canvas, heading: str, paragraphs: list[str], size: int = 17) -> None:
    """A white sheet with a heading and lines of text."""
    c.box(0, 0, c.w, c.h, (206, 210, 214))
    c.box(18, 14, c.w - 36, c.h - 28, WHITE)
    c.text(c.w / 2, 44, heading, size + 7, BLACK, "DejaVuSerif-Bold", "ma")
    y = 96.0
    for line in paragraphs:
        c.text(50, y, line, size, BLACK, "DejaVuSerif")
        y += size * 1.62


def caption(c: Canvas, top: str, bottom: str, size: int = 40) -> None:
    """The two lines of a meme, made smaller until each fits."""
    for text, y in ((top, 16.0), (bottom, c.h - size * 1.2 - 18)):
        fits = next(n for n in range(size, 8, -1) if font(n, "DejaVuSans-Bold").getlength(text) < c.w - 40)
        c.outlined(c.w / 2, y, text, fits)


def bars(c: Canvas, title: str, rows: list[tuple[str, float]], unit: str) -> None:
    c.box(0, 0, c.w, c.h, (246, 246, 242))
    c.text(c.w / 2, 26, title, 26, BLACK, "DejaVuSans-Bold", "ma")
    step, top = (c.h - 110) / len(rows), max(value for _, value in rows)
    for i, (label, value) in enumerate(rows):
        y = 86 + i * step
        c.text(196, y + step * 0.35, label, 18, BLACK, anchor="rm")
        c.box(208, y, (c.w - 330) * value / top, step * 0.68, BARS[i % len(BARS)], 4)
        c.text(220 + (c.w - 330) * value / top, y + step * 0.35, f"{value:g} {unit}", 18, BLACK, anchor="lm")


@screen("sensor_error", 680, 400)
def _(c: Canvas) -> None:
    c.gradient([(0, (60, 100, 140)), (1, (40, 70, 104))])
    c.box(70, 60, 540, 280, (240, 240, 242), 10)
    c.box(70, 60, 540, 42, (72, 78, 92), 10)
    c.text(90, 81, "Метеостанция 3.2 — Предупреждение", 17, WHITE, anchor="lm")
    c.oval(128, 172, 32, 32, (208, 52, 48))
    c.text(128, 172, "×", 46, WHITE, "DejaVuSans-Bold", "mm")
    c.text(182, 136, "Ошибка подключения", 23, BLACK, "DejaVuSans-Bold")
    c.text(182, 168, "к датчику №7", 23, BLACK, "DejaVuSans-Bold")
    c.text(182, 212, "Устройство /dev/ttyUSB3 не отвечает.", 17, BLACK)
    c.text(182, 238, "Превышено время ожидания: 30 секунд", 17, BLACK)
    for x, label in ((300, "Повторить"), (456, "Отмена")):
        c.box(x, 284, 140, 38, (208, 212, 220), 6)
        c.text(x + 70, 303, label, 17, BLACK, anchor="mm")


@screen("kubectl_screen", 800, 460)
def _(c: Canvas) -> None:
    lines = [
        "$ kubectl get pods -n kube-system",
        "NAME                 READY  STATUS             RESTARTS",
        "!etcd-pantry-1        0/1    CrashLoopBackOff   14",
        "!etcd-pantry-2        0/1    Pending            0",
        "etcd-pantry-3        1/1    Running            2",
        "coredns-6f6b679f8f   1/1    Running            1",
        "$ kubectl logs etcd-pantry-1 | tail -3",
        "!etcdserver: mvcc: database space exceeded",
        "!raft: lost leader, no election possible",
        "applied index stuck at 88412907",
    ]
    terminal(c, "tom@pantry-1: ~", lines)


@screen("terminal_disk", 760, 400)
def _(c: Canvas) -> None:
    lines = [
        "$ tar czf /backup/night.tgz /srv/frames",
        "!tar: cannot write: No space left on device",
        "$ df -h /backup",
        "Filesystem      Size  Used  Avail  Use%",
        "/dev/nvme1n1p1  932G  932G      0  100%",
        "$ du -sh /backup/* | sort -h | tail -2",
        "118G  /backup/webcam-raw",
        "641G  /backup/core-dumps",
    ]
    terminal(c, "root@storage", lines)


@screen("grafana", 760, 440)
def _(c: Canvas) -> None:
    c.box(0, 0, c.w, c.h, (20, 22, 28))
    titles = ["Inverter voltage", "Humidity in the crawl space", "Задержка очереди, мс", "Packet loss on uplink"]
    for i, title in enumerate(titles):
        x, y = 14 + (i % 2) * 373, 14 + (i // 2) * 210
        c.box(x, y, 359, 198, (34, 38, 46), 4)
        c.text(x + 14, y + 12, title, 16, (222, 226, 232))
        for j in range(4):
            c.line([(x + 14, y + 60 + j * 38), (x + 345, y + 60 + j * 38)], (60, 66, 76), 0.6)
        phase = c.rng.uniform(0, 6)
        curve = [
            (x + 14 + t * 3.3, y + 120 + 30 * math.sin(t / 9 + phase) + c.rng.uniform(-9, 9) - (50 if t > 82 else 0))
            for t in range(101)
        ]
        c.line(curve, BARS[i], 1.8)


@screen("meme_snowmobile", 640, 480)
def _(c: Canvas) -> None:
    c.gradient(DAY, 0, 280)
    c.gradient(SNOWFIELD, 280)
    c.ridge(300, 60, (150, 172, 196))
    c.gradient(SNOWFIELD, 300)
    o.snowmobile(c, 300, 390, 130)
    caption(c, "СТО ЛОШАДИНЫХ СИЛ", "НИ ОДНОЙ ПОПУТНОЙ", 42)


@screen("meme_diesel", 640, 480)
def _(c: Canvas) -> None:
    c.gradient([(0, (120, 124, 130)), (1, (84, 80, 76))])
    o.engine(c, 310, 390, 170)
    caption(c, "ОБЕЩАЛ НЕ ШУМЕТЬ", "РАЗБУДИЛ ПОЛУОСТРОВ", 42)


@screen("meme_gull", 640, 480)
def _(c: Canvas) -> None:
    c.gradient(GREY, 0, 220)
    c.gradient(SEA, 220)
    c.box(0, 380, 640, 100, (116, 84, 60))
    o.gull(c, 300, 384, 150)
    caption(c, "NICE GLOVE", "WOULD BE A SHAME TO LOSE IT", 36)


@screen("meme_pi", 600, 480)
def _(c: Canvas) -> None:
    c.gradient([(0, (90, 140, 150)), (1, (50, 90, 110))])
    c.oval(300, 240, 140, 140, (206, 150, 80))
    for i in range(-5, 6):
        reach = math.sqrt(140**2 - (i * 24) ** 2)
        c.line([(300 + i * 24, 240 - reach), (300 + i * 24, 240 + reach)], (150, 96, 40), 3)
        c.line([(300 - reach, 240 + i * 24), (300 + reach, 240 + i * 24)], (150, 96, 40), 3)
    caption(c, "PEER REVIEW", "TASTED IRRATIONAL", 42)


@screen("meme_morning", 640, 480)
def _(c: Canvas) -> None:
    c.gradient(DUSK)
    for i in range(5):
        o.gull(c, 110 + i * 100, 310 + (i % 2) * 24, 44, (70, 60, 56))
    caption(c, "БЕСПЛАТНЫЙ БУДИЛЬНИК", "ОТКЛЮЧИТЬ НЕВОЗМОЖНО", 40)


@screen("cat_meme", 640, 520)
def _(c: Canvas) -> None:
    c.gradient([(0, (180, 150, 170)), (1, (120, 96, 120))])
    o.cat(c, 320, 430, 180, (96, 92, 100))
    caption(c, "КОРМ ДИЕТИЧЕСКИЙ?", "АДВОКАТА МНЕ", 42)
