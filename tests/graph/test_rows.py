"""Which post a reply or a forward points at, from shared and from private chats: computed, never looked up."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tg_assets import ids
from tg_assets.graph.rows import dialogue_rows, forwarded_post_rows, group_rows, reply_rows

TENANT = ids.tenant_id("rows")
ME, PEER, SMALL = 900, -500, -77
CHANNEL, SUPERGROUP = -1_000_000_000_042, -1_000_000_000_043


def chat(tg_channel_id: int, owner: int = 0) -> UUID:
    """Direct messages are the negative numbers of people here, as in ``channels``."""
    return ids.channel_id(TENANT, ids.peer_id(tg_channel_id, source_of(tg_channel_id)), owner)


def source_of(tg_channel_id: int) -> str:
    if tg_channel_id < -ids.CHANNEL_SHIFT:
        return "group"
    return "persona" if tg_channel_id == SMALL else "dm"


def post(tg_channel_id: int, owner: int = 0, **fields: Any) -> SimpleNamespace:
    channel = chat(tg_channel_id, owner)
    return SimpleNamespace(
        id=ids.post_id(channel, 2), channel_id=channel, tg_channel_id=tg_channel_id, owner_id=owner,
        **{
            "source": source_of(tg_channel_id), "thread_id": None, "reply_to_message_id": None,
            "reply_to_chat_id": None, "sender_tg_id": None, **fields,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("replying", "named", "target"),
    [
        ((PEER, ME), None, (PEER, ME)),
        ((PEER, ME), -PEER, (PEER, ME)),  # Desktop names the person
        ((PEER, ME), PEER, (PEER, ME)),
        ((PEER, ME), SMALL, (SMALL, ME)),
        ((PEER, ME), 501, (-501, ME)),
        ((PEER, ME), CHANNEL, (CHANNEL, 0)),
        ((SMALL, ME), None, (SMALL, ME)),
        ((SMALL, ME), SUPERGROUP, (SUPERGROUP, 0)),
        ((SUPERGROUP, ME), SUPERGROUP, (SUPERGROUP, ME)),
        ((SUPERGROUP, ME), CHANNEL, (CHANNEL, 0)),
        ((SUPERGROUP, 0), CHANNEL, (CHANNEL, 0)),
        ((SUPERGROUP, 0), None, (SUPERGROUP, 0)),
    ],
)
def test_target_of_a_reply(replying: tuple[int, int], named: int | None, target: tuple[int, int]) -> None:
    """Within a chat, to what the tenant shares, or to what Telegram numbers for the same account."""
    (row,) = reply_rows([post(*replying, reply_to_message_id=1, reply_to_chat_id=named)], TENANT)
    assert row["target_id"] == str(ids.post_id(chat(*target), 1))


@pytest.mark.parametrize(
    ("into", "source", "target"),
    [
        ((PEER, ME), CHANNEL, (CHANNEL, 0)),
        ((SMALL, ME), CHANNEL, (CHANNEL, 0)),
        ((SUPERGROUP, ME), SUPERGROUP, (SUPERGROUP, ME)),
        ((CHANNEL, 0), CHANNEL, (CHANNEL, 0)),
    ],
)
def test_target_of_a_forward(into: tuple[int, int], source: int, target: tuple[int, int]) -> None:
    """A channel's post is the one that the tenant shares, whoever forwards it where."""
    (row,) = forwarded_post_rows([post(*into, forward_from_chat_id=source, forward_from_message_id=1)], TENANT)
    assert row["target_id"] == str(ids.post_id(chat(*target), 1))


def test_a_person_and_a_small_group_of_one_bare_id_are_two_targets() -> None:
    """Whoever answers or forwards what; direct messages are named by the person's id or as they are filed."""
    person, group = (ids.channel_id(TENANT, peer, ME) for peer in (-SMALL, SMALL))

    def in_person(**fields: Any) -> SimpleNamespace:
        return SimpleNamespace(**{**vars(post(SMALL, ME, **fields)), "channel_id": person, "source": "dm"})

    replies = [
        post(SMALL, ME, reply_to_message_id=1, reply_to_chat_id=-SMALL),
        post(SMALL, ME, reply_to_message_id=1, reply_to_chat_id=SMALL),
        in_person(reply_to_message_id=1, reply_to_chat_id=-SMALL),
        in_person(reply_to_message_id=1, reply_to_chat_id=SMALL),
        post(PEER, ME, reply_to_message_id=1, reply_to_chat_id=-SMALL),
    ]
    targets = [str(ids.post_id(chat, 1)) for chat in (person, group, person, person, person)]
    assert [row["target_id"] for row in reply_rows(replies, TENANT)] == targets
    forward = in_person(forward_from_chat_id=SMALL, forward_from_message_id=1)
    (row,) = forwarded_post_rows([forward], TENANT)
    assert row["target_id"] == str(ids.post_id(group, 1))


def test_only_private_chats_are_dialogues() -> None:
    posts = [
        post(CHANNEL, source="channel", sender_tg_id=CHANNEL),
        post(SUPERGROUP, source="group", sender_tg_id=ME),
        post(SUPERGROUP, ME, source="group", sender_tg_id=ME),
        post(SMALL, ME, source="persona", sender_tg_id=500),
        post(PEER, ME, source="dm", sender_tg_id=None),
    ]
    assert [(row["dialogue_id"], row["user_id"], row["own"]) for row in dialogue_rows(posts)] == [
        (str(chat(SUPERGROUP, ME)), "900", True),
        (str(chat(SMALL, ME)), "900", False),
        (str(chat(PEER, ME)), "900", False),
    ]
    assert [row["group_id"] for row in group_rows(posts)] == [
        str(chat(SUPERGROUP)), str(chat(SUPERGROUP, ME)), str(chat(SMALL, ME)),
    ]  # fmt: skip
