"""A single picture has its room before it is here, in its shape on every screen."""

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.answers.conftest import GARDEN, Tenant
from tests.doors.page.conftest import Open, Reader

Size = dict[str, int | None]
UNKNOWN: Size = {"width": None, "height": None}
LEAST = 24
"""Height of what can be pointed at."""
BOXES = """(image) => [image, image.parentElement].map((one) => {
    const { width, height } = one.getBoundingClientRect();
    return [width, height];
})"""
GROUND, UNSEEN = "(one) => getComputedStyle(one).backgroundColor", "rgba(0, 0, 0, 0)"


def drawn(width: int, height: int) -> str:
    shape = '<rect width="100%" height="100%" fill="#4a7" />'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{shape}</svg>'


def alone(one: Reader, size: Size) -> list[Route]:
    """Answers have one picture of that size, as those of a message with one; what asks for pictures is held."""
    held = list[Route]()

    def whole(route: Route) -> None:
        told = route.fetch().json()
        route.fulfill(json={**told, "album": None, "media": [{**told["media"][0], **size}]})

    def searched(route: Route) -> None:
        told = route.fetch().json()
        for result in told["results"]:
            result["media"] = [{**result["media"][0], **size}]
        route.fulfill(json=told)

    def hold(route: Route) -> None:
        held.append(route)

    one.page.route("**/api/v1/messages/*", whole)
    one.page.route("**/api/v1/search?**", searched)
    one.page.route("**/api/v1/pictures/**", hold)
    return held


def let_through(one: Reader, held: list[Route], waiting: Locator, picture: str | None = None) -> None:
    while not held:
        one.page.wait_for_timeout(20)
    for route in held:
        if picture:
            route.fulfill(body=picture, content_type="image/svg+xml")
        else:
            route.continue_()
    expect(waiting).to_have_count(0)


@pytest.mark.parametrize("size", [{"width": 64, "height": 48}, {"width": 1200, "height": 300}, UNKNOWN])
def test_one_that_comes_late_moves_nothing(reader: Open, size: Size) -> None:
    """Whether its size is known or not, and right or wrong; it is stood for meanwhile."""
    one = reader()
    held = alone(one, size)
    page = one.see("/?q=три+цвета&kind=album")
    waiting, card = page.locator(".thumb.waits"), page.locator(".card").first
    expect(waiting).to_have_count(1)
    expect(page.locator(".thumb img")).to_be_visible()
    before = card.bounding_box()
    let_through(one, held, waiting)
    assert card.bounding_box() == before


@pytest.mark.parametrize("screen", [1280, 360])
@pytest.mark.parametrize(("width", "height"), [(1280, 960), (1000, 1777), (3000, 120), (300, 3000), (64, 48)])
def test_it_has_its_shape(reader: Open, mine: Tenant, screen: int, width: int, height: int) -> None:
    """Before and after it came, in an opened message: nothing of its box is left over, and nothing is cut off."""
    one = reader(width=screen)
    held = alone(one, {"width": width, "height": height})
    page = one.see(f"/?m={mine.post(GARDEN, 1)}")
    image = page.locator(".whole .thumb img")
    before = image.evaluate(BOXES)
    let_through(one, held, page.locator(".whole .thumb.waits"), drawn(width, height))
    (wide, high), (room, tall) = image.evaluate(BOXES)
    assert [[wide, high], [room, tall]] == before
    assert high == pytest.approx(wide * height / width, abs=1)  # attributes are whole pixels
    assert wide <= screen - 32
    assert room == wide
    assert tall == pytest.approx(max(high, LEAST))
    assert page.locator(".whole .thumb").evaluate(GROUND) == UNSEEN


def test_one_of_unknown_size_leaves_no_bands(reader: Open, mine: Tenant) -> None:
    """It is shown whole in the room that was kept, of which nothing else is seen."""
    one = reader(width=360)
    held = alone(one, UNKNOWN)
    page = one.see(f"/?m={mine.post(GARDEN, 1)}")
    let_through(one, held, page.locator(".whole .thumb.waits"), drawn(400, 1000))
    image = page.locator(".whole .thumb img")
    assert image.evaluate("(one) => getComputedStyle(one).objectFit") == "contain"
    assert page.locator(".whole .thumb").evaluate(GROUND) == UNSEEN
