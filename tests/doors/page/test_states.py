"""What the page says where there is no answer: each case has a sentence of its own, and a way on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.answers.conftest import ADA, Tenant
from tests.doors.conftest import Doors, running, token_for
from tests.doors.page.conftest import Open
from tests.support import pipeline
from tg_assets.doors.access import Opener
from tg_assets.stores.vectors import VectorIndex

ERRORS = ("Failed to load resource: the server responded with a status of",)


def test_an_empty_archive_says_how_to_fill_it(reader: Open, mine: Tenant) -> None:
    one = reader(token_for(mine, feeds=[]))
    page = one.see("/")
    expect(page.get_by_role("heading", name="The archive is empty")).to_be_visible()
    expect(page.get_by_text("tg-assets import")).to_be_visible()


def test_nothing_that_fits_is_no_error(reader: Open) -> None:
    one = reader()
    page = one.see("/?q=насос&author=Никто")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("button", name="Search without filters").click()
    one.settled()
    expect(page.locator(".card").first).to_be_visible()


@pytest.fixture(scope="module")
def away(opener: Opener) -> Iterator[Doors]:
    """A service whose index of vectors does not answer."""
    yield from running(
        Opener(opener.database, replace(pipeline.archive("nobody"), vectors=VectorIndex("http://127.0.0.1:9")))
    )


def test_a_store_that_is_away_is_no_empty_answer(reader: Open, away: Doors) -> None:
    """What needs it says so and can be tried again; the rest still answers."""
    one = reader(address=away.address, expected=ERRORS)
    page = one.see("/?q=насос")
    expect(page.get_by_role("heading", name="The archive does not answer")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_text("Nothing found")).to_have_count(0)
    page.get_by_role("link", name="Feeds").click()
    expect(page.get_by_role("link", name="Сад")).to_be_visible()


@pytest.fixture(scope="module")
def strict(opener: Opener) -> Iterator[Doors]:
    yield from running(opener, rate="3/minute")


def test_who_asks_too_often_is_told_to_wait(reader: Open, strict: Doors, mine: Tenant) -> None:
    one = reader(token_for(mine, ADA), address=strict.address, expected=ERRORS)
    page = one.see("/")
    page.get_by_role("link", name="Сад").click()
    expect(page.get_by_role("heading", name="Too many questions")).to_be_visible()
    expect(page.get_by_text("it goes on by itself")).to_be_visible()


def test_a_service_that_stopped_is_told_apart_from_an_empty_archive(reader: Open) -> None:
    one = reader(expected=("Failed to load resource: net::ERR_INTERNET_DISCONNECTED",))
    page = one.see("/")
    page.context.set_offline(True)
    page.get_by_role("link", name="Questions").click()
    expect(page.get_by_role("heading", name="The service cannot be reached")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="most-forwarded")).to_be_visible()


def test_a_token_that_was_revoked_meanwhile_leads_to_the_form(reader: Open, mine: Tenant) -> None:
    from tg_assets.doors import tokens

    one = reader(token_for(mine, name="soon gone"), expected=ERRORS)
    page = one.see("/")
    with pipeline.postgres().tenant(mine.id) as session, session.transaction() as connection:
        tokens.revoke(connection, "soon gone")
    page.get_by_role("link", name="Questions").click()
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
