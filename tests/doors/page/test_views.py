"""Every view fits every screen, speaks both languages, and has no serious fault of accessibility."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.answers.conftest import ADA, EVA, KITCHEN, Tenant
from tests.doors.conftest import Doors, token_for
from tests.doors.page.conftest import Open

KETTLE = "/?q=насос+в+подвале"
NOT_THERE = ("Failed to load resource: the server responded with a status of 404",)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 760}
NAMES = re.compile(r"\b(tab|stage|status|edge|file|kind|source|one|format|key|token|digest|told|got|saved|span)_[a-z]+")
GRAVE = {"serious", "critical"}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


def views(mine: Tenant) -> list[str]:
    post = mine.post(KITCHEN, 2)
    return [
        "/", KETTLE, "/?q=три+цвета&kind=album", f"{KETTLE}&m={post}", f"/?m={post}&tab=thread", f"/?m={post}&tab=like",
        f"/?m={post}&tab=links", f"/?m={post}&tab=evidence", "/?view=feeds", f"/?view=feed&feed={mine.feed('sad')}",
        "/?view=digest&since=2023-05-01&until=2023-05-31", "/?view=digest", "/?view=saved",
        "/?view=ask", "/?view=ask&name=most-forwarded", "/?q=ыыыыы&lang=en", "/?m=00000000-0000-0000-0000-000000000000",
    ]  # fmt: skip


def faults(page: Page) -> dict[str, list[str]]:
    """Serious faults in light, and of contrast in dark, each with where it is."""
    axe, found = Axe(), {}
    page.emulate_media(color_scheme="light")
    results = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    page.emulate_media(color_scheme="dark")
    results += axe.run(page, options=CONTRAST).response["violations"]
    page.emulate_media(color_scheme="light")
    for fault in results:
        if fault["impact"] in GRAVE:
            found[fault["id"]] = [node["html"][:200] for node in fault["nodes"][:3]]
    return found


@pytest.mark.parametrize(("language", "word", "other"), [("ru", "Ленты", "English"), ("en", "Feeds", "Русский")])
def test_every_view(reader: Open, doors: Doors, mine: Tenant, language: str, word: str, other: str) -> None:
    """Nothing is wider than the screen, and no name of a string is shown in place of its words."""
    token = token_for(mine, ADA, EVA)
    with doors.knock(token) as client:  # so that something is listed
        wanted = {"search": {"q": "насос", "feeds": [mine.feed("kukhnya")]}, "webhook": "https://hooks.example.org/x"}
        assert client.post("/api/v1/saved", json=wanted).status_code == 201
    one = reader(token, language=language, expected=NOT_THERE)
    for path in views(mine):
        page = one.see(path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_role("link", name=word, exact=True)).to_be_visible()
        assert not NAMES.search(page.locator("body").inner_text()), path
        if language == "en":  # what axe looks at is the same in both
            assert faults(page) == {}, path
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    one.page.get_by_role("button", name=other).click()
    expect(one.page.locator("html")).not_to_have_attribute("lang", language)


def test_what_is_opened_has_no_faults_either(reader: Open) -> None:
    """Keys, suggestions, a filter, a picture in full, the form of the token."""
    one = reader()
    page = one.see("/")
    page.keyboard.press("?")
    assert faults(page) == {}
    page.keyboard.press("Escape")
    page.get_by_role("combobox").press_sequentially("насо")
    page.get_by_role("option").first.wait_for()
    assert faults(page) == {}
    one.see("/?q=три+цвета&kind=album").get_by_role("button", name="Feed", exact=True).click()
    assert faults(page) == {}
    page.keyboard.press("Escape")
    page.locator(".thumb").first.click()
    assert faults(page) == {}
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Forget the token").click()
    page.get_by_label("Token", exact=True).wait_for()
    assert faults(page) == {}
