"""What somebody crossed out looks so wherever it is shown, and no mark of it is left."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.answers.conftest import ADA, PICTURE, SINCE, UNTIL, Tenant, by
from tests.doors.conftest import Doors, token_for
from tests.doors.page.conftest import Open
from tests.pipeline.test_changes import FILES
from tests.support import pipeline
from tests.telegram.exports import chat
from tg_assets.doors.pages import address_of
from tg_assets.ledger.engine import run_stage
from tg_assets.scope import Scope

CHAT = 43
TAKEN = "600 <b>рублей</b>"
LATER = "700 🙂 рублей"
LONG = "и ещё раз о насосе " * 20
"""More than a line of a digest or a table has room for."""
READ = """async ([address, name, ...given]) => {
    const { [name]: called, runs } = await import(address);
    return [...runs(called(...given))].filter(([piece]) => piece);
}"""


def struck(before: str, taken: str, after: str) -> dict[str, Any]:
    parts = [
        {"type": "plain", "text": before}, {"type": "strikethrough", "text": taken}, {"type": "plain", "text": after},
    ]  # fmt: skip
    return {"text": parts, "text_entities": parts}


def export(price: str, **fields: Any) -> dict[str, Any]:
    """An album, answers to a message, all with something crossed out; the same words once more."""
    priced = struck("насос 🙂 стоит ", price, " 500 рублей")
    album = struck("три насоса за ", TAKEN, " даром")
    return chat(
        by("Вера", 1, "", 601) | priced | fields,
        by("Глеб", 2, "", 602, reply_to_message_id=1) | struck("беру насос за ", TAKEN, " пятьсот"),
        by("Вера", 3, "", 601, reply_to_message_id=2) | struck("насос продан ", TAKEN, f" {LONG}"),
        by("Вера", 5, "", 601, photo="photos/1.png", **PICTURE) | album,
        by("Вера", 6, "", 601, photo="photos/2.png", **PICTURE),
        id=CHAT, name="Рынок", type="public_supergroup",
    )  # fmt: skip


@pytest.fixture(scope="module")
def market(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    tenant = Tenant(pipeline.new_tenant(), {ADA: ""})
    edited = {"edited": "2023-05-03T00:00:00", "edited_unixtime": "1683072000"}
    stages = pipeline.prepared_stages(pipeline.tools())
    for number, told in enumerate((export(TAKEN), export(LATER, **edited))):
        path: Path = pipeline.write_export(tmp_path_factory.mktemp(f"market{number}"), told, FILES)
        (report,) = pipeline.import_path(path, tenant.slug)
    with pipeline.postgres().tenant(tenant.id) as session:
        for several in stages.values():
            for of in several:
                run_stage(of, session, Scope(report.feed, SINCE, UNTIL))
    return tenant


def kept(tenant: Tenant, doors: Doors, token: str) -> None:
    """A saved search that found a message."""
    with doors.knock(token) as client:
        saved = client.post("/api/v1/saved", json={"search": {"q": "насос"}}).json()["id"]
    with pipeline.postgres().tenant(tenant.id) as session, session.transaction() as connection:
        connection.execute(
            text("""INSERT INTO saved_matches (tenant_id, saved_id, key, found_at, seen_at)
                    VALUES (current_tenant(), :saved, :key, now(), now())"""),
            {"saved": saved, "key": tenant.post(CHAT, 1)},
        )


def test_it_is_crossed_out_in_every_view(reader: Open, doors: Doors, market: Tenant) -> None:
    token = token_for(market, ADA)
    kept(market, doors, token)
    one = reader(token)
    feed = one.page.request.get(f"{one.address}/api/v1/feeds").json()[0]["feed"]
    first, second, album = market.post(CHAT, 1), market.post(CHAT, 2), market.post(CHAT, 6)
    for path, where, said in (
        ("/?q=насос", ".card .body", LATER),
        ("/?q=насос&kind=conversation", ".card .context", TAKEN),
        (f"/?view=feed&feed={feed}", ".line .text", LATER),
        ("/?view=digest&since=2023-05-01&until=2023-05-31", ".digest a.said", LATER),
        (f"/?m={first}", ".whole > .text", LATER),
        (f"/?m={second}", ".whole .quote", LATER),
        (f"/?m={album}", ".whole > .text", TAKEN),
        (f"/?m={first}&tab=thread", ".line .text", TAKEN),
        (f"/?m={first}&tab=like", ".likes .clip", TAKEN),
        (f"/?m={first}&tab=links", ".graph .said", LATER),
        (f"/?m={first}&tab=evidence", ".versions > li:first-child > .text", LATER),
        (f"/?m={first}&tab=evidence", ".versions > li:last-child > .text", TAKEN),
        ("/?view=ask&name=threads&p.person=Вера&go=1", "td.said", LATER),
        ("/?view=saved", ".matches", LATER),
    ):
        page = one.see(path)
        if "saved" in path:
            page.locator(".saved [aria-expanded]").click()
        expect(page.locator(where).locator("s, .struck").filter(has_text=said).first).to_be_visible()
        assert "~~" not in page.locator("body").inner_text(), path


def test_it_is_crossed_out_among_suggestions(reader: Open, market: Tenant) -> None:
    page = reader(token_for(market, ADA)).see("/")
    page.get_by_role("combobox").press_sequentially("насо")
    expect(page.get_by_role("option").locator("s").first).to_be_visible()


def call(page: Page, name: str, *given: Any) -> Any:
    return page.evaluate(READ, [address_of("js/text.js"), name, *given])


def test_what_stands_between_marks_is_read(reader: Open) -> None:
    page = reader().see("/")
    assert call(page, "unmarked", "цена ~~600~~ 500") == [["цена ", False], ["600", True], [" 500", False]]
    assert call(page, "unmarked", "~~🙂~~~~б~~") == [["🙂", True], ["б", True]]
    assert call(page, "unmarked", "a ~~ b") == [["a ~~ b", False]]
    assert call(page, "unmarked", "") == []


def test_what_is_cut_off_stays_crossed_out(reader: Open) -> None:
    """A part that the text ends within is crossed out to there; no sign is halved, and a part that is none stays so."""
    page = reader().see("/")
    said = {"text": "цена 600 🙂 500", "struck": [{"offset": 5, "length": 6}]}
    assert call(page, "begun", said, 7) == [["цена ", False], ["60", True], ["…", False]]
    assert call(page, "begun", said, 10) == [["цена ", False], ["600 ", True], ["…", False]]
    assert call(page, "begun", said, 3) == [["цен…", False]]
    assert call(page, "begun", said, 40) == [["цена ", False], ["600 🙂", True], [" 500", False]]
    none = {"text": "цена 600", "struck": [{"offset": 5, "length": 40}]}
    assert call(page, "begun", none, 7) == [["цена 60…", False]]
