"""What is around a line, by places, and where two talk with each other."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conversations.support import Chat, Said
from tests.support import pipeline
from tests.support.pipeline import new_tenant
from tg_assets.conversations.lookup import REACH, around
from tg_assets.index.context import SPOKEN, dialogues
from tg_assets.index.units import FOLLOWS


def places(chat: Chat, number: int, *chats: Any) -> dict[int, int]:
    """Numbers of neighbours with their places."""
    named = {str(chat.post(one)): one for one in range(1, 40)}
    with pipeline.archive(chat.tenant).reading() as connection:
        found = around(connection, [str(chat.post(number))], *chats)
    return {named[line]: place for line, place in found.get(str(chat.post(number)), {}).items()}


def test_neighbours_have_places(tenant: str) -> None:
    """Up to three on each side, to a silence, without what is deleted; of some chats alone where they are named."""
    chat = Chat(tenant)
    chat.put([Said(number, number) for number in (1, 2, 3, 4, 6)] + [Said(5, 5, deleted=True), Said(7, 100)])
    assert places(chat, 4) == {1: -3, 2: -2, 3: -1, 6: 1}
    assert places(chat, 5) == {}
    assert places(chat, 7) == {}
    assert places(chat, 2, [str(chat.id)]) == {1: -1, 3: 1, 4: 2, 6: 3}
    assert places(chat, 2, []) == places(chat, 2, [str(Chat(new_tenant()).id)]) == {}


def test_channels_have_none(tenant: str) -> None:
    channel = Chat(tenant, "channel")
    channel.put([Said(1, 1), Said(2, 2)])
    assert places(channel, 1) == {}


def test_every_place_has_a_share() -> None:
    assert set(FOLLOWS) == {place for place in range(-REACH, REACH + 1) if place}


@pytest.mark.parametrize(
    ("speakers", "source", "is_one"),
    [
        ([1, 2, 1, 2, 1], "group", True),
        (["Ann", 2, "Ann", 2, 2, None], "group", True),
        ([1], "dm", True),
        ([1, 1, 1, 1, 1], "group", False),
        ([1, 2, 1, 2], "group", False),
        ([1, 2, 1, 2, 3], "group", False),
        ([None, None, 1, None, 2], "group", False),
        ([1, 2, 1, 2, 1], "channel", False),
    ],
)
def test_a_dialogue_is_private_or_where_two_are_heard(speakers: list[Any], source: str, is_one: bool) -> None:
    """In five lines of a group or more, whose authors are known; what other chats say does not matter."""

    def line(who: Any, chat: str, of: str) -> SimpleNamespace:
        name, number = (who, None) if isinstance(who, str) else ("Ann", who)
        return SimpleNamespace(author_name=who and name, sender_tg_id=number, source=of, channel_id=chat)

    assert SPOKEN == 5
    others = [line(who, "there", "group") for who in (7, 8, 9, 7, 8, 9)]
    assert dialogues([*(line(who, "here", source) for who in speakers), *others]) == ({"here"} if is_one else set())
