"""Which words of a text are marked: those asked for in any of their forms, and none that every question has."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.doors.page.conftest import Open
from tg_assets.doors.pages import ROOT, address_of
from tg_assets.index.question import EMPTY_WORDS, asked

MARKED = """async ([address, query, text, typing]) => {
    const { wanted } = await import(address);
    const has = wanted(query, typing);
    return text.split(" ").filter(has).join(" ");
}"""
TABLE = [
    ("вертолёт", "вертолётом вертолёта вертолет вертолётчик вертеть", "вертолётом вертолёта вертолет"),
    ("вертолётом", "вертолёт вертолёта вертеть", "вертолёт вертолёта"),
    ("насосы", "насос насоса насосами нос", "насос насоса насосами"),
    ("работать", "работает работали работа рабочий", "работает работали работа"),
    ("the repairs of the pump", "The pumps were repaired in the cellar of ours", "pumps repaired"),
    ("boat", "boats boat's boating boar", "boats boat's boating"),
    ("что с этим насосом", "что это за насос с чем этим", "насос"),
    ("где мы были в марте", "мы были где-то март в", "март"),
    ("don't panic", "I don't don panic", "panic"),
    ("O'Brien", "O o' O’Brien O'Brien's Obrien", "O’Brien O'Brien's"),
    ("what is it", "it is what was said", "it is what"),
    ("что это", "это насос", "это"),
    ("ИИ и the", "the ИИ и ИИсус", "ИИ"),
    ("", "the насос", ""),
]


def marked(page: Page, query: str, text: str, *, typing: bool = False) -> str:
    return str(page.evaluate(MARKED, [address_of("js/text.js"), query, text, typing]))


@pytest.fixture
def page(reader: Open) -> Page:
    return reader().see("/")


def test_forms_are_marked_and_empty_words_are_not(page: Page) -> None:
    assert [(query, marked(page, query, text)) for query, text, _ in TABLE] == [(query, has) for query, _, has in TABLE]


def test_the_last_word_is_a_beginning_while_somebody_types(page: Page) -> None:
    assert marked(page, "the насо", "the насос насосная нос", typing=True) == "насос насосная"
    assert marked(page, "pump the", "the theory of pumps", typing=True) == "theory pumps"
    assert marked(page, "насо ", "насос", typing=True) == ""


def test_the_page_takes_for_empty_what_a_search_does() -> None:
    """Each word that a search leaves out is there, and none that it looks for."""
    words = Path(ROOT / "js" / "empty.js").read_text("utf-8").split("`")[-2].split()
    assert set(words) >= EMPTY_WORDS
    assert [word for word in words if asked(f"{word} насос") != ["насос"]] == []
    assert len(set(words)) == len(words)
