"""Where a list of results, or of an answer's rows, says how far it goes."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.doors.page.conftest import Open
from tests.doors.page.test_views import faults

SCORES = {"strong": 0.9, "fair": 0.3, "weak": 0.02}
WORDS = [("en", "Less likely", "Show more"), ("ru", "Менее вероятно", "Показать ещё")]
ORDER = "(list) => [...list.children].map((one) => one.matches('.card') ? '' : one.innerText)"


def judged(page: Page, *fits: str, pages: int = 1) -> None:
    """Searches find so many results, judged so; all but those of the last page on the next ones."""

    def answer(route: Route) -> None:
        told = route.fetch().json()
        [some, *_], limit = told["results"], len(fits)
        if pages > 1 and "limit=10" in route.request.url:
            limit //= pages
        made = [
            {**some, "id": f"{place:08}{some['id'][8:]}", "fit": fit, "score": SCORES[fit]}
            for place, fit in enumerate(fits[:limit])
        ]
        cursor = "more" if limit < len(fits) else None
        route.fulfill(json={**told, "results": made, "fits": fits[0] == "strong", "cursor": cursor})

    page.route("**/api/v1/search?**", answer)


@pytest.mark.parametrize(("language", "less", "more"), WORDS)
def test_less_likely_results_are_set_apart(reader: Open, language: str, less: str, more: str) -> None:
    """Once, before the first of those that are weak to the end; keys go on past it, and it moves as more come."""
    one = reader(language=language)
    judged(one.page, "strong", "weak", "fair", "weak", "weak", "fair", "weak", "weak", pages=2)
    page = one.see("/?q=насос")
    results = page.locator(".results")
    assert results.evaluate(ORDER) == ["", "", "", less, ""]
    assert faults(page) == {}
    for _ in range(4):
        page.keyboard.press("j")
    expect(results.locator(".card.active")).to_have_attribute("data-id", re.compile("^00000003"))
    expect(results.locator(".card.active .body")).to_be_focused()
    page.keyboard.press("k")
    expect(results.locator(".card.active")).to_have_attribute("data-id", re.compile("^00000002"))
    page.get_by_role("button", name=more).click()
    one.settled()
    assert results.evaluate(ORDER) == ["", "", "", "", "", "", less, "", ""]


@pytest.mark.parametrize("fits", [["weak", "weak"], ["strong", "fair"], ["weak", "fair"]])
def test_where_all_or_none_is_likely_nothing_is_set_apart(reader: Open, fits: list[str]) -> None:
    one = reader()
    judged(one.page, *fits)
    assert one.see("/?q=насос").locator(".results").evaluate(ORDER) == ["", ""]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_answer_without_names_says_what_names_need(reader: Open, language: str) -> None:
    """Other questions are not about them."""
    page = reader(language=language).see("/?view=ask&name=entities&p.until=2001-01-01&go=1")
    expect(page.locator(".notice")).to_contain_text({"en": "no answer to this", "ru": "В графе нет ответа"}[language])
    expect(page.locator(".notice code")).to_have_text(["entities", "docs/models.md"])


def test_an_answer_without_rows_of_another_kind_does_not(reader: Open) -> None:
    page = reader().see("/?view=ask&name=topics&p.until=2001-01-01&go=1")
    expect(page.locator(".notice")).to_be_visible()
    expect(page.locator(".notice code")).to_have_count(0)
