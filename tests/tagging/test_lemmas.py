"""Words and dictionary forms: what search and tags compare."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.tagging.cleaning import clean, has_words, strip_links
from tg_assets.tagging.lemmas import fold, lemma, lemmas, words


@pytest.mark.parametrize("form", ["генератор", "генератора", "генераторов", "Генераторами", "ГЕНЕРАТОРУ"])
def test_forms_of_a_russian_word_meet(form: str) -> None:
    """«генератор» finds «генератора»."""
    assert lemmas(form) == ["генератор"]


@pytest.mark.parametrize(
    ("form", "dictionary"),
    [
        ("данные", "данные"),
        ("данных", "данные"),
        ("котята", "котенок"),
        ("шёл", "идти"),
        ("детям", "ребенок"),
        ("ёлки", "елка"),
        ("boxes", "box"),
        ("was", "be"),
    ],
)
def test_irregular_forms(form: str, dictionary: str) -> None:
    """Suppletive and irregular forms, ё folded to е in the result too."""
    assert lemmas(form) == [dictionary]


def test_words() -> None:
    """Hyphens divide, apostrophes stay, stress marks and ё are folded, numbers are words."""
    assert words("JIT-компилятор за\u0301мок Ёж don’t 2.5") == ["jit", "компилятор", "замок", "еж", "don't", "2", "5"]
    assert lemmas("JIT-компиляторы")[-1] == lemma("компилятор")


def test_a_decomposed_letter_is_the_same_letter() -> None:
    """й typed as и and a mark (macOS file names, some clients) is й."""
    assert words(unicodedata.normalize("NFD", "Ёлки йод")) == ["елки", "йод"]


def test_noise_is_cut() -> None:
    """A wall of letters does not cost analysis time or index space."""
    assert words("а" * 5000) == ["а" * 40]


@given(st.text())
def test_any_text(text: str) -> None:
    """One lemma for each word; words are folded already; nothing raises."""
    found = words(text)
    assert len(lemmas(text)) == len(found)
    assert all(word and words(word) == [word] for word in found)


@given(st.text())
def test_clean_is_idempotent(text: str) -> None:
    """Cleaning what is clean changes nothing, and the result can be stored anywhere."""
    once = clean(text)
    assert clean(once) == once
    assert "\x00" not in once
    once.encode("utf-8")


def test_clean() -> None:
    """Zero-width characters go before NFC, so that a mark they parted meets its letter."""
    assert clean("  а\u200bб\n\n\tв\ufeff \x00") == "аб в"
    assert clean("и\u200b\u0306") == "й"
    assert clean(None) == ""
    assert clean("a\ud83db") == "ab"


@pytest.mark.parametrize("text", ["https://t.me/channel/5", "www.example.com", "😀", "", "@nick", "a@b.org", "!!!"])
def test_without_words(text: str) -> None:
    """Links and emoji are not words."""
    assert not has_words(text)


@pytest.mark.parametrize("unit", ["а-", "a.", "@", "a@", "www.", "+", "_", "abc.def", "."])
def test_links_are_found_in_linear_time(unit: str) -> None:
    """A pasted wall of characters does not stop the pipeline."""
    begun = time.process_time()
    has_words(unit * 50_000 + "!")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["да", "#промо", "1500", "смотри https://t.me/x", "1.5 млн"])
def test_with_words(text: str) -> None:
    """A letter or a digit outside links is enough."""
    assert has_words(text)
    assert strip_links(text).strip()


PIECES = st.lists(
    st.sampled_from(
        ["слово", "it's", "_", "'", "@name", "t.me/a", "https://a.b/c", "a.com", "1", "…", "🙂", " ", "-", "/", "x_y"],
    ),
)  # fmt: skip


@given(PIECES.map("".join))
def test_whether_something_is_said_is_told_by_what_is_left_without_links(text: str) -> None:
    """However quick the look is that most texts get."""
    assert has_words(text) == bool(re.search(r"[^\W_]", strip_links(clean(text))))


@given(PIECES.map("".join))
def test_words_are_letters_and_digits_with_apostrophes_inside(text: str) -> None:
    assert words(text) == re.findall(r"[^\W_]+(?:'[^\W_]+)*", fold(text))
