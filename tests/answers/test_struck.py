"""What is crossed out is counted as Telegram counts, and marked for who reads text alone."""

import pytest

from tg_assets.answers.struck import Struck, crossed


@pytest.mark.parametrize(
    ("said", "struck", "marked"),
    [
        ("цена 600 500", [(5, 3)], "цена ~~600~~ 500"),
        ("🙂 600 🙂 500", [(3, 3), (10, 3)], "🙂 ~~600~~ 🙂 ~~500~~"),
        ("all of it", [(0, 9)], "~~all of it~~"),
        ("one two", [(0, 5), (3, 4)], "~~one t~~~~wo~~"),
        ("short", [(2, 40)], "short"),
        ("none", [], "none"),
        ("", [(0, 1)], ""),
    ],
)
def test_it_stands_between_marks(said: str, struck: list[tuple[int, int]], marked: str) -> None:
    """Also behind signs of two units; parts that overlap are no text twice, and one that does not fit is none."""
    assert crossed(said, [Struck(*one) for one in struck]) == marked
