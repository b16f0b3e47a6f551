"""What a reader sees: nothing hidden, no letter that poses as another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_assets.tagging.visible import visible_text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("пр\u200bо\u2060м\u00adо", "промо"),
        ("ок\U000e0061\U000e0064\U000e0064 да", "ок да"),
        ("про\ufe0fмо", "промо"),
        ("Cбepбaнк", "Сбербанк"),
        ("pаypаl и «Сбер»", "paypal и «Сбер»"),
        ("Buy соре now please", "Buy cope now please"),
        ("𝐇𝐞𝐥𝐥𝐨 ｗｏｒｌｄ Ⓐ", "Hello world A"),
        ("за\u0301мок и z\u0336a\u0336l\u0336", "замок и zal"),
        ("ɡoogle", "google"),
        ("и\u0306од", "йод"),
    ],
)
def test_read_as_printed(written: str, read: str) -> None:
    assert visible_text(written) == read


@pytest.mark.parametrize(
    "text", ["SMSка и JMeterом", "ITновости", "Ёлка, café, naïve, Київ", "αβγ", "строка\nстрока", "日本語"]
)
def test_plain_text_stays(text: str) -> None:
    """A Latin stem with a Russian ending is read as it is written."""
    assert visible_text(text) == text


@pytest.mark.parametrize("word", ["sбeрzбaнk", "gοοgle", "мοсква", "քaypal"])
def test_what_cannot_be_told_is_dropped(word: str) -> None:
    """No side gives way, or a third alphabet is in it."""
    assert visible_text(f"раз {word} два") == "раз  ,  два"


def test_text_shown_backwards_is_dropped() -> None:
    """Up to the end of the override, or of the line."""
    assert visible_text("до \u202eтерces\u202c после") == "до   после"
    assert visible_text("до \u202eтерces\nпосле") == "до  \nпосле"


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Never raises, and reading twice is reading once."""
    assert visible_text(visible_text(text)) == visible_text(text)
