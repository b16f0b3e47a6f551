"""Which chats a word stands for, where somebody types it in place of an id."""

import pytest

from tg_assets.answers.asked_names import Chat

NAMED = Chat("c1", "Сад на  маяке", "t.sad", 0, -1000000000042, -1000000000042, "Sad_News")
NAMELESS = Chat("c2", None, "t.dm-1a2b3c4d", 900, -500, 500, None)


@pytest.mark.parametrize("name", ["c1", "-1000000000042", "t.sad", "sad", "@sad_news", "sad_news", "сад на маяке"])
def test_a_chat_is_called_by_each_of_its_names(name: str) -> None:
    assert NAMED.is_called(name)
    assert not NAMELESS.is_called(name)


@pytest.mark.parametrize("name", ["", "@"])
def test_nothing_names_no_chat(name: str) -> None:
    """Neither one without a username nor one without a title."""
    assert not NAMED.is_called(name)
    assert not NAMELESS.is_called(name)
