"""The page in a cold browser, on a tenant with 100,000 posts: what is transferred, painted and answered when.

Each time a new profile of Chromium, nothing kept, a service on the loopback that is warm. ``bytes`` are what came over
the wire, headers included, before any picture; the first paint is the browser's own first-contentful-paint; answers are
from a key to what it shows, painted. Median and 95 % of ``TIMES``.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.line import _tools
from benchmarks.searches import POSTS, TENANT, _write, texts
from tests.support.browser import OPTIONS, find_browser
from tests.support.waiting import wait_for
from tg_assets import ids
from tg_assets.accounts.vault import vault
from tg_assets.cli import runtime
from tg_assets.doors import tokens
from tg_assets.doors.guards import House
from tg_assets.doors.process import OWN_NAMES, bound
from tg_assets.doors.service import service

TIMES = 11
ANSWER = "performance.getEntriesByType('resource').findLast((one) => one.name.includes('/search?')).duration"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def run() -> list[dict[str, Any]]:
    """Rows of (what, p50, p95, unit, target)."""
    made = texts(int(os.environ.get("TG_BENCH_POSTS", POSTS)))
    tools, tenant = _tools(), ids.tenant_id(TENANT)
    _write(tools, tenant, made)
    with tools.database.tenant(tenant) as session, session.transaction() as connection:
        token = tokens.make(connection, tenant, "page")
    asked = [made[len(made) * place // TIMES].split() for place in range(TIMES)]
    found: dict[str, list[float]] = {"paint": [], "bytes": [], "typing": [], "search": [], "alone": [], "ready": []}
    with _serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(OPTIONS))
        for place, said in enumerate([asked[-1], *asked]):
            for what, value in _visit(browser, address, token, said).items():
                if place:  # the first one warms the service up
                    found[what].append(value)
        browser.close()
    named = {
        "paint": ("first paint", "ms", "<= 1000"), "ready": ("feeds shown", "ms", "<= 1000"),
        "typing": ("a key to suggestions", "ms", "<= 300"), "search": ("Enter to results", "ms", "<= 300"),
        "alone": ("of it the API's answer", "ms", "<= 150"),
        "bytes": ("transferred before pictures", "kB", "<= 200"),
    }  # fmt: skip
    rows = []
    for what, (words, unit, target) in named.items():
        p50, p95 = np.percentile(found[what], (50, 95))
        rows.append({"what": words, "p50": f"{p50:.0f}", "p95": f"{p95:.0f}", "unit": unit, "target": target})
    return rows


def _visit(browser: Browser, address: str, token: str, said: list[str]) -> dict[str, float]:
    context = browser.new_context()
    context.add_cookies([{"name": "tga", "value": token, "url": address, "httpOnly": True}])
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    came: list[float] = []
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    began = time.perf_counter()
    page.goto(f"{address}/")
    page.locator(".feed").first.wait_for()
    ready = time.perf_counter() - began
    field = page.get_by_role("combobox")
    field.focus()
    typing = _until(page, lambda: page.keyboard.insert_text(f"{said[0]} {said[1][:4]}"), "[role=option]")
    field.fill(" ".join(said[:3]))
    search = _until(page, lambda: field.press("Enter"), ".card")
    timing = page.evaluate(ANSWER)
    figures = {
        "paint": page.evaluate(PAINT), "ready": 1000 * ready, "typing": typing, "search": search, "alone": timing,
        "bytes": sum(came) / 1000,
    }  # fmt: skip
    context.close()
    return figures


def _until(page: Page, act: Callable[[], Any], shown: str) -> float:
    """Milliseconds from an act until something is shown."""
    began = time.perf_counter()
    act()
    page.locator(shown).first.wait_for()
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _serving() -> Iterator[str]:
    """The service as it is, in a thread."""
    where = bound("127.0.0.1", 0)
    app = service(runtime.opener(), House(OWN_NAMES, "100000/minute"), partial(vault, runtime.settings()))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [where]}, daemon=True)
    thread.start()
    wait_for("the service", lambda: server.started)
    yield f"http://127.0.0.1:{where.getsockname()[1]}"
    server.should_exit = True
    thread.join()
