"""A real browser on a real installation. Screenshots go to ``artifacts/screenshots`` (``TG_ARTIFACTS_DIR``)."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.browser import OPTIONS, find_browser
from tests.support.installation import ROOT

# Read now: the tests of the servers hide a person's variables while they run.
SCREENSHOTS = Path(os.environ.get("TG_ARTIFACTS_DIR") or ROOT / "artifacts") / "screenshots"
PATIENCE = 30_000  # milliseconds; two cores run the servers and the browser

expect.set_options(timeout=PATIENCE)

Shot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium with a profile of its own, which playwright makes and removes.

    Not for the session: while playwright is there, an event loop runs in this thread and no other test can start one.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shot() -> Shot:
    """Save what a page shows as ``NN-name.png``."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def save(page: Page, name: str) -> None:
        page.wait_for_timeout(500)  # icons and transitions
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return save


def new_page(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(PATIENCE)
    return page


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, shot: Shot) -> Iterator[Page]:
    """A page; what it showed when the test failed is kept as ``failed-TEST.png``."""
    page = new_page(browser)
    failed_before = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed_before:
        shot(page, f"failed-{request.node.name}")
    page.close()
