"""One browser and one service for the tests of the page; whatever a page does that it should not is a failure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Route, expect, sync_playwright

from tests.answers.conftest import ADA, EVA, Tenant
from tests.doors.conftest import Doors, token_for
from tests.support.browser import OPTIONS, find_browser
from tests.ui.conftest import PATIENCE

TOLD = "document.addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; of these tests alone, for while playwright is there no other test can start an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(OPTIONS))
        yield browser
        browser.close()


@dataclass
class Reader:
    """Somebody who looks at the page in a browser of their own, and all that went wrong there."""

    page: Page
    address: str
    told: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """What the console may say: the browser tells of every answer that is an error."""

    def see(self, path: str) -> Page:
        """Go there, and wait until all that is shown is there."""
        self.page.goto(self.address + path)
        self.settled()
        return self.page

    def settled(self) -> None:
        expect(self.page.locator(".top")).to_be_visible()
        expect(self.page.locator(".loading, [aria-busy=true]")).to_have_count(0)

    def click(self, *named: Any, **how: Any) -> None:
        self.page.get_by_role(*named, **how).first.click()
        self.settled()

    def hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.told.append(said.text)

    def shut(self, dialog: Dialog) -> None:
        self.told.append("a dialog")
        dialog.dismiss()

    @property
    def state(self) -> str:
        """The address without the service's."""
        return self.page.url.removeprefix(self.address)

    def complaints(self) -> list[str]:
        return [one for one in self.told if not any(one.startswith(expected) for expected in self.expected)]


Open = Callable[..., Reader]


@pytest.fixture
def reader(browser: Browser, doors: Doors, mine: Tenant, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens the page as somebody with a token; at the end nothing was executed, refused or fetched elsewhere."""
    opened: list[tuple[Reader, BrowserContext]] = []

    def open_it(
        token: str | None = "",
        *,
        language: str = "en-GB",
        width: int = 1280,
        colours: str = "light",
        zone: str = "Asia/Tokyo",
        address: str = doors.address,
        expected: tuple[str, ...] = (),
    ) -> Reader:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, color_scheme=colours,  # type: ignore[arg-type]
            timezone_id=zone,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TOLD)
        if token is not None:
            value = token or request.getfixturevalue("my_token")
            context.add_cookies([{"name": Doors(address).cookie, "value": value, "url": address, "httpOnly": True}])
        page = context.new_page()
        one = Reader(page, address, expected=expected)
        opened.append((one, context))

        def outside(route: Route) -> None:
            one.told.append(f"fetched {route.request.url}")
            route.abort()

        context.route(lambda url: not url.startswith(address), outside)
        page.on("console", one.hear)
        page.on("pageerror", lambda error: one.told.append(str(error)))
        page.on("dialog", one.shut)
        return one

    yield open_it
    for one, context in opened:
        one.page.unroute_all(behavior="wait")  # what is answered now would fail in the next test
        context.close()
        assert one.complaints() == []


@pytest.fixture(scope="package")
def my_token(mine: Tenant) -> str:
    """Of the first tenant, with both accounts."""
    return token_for(mine, ADA, EVA)
