"""What the address says is what is shown: of another day, token or question, and when somebody goes back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.answers.conftest import GARDEN, KITCHEN, Tenant
from tests.doors.conftest import token_for
from tests.doors.page.conftest import Open
from tests.doors.page.test_page import KETTLE
from tests.doors.page.test_states import ERRORS
from tests.doors.page.test_token import SESSION
from tg_assets.doors.pages import address_of

DAYS = """async ([address]) => {
    const { local, midnight } = await import(address);
    const nth = (number) => new Date(Date.UTC(2024, 0, 1 + number)).toISOString().slice(0, 10);
    const days = Array.from({ length: 366 }, (_, number) => nth(number));
    return days.filter((day) => local(midnight(day, 1), -1) !== day || local(midnight(day)) !== day);
}"""
MONTHS = """async ([address]) => {
    const { day, utcDay, utcMonth } = await import(address);
    const months = Array.from({ length: 12 }, (_, nth) => `2023-${String(nth + 1).padStart(2, "0")}-05`);
    return months.map((month) => [day(`${month}T12:00:00`), utcDay(month), utcMonth(month)]);
}"""
VISIBLE = "async ([address, text]) => (await import(address)).visible(text)"
LINKS = """async ([address, text]) => {
    const { words } = await import(address);
    return words(text).filter((one) => one.props?.href).map((one) => one.props.href);
}"""


@pytest.mark.parametrize("day", ["20266-01-01", "yesterday", "2026-01"])
def test_what_is_no_day_is_shown_as_a_filter_that_can_be_removed(reader: Open, day: str) -> None:
    """A year of five digits is quickly typed."""
    one = reader(expected=ERRORS)
    page = one.see(f"{KETTLE}&since={day}")
    page.get_by_role("button", name="Remove the filter Date").click()
    one.settled()
    expect(page.locator(".card").first).to_be_visible()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Santiago", "Asia/Tokyo"])
def test_the_day_that_was_saved_is_the_day_that_is_asked_again(reader: Open, zone: str) -> None:
    """Also where clocks are set in that night."""
    page = reader(zone=zone).see("/")
    assert page.evaluate(DAYS, [address_of("js/language.js")]) == []


def test_a_month_keeps_its_letters(reader: Open) -> None:
    """«авг.» ends as the year's «г.» does, which is left out."""
    page = reader(language="ru").see("/")
    told = page.evaluate(MONTHS, [address_of("js/language.js")])
    assert told[7] == ["5 авг. 2023", "5 авг. 2023", "авг. 2023"]
    assert all(one.endswith(" 2023") for month in told for one in month)


def test_a_feed_of_another_source_is_no_error(reader: Open, mine: Tenant) -> None:
    """Nothing is both of them."""
    one = reader()
    page = one.see(f"{KETTLE}&feed={mine.feed('kukhnya')}&source=channel")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("button", name="Search without filters").click()
    one.settled()
    expect(page.locator(".card").first).to_be_visible()


def test_what_was_said_of_a_result_is_said_of_that_question_alone(reader: Open, mine: Tenant) -> None:
    one = reader(token_for(mine, name="page-judges-twice"))
    page = one.see(KETTLE)
    card = page.locator(".card").first
    again = page.locator(f".card[data-id='{card.get_attribute('data-id')}']")
    card.get_by_role("button", name="This is it").click()
    expect(card.get_by_text("Kept, thank you")).to_be_visible()
    page.get_by_role("combobox").fill("подвал насос")
    page.get_by_role("combobox").press("Enter")
    expect(page.locator("h1")).to_contain_text("подвал насос")
    one.settled()
    expect(again).to_be_visible()
    expect(again.get_by_text("Kept, thank you")).to_have_count(0)
    expect(again.locator("[aria-pressed=true]")).to_have_count(0)


def test_going_back_fills_the_form_with_what_was_asked(reader: Open) -> None:
    one = reader()
    page = one.see("/?view=ask&name=activity&p.person=Вера&go=1")
    person = page.get_by_role("textbox", name="person")
    person.fill("Глеб")
    page.get_by_role("button", name="Ask").click()
    one.settled()
    page.go_back()
    expect(person).to_have_value("Вера")
    page.go_forward()
    expect(person).to_have_value("Глеб")


def test_a_place_in_a_feed_that_was_given_to_somebody_else_leads_to_the_newest(reader: Open, mine: Tenant) -> None:
    one = reader(expected=ERRORS)
    page = one.see(f"/?view=feed&feed={mine.feed('sad')}&cursor=somebodys")
    expect(page.get_by_role("heading", name="This cannot be asked")).to_be_visible()
    page.get_by_role("link", name="To the newest").click()
    one.settled()
    expect(page.locator(".timeline .line").first).to_be_visible()


def test_pictures_that_are_not_drawn_are_leafed_through(reader: Open) -> None:
    """A result shows four of an album; also when the address is opened anew."""
    one = reader()
    names = [f"{number:064x}" for number in range(1, 7)]
    image = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"></svg>'

    def searched(route: Route) -> None:
        told = route.fetch().json()
        for result in told["results"]:
            result["media"] = [{"kind": "photo", "sha256": name} for name in names]
        route.fulfill(json=told)

    one.page.route("**/api/v1/search?**", searched)
    one.page.route("**/api/v1/pictures/**", lambda route: route.fulfill(body=image, content_type="image/svg+xml"))
    page = one.see("/?q=три+цвета&kind=album")
    thumbs = page.locator(".card .thumb")
    expect(thumbs).to_have_count(4)
    thumbs.last.click()
    shown = page.get_by_role("dialog").get_by_role("img")
    expect(shown).to_have_attribute("alt", "Picture 4 of 6")
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_attribute("alt", "Picture 5 of 6")
    page.reload()
    expect(shown).to_have_attribute("alt", "Picture 5 of 6")
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_attribute("alt", "Picture 6 of 6")


def test_what_is_refused_again_is_asked_again(reader: Open) -> None:
    """Once more after each time that is to be waited for."""
    one = reader(expected=ERRORS)
    refused = list[Route]()

    def searched(route: Route) -> None:
        if len(refused) == 2:
            route.continue_()
            return
        refused.append(route)
        error = {"error": {"code": "rate", "message": "no words of ours"}}
        route.fulfill(status=429, headers={"retry-after": "1"}, json=error)

    one.page.route("**/api/v1/search?**", searched)
    page = one.see(KETTLE)
    expect(page.locator(".card").first).to_be_visible()
    assert len(refused) == 2


def test_a_token_that_could_not_be_forgotten_is_told_of(reader: Open) -> None:
    one = reader(expected=ERRORS)
    page = one.see("/")
    page.route(SESSION, lambda route: route.fulfill(status=503, json={"error": {"code": "server_down", "message": ""}}))
    page.get_by_role("button", name="Forget the token").click()
    expect(page.get_by_role("alert")).to_contain_text("was not forgotten")
    page.unroute(SESSION)
    page.get_by_role("button", name="Forget the token").click()
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    expect(page.get_by_text("was not forgotten")).to_have_count(0)
    assert page.context.cookies() == []


def test_a_message_as_received_has_its_numbers_unrounded(reader: Open, mine: Tenant) -> None:
    """Photos, albums and keys of access have ids of 64 bits at Telegram."""
    one = reader()

    def received(route: Route) -> None:
        told = route.fetch().json()
        told["versions"][0]["raw"] = {"grouped_id": 13812345678901234567, "access_hash": -9007199254740993, "id": 5}
        route.fulfill(json=told)

    one.page.route("**/api/v1/lineage/*", received)
    page = one.see(f"/?m={mine.post(GARDEN, 5)}&tab=evidence")
    page.get_by_text("Show as JSON").first.click()
    shown = page.get_by_role("tabpanel").locator("pre").first
    expect(shown).to_contain_text('"grouped_id": 13812345678901234567')
    expect(shown).to_contain_text('"access_hash": -9007199254740993')
    expect(shown).to_contain_text('"id": 5')


def test_a_suggested_word_goes_on_with_what_is_typed_by_now(reader: Open) -> None:
    """With the last of two words that a hyphen joins; and it takes the place of no word that was typed meanwhile."""
    one = reader()
    one.page.route(
        "**/api/v1/suggest?**", lambda route: route.fulfill(json={"words": ["петербург", "насосы"], "hits": []})
    )
    page = one.see("/")
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    box.fill("насос Пете")
    expect(options).to_have_text("насос петербург")
    box.fill("санкт-пет")
    expect(options).to_have_text("санкт-петербург")
    box.fill("санкт-пет К")
    expect(options).to_have_count(0)
    box.fill("санкт-пет")
    expect(options).to_have_count(1)
    box.press("ArrowDown")
    box.press("Enter")
    one.settled()
    expect(box).to_have_value(re.compile("^санкт-петербург ?$"))
    assert parse_qs(urlsplit(page.url).query)["q"] == ["санкт-петербург"]


def test_a_long_thread_is_read_to_its_end(reader: Open, mine: Tenant) -> None:
    """A part after the other, and from the beginning again."""
    one = reader()
    few = re.compile("limit=[0-9]+")
    one.page.route("**/thread?**", lambda route: route.continue_(url=few.sub("limit=2", route.request.url)))
    page = one.see(f"/?m={mine.post(KITCHEN, 3)}&tab=thread")
    thread = page.get_by_role("tabpanel")
    expect(thread.locator(".line")).to_have_count(2)
    expect(thread).to_contain_text("кто сегодня готовит ужин?")
    thread.get_by_role("button", name="Later").click()
    expect(thread).to_contain_text("тогда гречка с грибами")
    expect(thread.get_by_role("button", name="Later")).to_have_count(0)
    expect(thread).to_contain_text("4 messages in the thread")
    thread.get_by_role("button", name="From the beginning").click()
    expect(thread).to_contain_text("кто сегодня готовит ужин?")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Understood: 1 May 2023 – 31 May 2023"), ("ru", "Понято: 1 мая 2023 – 31 мая 2023")]
)
def test_what_was_understood_is_said_in_the_readers_language(reader: Open, language: str, said: str) -> None:
    page = reader(language=language).see("/?q=насос+в+мае+2023")
    expect(page.locator(".understood")).to_have_text(said)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("см. https://ru.wikipedia.org/wiki/Foo_(bar), да", "https://ru.wikipedia.org/wiki/Foo_(bar)"),
        ("(https://a.example/x_(y))", "https://a.example/x_(y)"),
        ("(https://a.example/x).", "https://a.example/x"),
        ("[https://a.example/x]…", "https://a.example/x"),
    ],
)
def test_a_bracket_that_is_opened_in_an_address_is_its_own(reader: Open, text: str, address: str) -> None:
    assert reader().see("/").evaluate(LINKS, [address_of("js/text.js"), text]) == [address]


def test_marks_over_each_other_are_few(reader: Open) -> None:
    """However many a stranger wrote, lines above and below can be read."""
    page = reader().see("/")
    shown = page.evaluate(VISIBLE, [address_of("js/text.js"), "з" + "\u0301\u0302\u0303" * 500 + "а\u0301мок"])
    assert shown == "з\u0301\u0302\u0303⟨+1497⟩а\u0301мок"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Honolulu"])
def test_a_bar_shows_what_it_counts(reader: Open, mine: Tenant, zone: str) -> None:
    """Days of UTC, wherever the reader is, which is said; days that somebody types are the reader's."""
    one = reader(zone=zone)
    page = one.see(f"/?view=feed&feed={mine.feed('port')}")
    said = page.locator(".bar").first.locator("title").text_content() or ""
    page.locator(".bar").first.click()
    one.settled()
    expect(page.locator(".timeline .line")).to_have_count(int(re.findall(r": (\d+) messages", said)[0]))
    expect(page.get_by_text("days of UTC")).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    one.settled()
    expect(page.get_by_text("days of UTC")).to_have_count(0)
    expect(page.locator(".timeline .line")).to_have_count(0 if zone == "Pacific/Kiritimati" else 2)


def test_the_readers_zone_is_asked_in(reader: Open) -> None:
    one = reader(zone="Asia/Tokyo")
    with one.page.expect_request("**/api/v1/search?**") as asked:
        one.see("/?q=насос+вчера")
    assert parse_qs(urlsplit(asked.value.url).query)["zone"] == ["Asia/Tokyo"]


def test_a_source_of_many_feeds_says_which_are_searched(reader: Open) -> None:
    """More than the API takes."""
    one = reader()

    def many(route: Route) -> None:
        some = next(feed for feed in route.fetch().json() if feed["kind"] == "channel")
        route.fulfill(json=[{**some, "feed": f"{some['feed']}{number}"} for number in range(101)])

    nothing = {"query": "насос", "results": [], "understood": [], "fits": False, "cursor": None}
    one.page.route("**/api/v1/feeds", many)
    one.page.route("**/api/v1/search?**", lambda route: route.fulfill(json=nothing))
    with one.page.expect_request("**/api/v1/search?**") as asked:
        page = one.see(f"{KETTLE}&source=channel")
    assert len(parse_qs(urlsplit(asked.value.url).query)["feed"]) == 100
    expect(page.get_by_text("Only the first 100 feeds of this source are searched")).to_be_visible()


def test_what_a_person_typed_is_not_crossed_out_in_evidence(reader: Open, mine: Tenant) -> None:
    """Marks are theirs; what is crossed out is told beside the text."""
    one = reader()

    def received(route: Route) -> None:
        told = route.fetch().json()
        told["versions"][0] |= {"text": "цена ~~600~~ 500 700", "struck": [{"offset": 17, "length": 3}]}
        route.fulfill(json=told)

    one.page.route("**/api/v1/lineage/*", received)
    page = one.see(f"/?m={mine.post(GARDEN, 5)}&tab=evidence")
    shown = page.locator(".versions > li:first-child > .text").first
    expect(shown).to_have_text("цена ~~600~~ 500 700")
    expect(shown.locator("s")).to_have_text("700")
