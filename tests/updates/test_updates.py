"""Single updates: what each comes to, without a server."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from telethon.tl import types as tl

from tg_assets.history.reach import Reachable
from tg_assets.updates.chats import Chats
from tg_assets.updates.updates import Translated, Translator

AT = datetime(2026, 1, 2, tzinfo=UTC)
ME, ADA, CIRCLE, NEWS = 900, 7, 44, 42


def chat(marked: int, source: Any, owner: int = 0) -> Reachable:
    return Reachable(uuid4(), marked, owner, source, None, None, "t.x", uuid4(), 1)


DM, GROUP, CHANNEL = chat(-ADA, "dm", ME), chat(-CIRCLE, "persona", ME), chat(-1000000000000 - NEWS, "channel")
PEERS = {
    ADA: tl.User(ADA, first_name="Ada"),
    ME: tl.User(ME, first_name="Me", is_self=True),
    -CIRCLE: tl.Chat(CIRCLE, "Circle", tl.ChatPhotoEmpty(), 2, AT, 1),
}


@pytest.fixture
def translator() -> Translator:
    found = Translator("t", ME, PEERS)
    found.chats = Chats.of([DM, GROUP, CHANNEL])
    return found


def short(**fields: Any) -> Any:
    return tl.UpdateShortMessage(
        **{"id": 5, "user_id": ADA, "message": "hi", "pts": 1, "pts_count": 1, "date": AT} | fields
    )


def heard(translator: Translator, *updates: Any) -> Translated:
    return translator.translate(updates, AT)


def test_short_messages(translator: Translator) -> None:
    """A short private message is a message as any other, from either side."""
    group = tl.UpdateShortChatMessage(6, ADA, CIRCLE, "all", 1, 1, AT)
    events: Any = heard(translator, short(), short(id=7, out=True), group).events
    assert [(one.text, one.tg_channel_id, one.sender_tg_id, one.author_name) for one in events] == [
        ("hi", -ADA, ADA, "Ada"), ("hi", -ADA, ME, "Me"), ("all", -CIRCLE, ADA, "Ada"),
    ]  # fmt: skip
    assert {one.occurred_at for one in events} == {AT}


def test_short_message_of_somebody_unknown(translator: Translator) -> None:
    """A short message does not say who wrote it: when that is not known, Telegram is asked."""
    found = heard(translator, short(user_id=8))
    assert (found.events, found.refetch) == ([], [(0, 5)])


def test_poll(translator: Translator) -> None:
    """Votes name the poll only: its message, heard before, is asked for."""
    text = tl.TextWithEntities("?", [])
    poll = tl.Poll(11, text, [], 0)
    media = tl.MessageMediaPoll(poll, tl.PollResults())
    message = tl.Message(3, tl.PeerChannel(NEWS), AT, "", media=media)
    votes = tl.UpdateMessagePoll(11, tl.PollResults())
    assert heard(translator, votes).refetch == []
    assert heard(translator, tl.UpdateNewChannelMessage(message, 1, 1), votes).refetch == [(CHANNEL.tg_channel_id, 3)]


def test_deleted_private_messages(translator: Translator) -> None:
    """Of deleted private messages, those heard before are known; the others are looked for."""
    found = heard(translator, short(), tl.UpdateDeleteMessages([5, 6], 1, 1))
    gone: Any = found.events[-1]
    assert (gone.tg_channel_id, gone.owner_id, gone.telegram_message_ids) == (-ADA, ME, [5])
    assert found.deleted == [6]


def test_an_update_that_cannot_be_read(translator: Translator) -> None:
    """One that cannot be read is named, and does not hold up its neighbours."""
    found = heard(translator, tl.UpdatePinnedMessages(None, [1], 1, 1), short())
    assert len(found.events) == 1
    assert found.unread == ["UpdatePinnedMessages: TypeError"]


def test_what_nobody_follows(translator: Translator) -> None:
    """Updates of other chats come to nothing."""
    message = tl.Message(3, tl.PeerChannel(43), AT, "")
    updates = (
        tl.UpdateNewChannelMessage(message, 1, 1), tl.UpdateDeleteChannelMessages(43, [1], 1, 1),
        tl.UpdateChannelMessageViews(43, 1, 5), tl.UpdateUserTyping(ADA, tl.SendMessageTypingAction()),
    )  # fmt: skip
    assert heard(translator, *updates) == Translated()
