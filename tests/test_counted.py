"""One of a thing is not several."""

import pytest

from tg_assets.answers.digest_text import PARTS
from tg_assets.counted import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("chat",), "0 chats"), (1, ("chat",), "1 chat"), (2, ("chat",), "2 chats"),
        (2000, ("chat",), "2,000 chats"),
        (1, ("reply", "replies"), "1 reply"), (21, ("reply", "replies"), "21 replies"),
    ],
)  # fmt: skip
def test_a_number_has_its_words(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said


def test_a_digest_counts_so() -> None:
    assert [counted(1, *unit) for _, _, unit in PARTS] == ["1 reply", "1 reply", "1 reaction", "1 time", "1 message"]
