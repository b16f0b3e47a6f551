"""More pictures that carry text: documents, letters, charts and a map. Registers into `SCREENS`."""

from __future__ import annotations

import math
from itertools import pairwise

from samples import objects as o
from samples.canvas import Canvas
from samples.screens import BLACK, WHITE, bars, page, screen


@screen("document_report", 700, 540)
def _(c: Canvas) -> None:
    lines = [
        "Профиль Б, участок между реперами 4 и 9.",
        "",
        "Буровая бригада прошла 1450 метров. Торосы высотой",
        "до полутора метров обходили с наветренной стороны.",
        "Плотность фирна определяли весовым способом, всего",
        "взято двадцать две пробы. Погрешность нивелирования",
        "не превысила четырёх миллиметров.",
        "",
        "Вывод: гряда торосов сместилась к югу на 37 метров,",
        "подвижка произошла не раньше 24 февраля.",
        "",
        "Начальник партии                          А. Сафина",
    ]
    page(c, "Протокол нивелирования", lines)


@screen("invoice", 760, 560)
def _(c: Canvas) -> None:
    page(c, "Счёт № 2026-014 от 23 января 2026 г.", ["Поставщик: ООО «Полярснаб», г. Кандалакша"], 16)
    rows = [
        ("Наименование", "Кол-во", "Сумма, руб."),
        ("Фильтр топливный тонкой очистки", "6", "14 400"),
        ("Термостат двигателя", "2", "7 900"),
        ("Паяльная станция", "1", "11 350"),
        ("Канат капроновый, бухта 50 м", "3", "8 700"),
    ]
    for i, (name, count, price) in enumerate(rows):
        y, face = 148 + i * 46, "DejaVuSans-Bold" if i == 0 else "DejaVuSans"
        c.line([(46, y - 6), (714, y - 6)], (120, 120, 120), 1)
        c.text(54, y + 6, name, 17, BLACK, face)
        c.text(500, y + 6, count, 17, BLACK, face, "ma")
        c.text(704, y + 6, price, 17, BLACK, face, "ra")
    c.line([(46, 372), (714, 372)], (120, 120, 120), 1)
    c.text(704, 390, "Итого к оплате: 42 350", 20, BLACK, "DejaVuSans-Bold", "ra")
    c.text(54, 450, "Оплатить до 6 февраля. НДС не облагается.", 16, BLACK)


@screen("quote_letter", 720, 460)
def _(c: Canvas) -> None:
    c.box(0, 0, c.w, c.h, (226, 234, 240))
    c.box(0, 0, c.w, 54, (70, 120, 170))
    c.text(24, 27, "Аккумулятор-Север, отдел продаж", 19, WHITE, "DejaVuSans-Bold", "lm")
    bubbles = [
        (False, ["Здравствуйте! Призматические элементы", "на 280 ампер-часов есть на складе."]),
        (False, ["Цена 9 650 рублей за штуку,", "доставка морем шесть недель."]),
        (True, ["Скидка для научных станций возможна?"]),
        (False, ["Пять процентов при полной предоплате."]),
    ]
    y = 76.0
    for mine, lines in bubbles:
        h = 24 + 26 * len(lines)
        x = 250 if mine else 24
        c.box(x, y, 440, h, (214, 244, 200) if mine else WHITE, 12)
        for i, line in enumerate(lines):
            c.text(x + 18, y + 12 + i * 26, line, 18, BLACK)
        y += h + 16


@screen("boarding_note", 720, 420)
def _(c: Canvas) -> None:
    lines = [
        "Выдан: Соколова Нина Германновна",
        "Действителен: 4 апреля 2026 года, с 08:00 до 14:00",
        "Проходная: Портовый проезд, 19",
        "Цель визита: встреча пассажира вертолётной площадки",
        "Автомобиль: «Нива», номер К 417 ОХ 51",
        "",
        "Фотографирование на территории запрещено.",
    ]
    page(c, "Разовый пропуск № 5538", lines)


@screen("infographic_power", 720, 460)
def _(c: Canvas) -> None:
    rows = [
        ("Отопление", 46.0),
        ("Серверы", 21.0),
        ("Опреснение", 12.0),
        ("Освещение", 9.0),
        ("Чайники", 8.0),
        ("Прочее", 4.0),
    ]
    bars(c, "Куда утекают киловатты", rows, "%")


@screen("infographic_ice", 720, 440)
def _(c: Canvas) -> None:
    rows = [("декабрь", 22.0), ("январь", 44.0), ("февраль", 71.0), ("март, начало", 78.0), ("март, конец", 49.0)]
    bars(c, "Намерзание по декадам, керн Б-2", rows, "см")


@screen("map_route", 720, 500)
def _(c: Canvas) -> None:
    c.box(0, 0, c.w, c.h, (188, 212, 228))
    c.ridge(500, 260, (214, 206, 178), 0.6)
    c.oval(520, 110, 80, 44, (214, 206, 178))
    c.oval(500, 104, 40, 20, (196, 188, 158))
    spots = [(120.0, 380.0), (230.0, 290.0), (340.0, 240.0), (450.0, 190.0), (630.0, 230.0)]
    for (x1, y1), (x2, y2) in pairwise(spots):
        steps = int(math.hypot(x2 - x1, y2 - y1) // 16)
        for i in range(steps):
            c.oval(x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps, 2.6, 2.6, o.RED)
    labels = ["Старт", "Бивак «Росомаха»", "Трещина Обручева", "Склад горючего", "Айсберг «Утюг»"]
    for i, ((x, y), label) in enumerate(zip(spots, labels, strict=True)):
        c.oval(x, y, 8, 8, o.RED)
        c.text(x - (96 if i == 4 else -14), y + (14 if i != 3 else -34), label, 18, BLACK, "DejaVuSans-Bold")
    c.text(24, 22, "Схема похода, масштаб 1 : 50 000", 20, BLACK, "DejaVuSans-Bold")
    c.line([(660, 420), (660, 360)], BLACK, 3)
    c.polygon([(650, 366), (670, 366), (660, 342)], BLACK)
    c.text(660, 318, "С", 18, BLACK, anchor="ma")
