"""A snippet is cut where a person's words end and a model's begin."""

import pytest

from tg_assets.answers.pieces import Piece, pieces
from tg_assets.index.snippet import snippet
from tg_assets.index.text import TextParts, parts_to_embed, text_to_embed

LONG = "слово " * 40 + "генератор"


@pytest.mark.parametrize(
    ("parts", "sources"),
    [
        (TextParts(post="Генератор чинят"), ["written"]),
        (TextParts(post="Смотрите", vision="генератор в подвале", ocr="ГАЗ 220 В"), ["written", "described", "read"]),
        (TextParts(speech="генератор гудит"), ["spoken"]),
        (TextParts(post=LONG, vision="генератор в снегу"), ["written", "described"]),
        (TextParts(post=LONG, speech="в подвале сухо"), ["written", "spoken"]),
        (TextParts(post="то же", ocr="ТО ЖЕ"), ["written"]),
        (TextParts(post="<b>жирный</b> &amp; \u200bгенератор", ocr="и  ещё\nтекст"), ["written", "read"]),
    ],
)
def test_each_piece_says_whose_it_is(parts: TextParts, sources: list[str]) -> None:
    """All of them, without the marks of where it was cut, are the snippet."""
    shown = snippet(text_to_embed(parts), "генератор")
    found = pieces(parts_to_embed(parts), shown)
    assert [one.source for one in found] == sources
    assert " ".join(one.text.strip("…") for one in found) == shown.strip("…")


def test_of_nothing_there_is_none() -> None:
    assert pieces([], "") == ()
    assert pieces([("post", "одно")], "совсем другое") == (Piece("written", "совсем другое"),)
