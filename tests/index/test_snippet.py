"""Snippets: the place in the text that answers the query."""

from hypothesis import given
from hypothesis import strategies as st

from tg_assets.index.snippet import snippet

FILLER = "Обычные слова вокруг ничего не значат и идут дальше. " * 8


def test_window_has_the_words_in_any_form() -> None:
    """The query's dictionary form finds the inflected word in the middle of a long text."""
    found = snippet(FILLER + "Ремонт дизельного генератора недорого. " + FILLER, "дизельный генератор")
    assert "дизельного генератора" in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) <= 160


def test_most_different_words_win() -> None:
    """Two words of the query together are better than one of them earlier."""
    text = "Генератор был. " + FILLER + "Дизельный генератор тут. " + FILLER
    assert "Дизельный генератор" in snippet(text, "дизельный генератор", 80)


def test_short_text_and_no_hit() -> None:
    """A short text is shown whole, a text without hits from its beginning."""
    assert snippet("Просто  текст", "другое") == "Просто текст"
    assert snippet(FILLER, "космос").startswith("Обычные слова")
    assert snippet("", "космос") == ""


@given(st.text(max_size=400), st.text(max_size=40), st.integers(1, 200))
def test_any_text(text: str, query: str, width: int) -> None:
    """Never raises, never longer than asked."""
    assert len(snippet(text, query, width)) <= width
