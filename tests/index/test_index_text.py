"""The contract's text to embed."""

from hypothesis import given
from hypothesis import strategies as st

from tg_assets.index.text import TextParts, text_short, text_to_embed


def test_order_and_cuts() -> None:
    """Post 2000, speech 2000, vision 500, OCR 300, joined by a blank."""
    parts = TextParts(*("асбв"[i] * 3000 for i in range(4)))
    assert text_to_embed(parts) == " ".join(["а" * 2000, "с" * 2000, "б" * 500, "в" * 300])


def test_repeats_are_dropped() -> None:
    """A caption that repeats the post in other case adds nothing."""
    assert text_to_embed(TextParts(post="Кот  на окне", vision="КОТ на\nокне", ocr="рама")) == "Кот на окне рама"


def test_nothing_to_embed() -> None:
    """The model gives a vector for nothing; we do not ask it."""
    for parts in (TextParts(), TextParts(post="😀 https://t.me/x"), TextParts(post="\u200b", ocr="...")):
        assert text_to_embed(parts) == ""
    assert text_to_embed(TextParts(post="😀", vision="кот")) == "😀 кот"


@given(st.builds(TextParts, *[st.text(max_size=50)] * 4))
def test_any_text(parts: TextParts) -> None:
    """Never raises, twice the same, no white space but single blanks."""
    text = text_to_embed(parts)
    assert text == text_to_embed(parts)
    assert text == " ".join(text.split())


@given(st.text(max_size=700))
def test_short(text: str) -> None:
    """At most 500 characters of the cleaned beginning."""
    assert len(text_short(text)) <= 500
    assert text_short(None) == ""
