"""What people do on the page, in a real browser on a real service."""

import re

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.answers.conftest import GARDEN, KITCHEN, Tenant
from tests.doors.conftest import Doors, token_for
from tests.doors.page.conftest import Open
from tests.support import pipeline

KETTLE = "/?q=насос+в+подвале"


def test_a_token_in_the_address_is_taken_out_of_it(reader: Open, my_token: str) -> None:
    """It goes into a cookie that no script can read; nothing of it stays in the address or the history."""
    one = reader(None)
    page = one.see(f"/#token={my_token}")
    expect(page.get_by_role("link", name="Сад")).to_be_visible()
    assert one.state == "/"
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])") == '[{"token":"1"},{}]'
    (cookie,) = page.context.cookies()
    assert (cookie["value"], cookie["httpOnly"], cookie["sameSite"]) == (my_token, True, "Strict")


def test_without_a_token_the_page_says_how_to_make_one(reader: Open, my_token: str) -> None:
    one = reader(None, expected=("Failed to load resource: the server responded with a status of 401",))
    page = one.page
    page.goto(one.address)
    expect(page.get_by_text("tg-assets tokens --tenant me add page")).to_be_visible()
    field = page.get_by_label("Token", exact=True)
    field.fill("tga_nothing")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("opens nothing")
    field.fill(my_token)
    field.press("Enter")
    expect(page.get_by_role("link", name="Сад")).to_be_visible()
    page.get_by_role("button", name="Forget the token").click()
    expect(page.get_by_label("Token", exact=True)).to_be_visible()


def test_answers_come_while_somebody_types(reader: Open) -> None:
    """Arrows go through them, Enter takes one, Escape shuts them."""
    one = reader()
    page = one.see("/")
    page.keyboard.press("/")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    field.press_sequentially("насо")
    expect(page.get_by_role("option").first).to_contain_text("насос")
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    field.press("ArrowDown")
    page.get_by_role("option").first.wait_for()
    field.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    one.settled()
    expect(page.locator(".card mark").first).to_have_text("насос")
    assert "q=" in one.state


def test_the_whole_state_is_in_the_address(reader: Open) -> None:
    """What is filtered and open is so in another window, too, and each step can be taken back."""
    one = reader()
    page = one.see(KETTLE)
    page.get_by_role("button", name="Feed", exact=True).click()
    page.get_by_role("button", name=re.compile("^Кухня")).click()
    page.keyboard.press("Escape")
    one.settled()
    page.locator(".card .body").first.click()
    one.click("tab", name="Thread")
    expect(page.get_by_role("tab", name="Thread")).to_have_attribute("aria-selected", "true")
    other = reader()
    there = other.see(one.state)
    expect(there.get_by_role("tab", name="Thread")).to_have_attribute("aria-selected", "true")
    expect(there.get_by_role("button", name="Feed: Кухня")).to_be_visible()
    expect(there.get_by_role("combobox")).to_have_value("насос в подвале")
    page.go_back()
    expect(page.get_by_role("tab", name="Around")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.get_by_role("complementary", name="Message")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("button", name="Feed", exact=True)).to_be_visible()
    assert "feed=" not in one.state


def test_keys(reader: Open) -> None:
    """j and k go through results, Enter opens, Escape shuts and comes back to the result, ? tells them."""
    one = reader()
    page = one.see(KETTLE)
    page.locator("h1").first.click(force=True)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator(".card .body").first
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Message").get_by_role("heading").first).to_be_focused()
    one.settled()
    page.keyboard.press("Escape")
    expect(first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert one.state.startswith("/?q=")


def test_a_conversation_opens_around_the_line(reader: Open, mine: Tenant) -> None:
    one = reader()
    page = one.see(f"/?m={mine.post(KITCHEN, 5)}")
    around = page.get_by_role("tabpanel")
    expect(around.locator("[aria-current=true]")).to_contain_text("кто починил насос")
    expect(around).to_contain_text("насос чинил сторож")
    page.goto(f"{one.address}/?m={mine.post(KITCHEN, 3)}&tab=thread")
    expect(around.locator(".line")).to_have_count(4)


def test_an_album_is_one_card(reader: Open) -> None:
    one = reader()
    page = one.see("/?q=три+цвета&kind=album")
    card = page.locator(".card")
    expect(card).to_have_count(1)
    expect(card.locator(".thumb")).to_have_count(3)
    card.locator(".thumb").first.click()
    expect(page.get_by_role("dialog", name="Picture")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog").get_by_role("img", name="Picture 2 of 3")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    card.locator(".body").click()
    expect(page.locator(".whole .thumb")).to_have_count(3)
    expect(page.locator(".whole")).to_contain_text("3 items")


def test_neighbours_are_a_graph_that_leads_on(reader: Open, mine: Tenant) -> None:
    one = reader()
    page = one.see(f"/?m={mine.post(KITCHEN, 2)}&tab=links")
    graph = page.get_by_role("group", name="Replies, forwards")
    expect(graph.get_by_role("link")).to_have_count(2)
    graph.get_by_role("link", name=re.compile("^reply · Вера")).click()
    expect(page.locator(".whole")).to_contain_text("треска закончилась")
    expect(graph).to_be_visible()


def test_evidence_shows_what_was_received_and_who_made_the_rest(reader: Open, mine: Tenant) -> None:
    one = reader()
    page = one.see(f"/?m={mine.post(GARDEN, 5)}&tab=evidence")
    evidence = page.get_by_role("tabpanel")
    expect(evidence).to_contain_text("Current version")
    expect(evidence).to_contain_text("в семь вечера")
    expect(evidence.get_by_role("link", name="qdrant_points").first).to_have_attribute(
        "href", re.compile(r"^http://dagster\.example:3000/assets/qdrant_points\?.*partition=2023-05-01%7C")
    )
    evidence.get_by_text("Show as JSON").first.click()
    expect(evidence.locator("pre").first).to_contain_text('"date_unixtime"')


def test_a_feed_over_time(reader: Open, mine: Tenant) -> None:
    one = reader()
    page = one.see(f"/?view=feed&feed={mine.feed('sad')}")
    expect(page.get_by_role("img", name="Messages over time")).to_be_visible()
    expect(page.locator(".timeline .line")).to_have_count(5)
    page.locator(".bar").first.click()
    one.settled()
    assert "since=2023-05-01&until=2023-05-01" in one.state


def test_a_question_of_the_graph_is_a_form(reader: Open) -> None:
    one = reader()
    page = one.see("/?view=ask")
    page.get_by_role("link", name=re.compile("activity")).first.click()
    page.get_by_label("person").fill("Вера")
    page.get_by_role("button", name="Ask").click()
    one.settled()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "p.person=" in one.state


def test_what_people_say_of_results_is_kept(reader: Open, mine: Tenant) -> None:
    token = token_for(mine, name="page-judge")
    one = reader(token)
    page = one.see(KETTLE)
    button = page.get_by_role("button", name="This is it").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Kept, thank you")).to_be_visible()
    said = pipeline.rows(mine.slug, "SELECT question, is_it FROM judgements WHERE token = 'page-judge'")
    assert said == [("насос в подвале", True)]


@pytest.mark.parametrize(
    ("language", "tell", "listed", "remove", "none"),
    [
        ("en", "Tell me about new ones", "All that is saved", "Remove", "Nothing is saved"),
        ("ru", "Сообщать о новом", "Все подписки", "Удалить", "Ничего не сохранено"),
    ],
)
def test_a_search_is_saved_and_its_feed_read(
    reader: Open, doors: Doors, mine: Tenant, language: str, tell: str, listed: str, remove: str, none: str
) -> None:
    """With its filters; the address that is shown once opens the feed without a token, until it is removed."""
    one = reader(token_for(mine, name=f"page-saved {language}"), language=language)
    page = one.see(f"{KETTLE}&feed={mine.feed('kukhnya')}")
    page.get_by_role("button", name=tell).click()
    address = page.locator(".address input").input_value()
    assert httpx.get(address).headers["content-type"] == "application/atom+xml"
    (saved,) = pipeline.rows(
        mine.slug, "SELECT id, asked FROM saved_questions WHERE token = :t", t=f"page-saved {language}"
    )
    assert (saved.asked["q"], saved.asked["feeds"]) == ("насос в подвале", [mine.feed("kukhnya")])
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        connection.execute(
            text("""INSERT INTO saved_matches (tenant_id, saved_id, key, found_at, seen_at)
                    VALUES (current_tenant(), :saved, :key, now(), now())"""),
            {"saved": saved.id, "key": mine.post(KITCHEN, 6)},
        )
    page.get_by_role("link", name=listed).click()
    one.settled()
    expect(page.locator(".saved .one .title")).to_have_text("насос в подвале")
    page.locator(".saved [aria-expanded]").click()
    expect(page.locator(".matches li")).to_contain_text("насос чинил сторож")
    page.get_by_role("link", name="насос в подвале").click()
    one.settled()
    assert f"feed={mine.feed('kukhnya')}" in one.state
    page.go_back()
    page.get_by_role("button", name=remove).click()
    expect(page.get_by_text(none)).to_be_visible()
    assert httpx.get(address).status_code == 401


def test_a_question_is_saved(reader: Open, mine: Tenant) -> None:
    token = token_for(mine, name="page-asks")
    one = reader(token)
    page = one.see("/?view=ask&name=activity&p.person=Вера&go=1")
    page.get_by_role("button", name="Tell me about new ones").click()
    expect(page.locator(".address input")).to_have_value(re.compile("/atom\\?key=tgs_"))
    page.get_by_role("link", name="All that is saved").click()
    page.get_by_role("link", name="activity Вера").click()
    one.settled()
    expect(page.get_by_role("textbox", name="person")).to_have_value("Вера")


def test_what_happened_leads_to_messages(reader: Open, mine: Tenant) -> None:
    """A span and feeds in the address; every line opens its message."""
    one = reader()
    page = one.see("/?view=digest&since=2023-05-01&until=2023-05-31")
    expect(page.get_by_role("heading", name="Longest threads")).to_be_visible()
    lines = page.locator(".digest ol > li")
    assert lines.count() == page.locator(".digest ol > li a.said").count() > 1
    page.get_by_role("link", name="кто сегодня готовит ужин").first.click()
    expect(page.get_by_role("complementary", name="Message")).to_contain_text("кто сегодня готовит ужин")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Feed", exact=True).click()
    page.get_by_role("button", name=re.compile("^Сад")).click()
    page.keyboard.press("Escape")
    one.settled()
    assert f"feed={mine.feed('sad')}" in one.state
    expect(page.locator(".busy li")).to_have_count(1)


def test_what_happened_last_needs_no_span(reader: Open, mine: Tenant) -> None:
    """Where the last week has nothing it is the last one that has; what it leads to names the span."""
    one = reader(language="en")
    page = one.see("/?view=digest")
    expect(page.locator(".digest .head")).to_contain_text("the last week with messages")
    assert "since" not in one.state
    page.locator(".busy a").first.click()
    one.settled()
    assert "since=2023-04-25" in one.state
    assert "until=2023-05-02" in one.state
    page = one.see("/?view=digest&until=2020-01-01")
    expect(page.get_by_text("Choose another span or other feeds.")).to_be_visible()


def test_dates_are_the_readers(reader: Open, mine: Tenant) -> None:
    """Noon of UTC is the evening in Tokyo."""
    one = reader()
    page = one.see(f"/?m={mine.post(GARDEN, 5)}")
    expect(page.locator(".whole time")).to_have_text("1 May 2023, 21:00")


def test_files_are_kept_by_browsers_and_packed(doors: Doors) -> None:
    with doors.knock() as client:
        page = client.get("/")
        assert page.headers["cache-control"] == "no-cache"
        assert client.get("/", headers={"if-none-match": page.headers["etag"]}).status_code == 304
        scripts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        assert len(scripts) > 20
        sent = [client.get(one) for one in scripts]
        assert {one.status_code for one in sent} == {200}
        assert {one.headers["cache-control"] for one in sent} == {"public, max-age=31536000, immutable"}
        assert {one.headers["content-encoding"] for one in sent} == {"gzip"}
        assert client.get("/static/%2e%2e/pages.py").status_code == 404
        assert client.get("/static/").status_code == 404
        assert "<script>" not in page.text
