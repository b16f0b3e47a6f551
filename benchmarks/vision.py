"""Looking at pictures with the built-in provider, on as many workers as it makes; pictures are drawn here.

A mix of what chats hold: screens in two languages, photos without text, captions over photos. Workers and their
models are started before the clock is. ``cached`` is what is known already, read from a store in memory.
"""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from tests.vision.drawing import encode, meme, photo, screen
from tg_assets.keys import vision_key
from tg_assets.sandbox.pool import WORKERS
from tg_assets.vision.contents import Content, Down, describe
from tg_assets.vision.local import LocalVision
from tg_assets.vision.prepare import prepare

ROUNDS = 8
CACHED = 4000
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
        every = list(itertools.chain.from_iterable(kinds.values()))
        with ThreadPoolExecutor(1) as alone:
            one = _rate(alone, local, every)
        mix = _rate(pool, local, every)
        started = time.monotonic()
        count = len(list(pool.map(lambda data: prepare(data, "", 1024), kinds["photos"] * 4)))
        prepared = count / (time.monotonic() - started)
    rows = [{"what": name, "value": round(rate, 1), "unit": "pictures/s", "target": ""} for name, rate in each.items()]
    return [
        {"what": f"mix, {WORKERS} workers", "value": round(mix, 1), "unit": "pictures/s", "target": ">= 3"},
        {"what": f"{WORKERS} workers by one", "value": round(mix / one, 2), "unit": "x", "target": ">= 1.7"},
        {"what": "cached", "value": round(_cached(local, every[0])), "unit": "pictures/s", "target": ">= 1000"},
        *rows,
        {"what": "made safe to pass on", "value": round(prepared, 1), "unit": "pictures/s", "target": ""},
    ]


class _Kept(dict[str, bytes]):
    """An object store."""

    def media(self, key: str, sha256: str) -> bytes | None:
        return self.get(key)

    def put(self, key: str, data: bytes) -> None:
        self[key] = data


def _cached(local: LocalVision, picture: bytes) -> float:
    """Contents a second whose results are in the store."""
    said, tenant = local.describe(picture, "").model_dump_json().encode(), UUID(int=1)
    contents = [Content(f"{number:064x}", "", "") for number in range(CACHED)]
    kept = _Kept({vision_key(tenant, one.sha256, local): said for one in contents})
    started = time.monotonic()
    described = describe(contents, tenant, local, kept, Down(), lambda _: {})
    seconds = time.monotonic() - started
    assert all(one.result and one.result.analysis_reason == "cache_hit" for one in described.values())
    return CACHED / seconds


def _rate(pool: ThreadPoolExecutor, local: LocalVision, pictures: list[bytes]) -> float:
    started = time.monotonic()
    list(pool.map(lambda data: local.describe(data, ""), pictures))
    return len(pictures) / (time.monotonic() - started)
