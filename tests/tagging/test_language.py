"""The language of short, mixed and empty messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.tagging.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Где купить дизельный генератор?", "ru"),
        ("Обзор MacBook Air M4", "ru"),
        ("Backend Listener на каждый тред", "ru"),
        ("We released a new compiler for Python today", "en"),
        ("Guten Tag, wie geht es Ihnen heute?", "de"),
        ("Привіт усім, як справи?", "uk"),
        ("Добрий день, як справи", "uk"),
        ("Прывітанне, сябры ў Мінску", "be"),
        ("Сәлем, қалайсың, достар", "kk"),
        ("你好，世界", "zh"),
        ("ok", "en"),
    ],
)
def test_languages(text: str, language: str) -> None:
    """Cyrillic goes by letters, the rest by the classifier."""
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", "  \n", "😀🔥", "https://example.com/path", "@someone", "1234", "\u200b"])
def test_no_words_have_no_language(text: str) -> None:
    """Nothing to read is undetermined, never a guess."""
    assert detect(text) == "und"


def test_links_mentions_and_hashtags_do_not_count() -> None:
    """An English address does not make a Russian message English; hashtags alone still count."""
    assert detect("смотри https://example.com/a-long-english-address-with-many-words #performance @someone") == "ru"
    assert detect("#нагрузочное_тестирование") == "ru"


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    """Never raises, and is deterministic."""
    assert detect(text) == detect(text)


def test_lone_surrogate() -> None:
    """Damaged exports hold half a pair, which UTF-8 cannot carry."""
    assert detect("привет \ud83d мир") == "ru"
    assert detect("hello \ud83d big world") == "en"
