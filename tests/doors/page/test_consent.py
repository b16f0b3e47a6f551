"""The page of consent in a browser: readable in both languages, on small screens, in the dark, and without scripts."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, token_for
from tests.doors.oauth.asking import Assistant, told
from tests.doors.page.test_views import GRAVE
from tg_assets.doors.oauth.consent import language

NAME = "A connector with quite a long name that nobody would give it <b>really</b>"
LONG = f"https://a-rather-long-name-of-an-assistant.example.org/{'callback' * 20}"
ICON = "/favicon.ico"
"""Of the address that a browser was led back to: nothing of ours."""
REFUSED = "Failed to load resource: the server responded with a status of 400"
Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """Opens the page in a browser that has scripts switched off, and hears what it complains of."""
    contexts, complaints = [], []

    def open_it(one: Assistant, resource: str = "", **how: Any) -> Page:
        options = {"locale": "en-GB", "java_script_enabled": False, "viewport": {"width": 1280, "height": 900}, **how}
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda said: None if said.location["url"].endswith(ICON) else complaints.append(said.text))
        asked = {**one.asked, **({"resource": resource} if resource else {})}
        page.goto(f"{one.doors.address}/authorize?{httpx.QueryParams(asked)}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert [one for one in complaints if not one.startswith(REFUSED)] == []


@pytest.mark.parametrize(
    ("locale", "title", "allow"), [("ru-RU", "Разрешить «", "Разрешить"), ("en-GB", "Let “", "Allow")]
)
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_readable(
    opened: Opened, doors: Doors, locale: str, title: str, allow: str, colours: str, width: int
) -> None:
    """Nothing is wider than the screen, and axe finds no fault, also where something was wrong."""
    size = {"width": width, "height": 760}
    page = opened(
        Assistant(doors, NAME, LONG), locale=locale, color_scheme=colours, viewport=size, java_script_enabled=True
    )
    for _ in range(2):
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        axe = Axe().run(page).response["violations"]
        assert [one["id"] for one in axe if one["impact"] in GRAVE] == []
        page.get_by_role("button", name=allow, exact=True).click()
        expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_label("Token" if locale == "en-GB" else "Токен", exact=True)).to_have_attribute(
        "aria-invalid", "true"
    )


@pytest.mark.parametrize("locale", ["ru-RU", "en-GB"])
def test_the_answers_are_in_sight(opened: Opened, doors: Doors, locale: str) -> None:
    """On a small screen without scrolling, and so is what is wrong when one was given too early."""
    page = opened(Assistant(doors, NAME, LONG), locale=locale, viewport={"width": 360, "height": 740})
    for _ in range(2):
        for button in page.get_by_role("button").all():
            expect(button).to_be_in_viewport(ratio=1)
        page.get_by_role("button").first.click()
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(page.locator("#token")).to_be_focused()


@pytest.mark.parametrize(("locale", "said"), [("ru-RU", "Ничего не разрешено."), ("en-GB", "Nothing was allowed.")])
def test_a_program_that_nobody_knows_is_told_of_on_a_page(opened: Opened, doors: Doors, locale: str, said: str) -> None:
    """Which leads nowhere, and quotes nothing of it."""
    one = Assistant(doors, "Claude", f"{doors.address}/health")
    one.id = "<b>go to 'evil.example'</b>"
    page = opened(one, locale=locale)
    expect(page.get_by_role("main")).to_contain_text(said)
    expect(page.get_by_role("main")).to_contain_text("Client ID … not found")
    expect(page.get_by_role("main")).not_to_contain_text("evil")
    expect(page.get_by_role("link")).to_have_count(0)
    assert page.evaluate("document.contentType") == "text/html"


def test_a_person_allows(opened: Opened, doors: Doors, mine: Tenant) -> None:
    """Says who asks and where the answer goes; it goes there, and nowhere else, with the state as it was."""
    one = Assistant(doors, "<b>Claude</b>", f"{doors.address}/health")  # an address at which somebody answers
    page = opened(one)
    expect(page.get_by_role("heading", level=1)).to_have_text("Let “<b>Claude</b>” read your archive?")
    expect(page.get_by_role("main")).to_contain_text(one.back)
    page.get_by_label("Token", exact=True).fill(token_for(mine, ADA))
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{one.back}?**")
    back = told(page.url)
    assert (back["state"], back["iss"]) == (one.asked["state"], doors.address)
    assert one.exchanged(back["code"]).status_code == 200


def test_a_person_denies(opened: Opened, doors: Doors) -> None:
    """By the keyboard, and without a token."""
    one = Assistant(doors, "", f"{doors.address}/health")
    page = opened(one)
    expect(page.get_by_role("heading", level=1)).to_contain_text("a program without a name")
    page.get_by_label("Token", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{one.back}?**")
    assert told(page.url)["error"] == "access_denied"


def test_a_click_alone_is_not_enough(opened: Opened, doors: Doors, mine: Tenant) -> None:
    """Although the browser has a token for the page: a person has to know what is allowed."""
    page = opened(Assistant(doors, "Claude", f"{doors.address}/health"))
    cookie = {"name": doors.cookie, "value": token_for(mine), "url": doors.address}
    page.context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Strict"}])  # type: ignore[typeddict-item]
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("alert")).to_have_text("Enter a token, or deny.")


def test_a_fault_of_the_client_leads_nobody_away(opened: Opened, doors: Doors) -> None:
    """A person is told, and may go on."""
    one = Assistant(doors, "Claude", f"{doors.address}/health")
    page = opened(one, resource="https://evil.example/mcp")
    expect(page.get_by_role("heading", level=1)).to_contain_text("cannot be answered")
    expect(page.get_by_role("main")).to_contain_text(f"“resource is not {doors.address}/mcp”")
    expect(page.get_by_role("main")).to_contain_text("leads to 127.0.0.1.")
    assert page.url.startswith(f"{doors.address}/authorize")
    page.get_by_role("link").click()
    page.wait_for_url(f"{one.back}?**")
    assert told(page.url)["error"] == "invalid_target"


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("", "en"),
        ("*", "en"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en-GB,en;q=0.9,ru;q=0.8", "en"),
        ("de,ru;q=0.5,en;q=0.4", "ru"),
        ("ru;q=x,en;q=0.1", "en"),
        ("ru;q=0", "en"),
    ],
)
def test_it_speaks_as_the_browser_wants(accepted: str, wanted: str) -> None:
    assert language(accepted) == wanted
