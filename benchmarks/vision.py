"""Looking at pictures with the built-in provider, on as many workers as it makes; pictures are drawn here.

A mix of what chats hold: screens in two languages, photos without text, captions over photos. Workers and their
models are started before the clock is.
"""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.vision.drawing import encode, meme, photo, screen
from tg_assets.sandbox.pool import WORKERS
from tg_assets.vision.local import LocalVision
from tg_assets.vision.prepare import prepare

ROUNDS = 8
LINES = ["Отчёт о продажах за ноябрь", "Revenue grew faster than planned", "Всего 1520 заказов", "Доставка завтра"]


def run() -> list[dict[str, Any]]:
    """Rows of (what, value, unit, target)."""
    local = LocalVision()
    kinds = {
        "screens": [encode(screen([*LINES, str(n)], size=(720, 1280), dark=n % 2 > 0)) for n in range(ROUNDS)],
        "photos": [encode(photo((1280, 853), seed=n), "JPEG") for n in range(ROUNDS)],
        "memes": [encode(meme("КОГДА ПРИШЛА ПЯТНИЦА", "DEPLOY ON FRIDAY", seed=n), "JPEG") for n in range(ROUNDS)],
    }
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda data: local.describe(data, ""), [kinds["memes"][0]] * 2 * WORKERS))
        list(pool.map(lambda data: prepare(data, "", 1024), [kinds["memes"][0]] * 2 * WORKERS))
        each = {name: _rate(pool, local, pictures) for name, pictures in kinds.items()}
        mix = _rate(pool, local, list(itertools.chain.from_iterable(kinds.values())))
        started = time.monotonic()
        count = len(list(pool.map(lambda data: prepare(data, "", 1024), kinds["photos"] * 4)))
        prepared = count / (time.monotonic() - started)
    rows = [{"what": name, "value": round(rate, 1), "unit": "pictures/s", "target": ""} for name, rate in each.items()]
    return [
        {"what": f"mix, {WORKERS} workers", "value": round(mix, 1), "unit": "pictures/s", "target": ">= 2"},
        *rows,
        {"what": "made safe to pass on", "value": round(prepared, 1), "unit": "pictures/s", "target": ""},
    ]


def _rate(pool: ThreadPoolExecutor, local: LocalVision, pictures: list[bytes]) -> float:
    started = time.monotonic()
    list(pool.map(lambda data: local.describe(data, ""), pictures))
    return len(pictures) / (time.monotonic() - started)
