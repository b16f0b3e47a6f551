"""Chats of a type that Desktop is not known to write, and those that say less than they seem to, belong to an account
and are never taken for the direct messages of whoever wrote in them."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.telegram.exports import account, chat, message, read
from tg_assets.errors import TgAssetsError
from tg_assets.events.replay import Replay
from tg_assets.telegram.archive import open_archive
from tg_assets.telegram.off_limits import OffLimits

ME, STRANGERS, BARE = 501, (601, 602), 1_900_000_107
UNKNOWN: tuple[Any, ...] = (None, "", "private_galaxy")


def by(author: int | str, number: int) -> dict[str, Any]:
    return message(number, from_id=author if isinstance(author, str) else f"user{author}")


def desk(kind: Any, *authors: int | str, bare: int = BARE) -> dict[str, Any]:
    """A chat of a type in which these people wrote."""
    said = [by(author, number) for number, author in enumerate(authors or (*STRANGERS, ME), 1)]
    return chat(*said, type=kind, id=bare, name="Feedback desk")


def landed(tenant: str, tmp_path: Path, export: dict[str, Any], **options: Any) -> list[tuple[Any, ...]]:
    pipeline.import_path(pipeline.write_export(tmp_path, export), tenant, **options)
    rows = pipeline.rows(
        tenant,
        """SELECT c.source, c.tg_channel_id, c.owner_id, count(t.id), bool_and(t.channel_id = c.id) FROM channels c
           JOIN telegram_messages t ON t.channel_id = c.id GROUP BY 1, 2, 3""",
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("kind", [*UNKNOWN, "replies", "personal_chat", "bot_chat"])
def test_several_strangers_are_nobodys_direct_messages(tenant: str, tmp_path: Path, kind: Any) -> None:
    """Without a word on whose account it is, nothing lands; a person says it with --owner. The same when replayed."""
    path = pipeline.write_export(tmp_path, desk(kind))
    with pytest.raises(TgAssetsError, match=r"not say whose.*--owner"):
        pipeline.import_path(path, tenant)
    assert set(pipeline.counts(tenant, ["channels", "telegram_messages"]).values()) == {0}
    with open_archive(path) as archive, pytest.raises(TgAssetsError, match="--owner"):
        Replay(archive, tenant, lambda _, __: None).survey()


@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_unknown_type_is_a_group_of_the_account(tenant: str, tmp_path: Path, kind: Any) -> None:
    """Which the export or a person names; nobody else finds it."""
    assert landed(tenant, tmp_path, account(desk(kind), user_id=ME)) == [("persona", -BARE, ME, 3, True)]
    assert landed(tenant, tmp_path, desk(kind), owner_id=ME) == [("persona", -BARE, ME, 3, True)]
    with open_archive(pipeline.write_export(tmp_path, desk(kind))) as archive:
        replay = Replay(archive, tenant, lambda _, __: None, owner_id=ME)
        replay.survey()
        events = [event for event in replay.events() if event]
    assert {event.chat for event in events if event.chat} == {events[0].chat}
    assert (events[0].source, events[0].tg_channel_id, events[0].owner_id) == ("persona", -BARE, ME)


def test_an_unknown_type_between_two_is_what_its_members_say(tenant: str, tmp_path: Path) -> None:
    assert landed(tenant, tmp_path, account(desk(None, 700, ME, bare=700), user_id=ME)) == [("dm", -700, ME, 2, True)]


@pytest.mark.parametrize("authors", [(ME,), (ME, 700, 701), (ME, 700, "channel9"), (701,)])
def test_else_it_is_a_group(tenant: str, tmp_path: Path, authors: tuple[int | str, ...]) -> None:
    """If the other one never wrote, a third did, or a channel."""
    export = account(desk("", *authors, bare=700), user_id=ME)
    assert landed(tenant, tmp_path, export) == [("persona", -700, ME, len(authors), True)]


def test_replies_belong_to_the_account(tenant: str, tmp_path: Path) -> None:
    """Whoever wrote what they show."""
    assert landed(tenant, tmp_path, desk("replies"), owner_id=ME) == [("dm", -BARE, ME, 3, True)]


def test_direct_messages_with_a_channel(tenant: str, tmp_path: Path) -> None:
    """Desktop calls them a personal chat: the channel writes in it, and the id is a channel's."""
    export = desk("personal_chat", ME, "channel1900000100", ME)
    assert landed(tenant, tmp_path, export) == [("persona", -1_000_000_000_000 - BARE, ME, 3, True)]


def test_direct_messages_with_a_channel_are_not_followed() -> None:
    """Their entity looks like a supergroup; each sees a conversation of their own in it."""
    from telethon.tl.types import Channel, ChatPhotoEmpty

    from tg_assets.history.dialogs import dialog_of

    found = [
        dialog_of(Channel(BARE, "Desk", ChatPhotoEmpty(), None, megagroup=True, monoforum=monoforum))
        for monoforum in (True, False)
    ]
    assert [(one.type, one.is_shared) for one in found if one] == [("group", False), ("group", True)]


@pytest.mark.parametrize("kind", [*UNKNOWN, "personal_chat"])
def test_a_chat_with_login_codes_is_never_read_whatever_its_type(kind: Any) -> None:
    """A small group may have that number, but only if it says that it is one."""
    (codes,), _ = read(desk(kind, bare=777000))
    (group,), _ = read(desk("private_group", bare=777000))
    assert OffLimits().has_exported(codes)
    assert not OffLimits().has_exported(group)


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (b'{"tg_channel_id": 777000, "source": "dm", "text": 1', True),
        (b'{"sender_tg_id": "777000", "source": "dm"', True),
        (b'{"sender_tg_id": 777000', True),
        (b'{"sender_tg_id": 777000, "source": "group", "tg_channel_id": -100123', False),
        (b'{"source":"channel","sender_tg_id":42777', False),
        (b'{"sender_tg_id": 7770001, "source": "dm"', False),
    ],
)
def test_an_unusable_entry_is_kept_unless_it_is_of_such_a_chat(entry: bytes, named: bool) -> None:
    """In a group posts of the channel that it belongs to may have Telegram as their sender."""
    assert OffLimits().is_in(entry) is named
