"""A token that the address brings while nobody can say what it opens is kept in the form, and nowhere else."""

import pytest
from playwright.sync_api import Route, expect

from tests.doors.page.conftest import Open

EXPECTED = (
    "Failed to load resource: the server responded with a status of",
    "Failed to load resource: net::ERR_FAILED",
)
SESSION = "**/api/v1/session"
NOTHING_KEPT = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("denied", "SecurityError"); }
})"""
KEPT = "JSON.stringify([location.href, document.cookie, {...localStorage}, {...sessionStorage}, history.state])"


def refusing(route: Route, status: int) -> None:
    if status:
        route.fulfill(status=status, json={"error": {"code": "fault", "message": "no words of ours"}})
    else:
        route.abort()


@pytest.mark.parametrize(
    ("status", "language", "said"),
    [
        (503, "en", "The archive does not answer"),
        (503, "ru", "Архив не отвечает"),
        (429, "en", "Too many attempts"),
        (429, "ru", "Слишком много попыток"),
        (0, "en", "The service cannot be reached"),
        (0, "ru", "Сервис недоступен"),
        (401, "en", "opens nothing"),
        (500, "en", "Something went wrong"),
    ],
)
def test_it_can_be_tried_again(reader: Open, my_token: str, status: int, language: str, said: str) -> None:
    """The sentence is that of the form; Enter is enough, and after that the token is nowhere but in its cookie."""
    one = reader(None, language=language, expected=EXPECTED)
    page = one.page
    page.route(SESSION, lambda route: refusing(route, status))
    page.goto(f"{one.address}/#token={my_token}")
    field, alert = page.locator("#token"), page.get_by_role("alert")
    expect(alert).to_contain_text(said)
    expect(field).to_have_value(my_token)
    expect(field).to_be_focused()
    assert one.state == "/"
    assert my_token not in page.evaluate(KEPT) + page.content()
    first = alert.inner_text()
    field.press("Enter")
    expect(field).to_have_value(my_token)
    expect(alert).to_have_text(first)
    page.unroute(SESSION)
    field.press("Enter")
    one.settled()
    expect(page.get_by_role("link", name="Сад")).to_be_visible()
    assert my_token not in page.evaluate(KEPT) + page.content()
    assert [cookie["value"] for cookie in page.context.cookies()] == [my_token]
    page.get_by_role("button", name="Forget the token" if language == "en" else "Забыть токен").click()
    expect(field).to_have_value("")
    expect(alert).to_be_empty()


def test_a_browser_that_keeps_nothing_of_pages(reader: Open, my_token: str) -> None:
    """Its cookies are another matter: the token of an address is taken, and can be forgotten."""
    one = reader(None, expected=EXPECTED)
    page = one.page
    page.add_init_script(NOTHING_KEPT)
    page.goto(f"{one.address}/#token={my_token}")
    expect(page.get_by_role("link", name="Сад")).to_be_visible()
    page.get_by_role("button", name="Forget the token").click()
    expect(page.locator("#token")).to_be_visible()
    assert page.context.cookies() == []
    page.locator("#token").fill(my_token)
    page.locator("#token").press("Enter")
    expect(page.get_by_role("link", name="Сад")).to_be_visible()


def test_such_a_browser_is_made_nobodys_unasked_either(reader: Open, my_token: str) -> None:
    """The service says that there is a token."""
    one = reader(expected=("a dialog",))
    page = one.page
    page.add_init_script(NOTHING_KEPT)
    page.goto(f"{one.address}/#token=tga_of_somebody_else")
    expect(page.get_by_role("link", name="Сад")).to_be_visible()
    assert one.told == ["a dialog"]
    assert [cookie["value"] for cookie in page.context.cookies()] == [my_token]
