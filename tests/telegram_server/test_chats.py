"""Chats: who sees which, under which ids, and the lists of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as f
from telethon.tl import types as t

from tests.telegram_server import TelegramServer, World
from tests.telegram_server.support import connected
from tests.telegram_server.test_history import ask

START = datetime(2025, 3, 1, tzinfo=UTC)


def test_private_messages_have_ids_of_each_account() -> None:
    """One message has different ids in two accounts, and small groups share the numbers with private chats."""
    world = World()
    ann, bob, eve = world.user("Ann"), world.user("Bob"), world.user("Eve")
    group = world.group("Friends", [ann, bob])
    world.send(eve, "before", sender=bob)
    hello = world.send(bob, "hello", sender=ann)
    world.send(group, "all", sender=bob)
    reply = world.send(ann, "hi", sender=bob, reply_to=hello)

    async def seen(client: TelegramClient, *chats: int) -> list[list[tuple[int, str, bool, int | None]]]:
        await client.get_dialogs()
        return [
            [(m.id, m.text, m.out, m.reply_to_msg_id) async for m in client.iter_messages(chat, reverse=True)]
            for chat in chats
        ]

    assert ask(world, ann, lambda c: seen(c, bob.id, -group.id)) == [
        [(1, "hello", True, None), (3, "hi", False, 1)],
        [(2, "all", False, None)],
    ]
    assert ask(world, bob, lambda c: seen(c, ann.id, -group.id, eve.id)) == [
        [(2, "hello", False, None), (4, "hi", True, 2)],
        [(3, "all", True, None)],
        [(1, "before", True, None)],
    ]
    assert (reply.id, reply.id_for(ann)) == (4, 3)


def test_saved_messages() -> None:
    """What an account sends itself is there once."""
    world = World()
    me = world.user("Me")
    world.send(me, "note", sender=me)

    async def notes(client: TelegramClient) -> list[str]:
        return [m.text async for m in client.iter_messages("me")]

    assert ask(world, me, notes) == ["note"]


@pytest.mark.parametrize("step", [timedelta(0), timedelta(minutes=1)])
def test_dialogs_page_by_page(step: timedelta) -> None:
    """Every dialog comes once over many pages, also when their last messages are of the same second."""
    world = World()
    me = world.user("Me")
    chats = []
    for i in range(250):
        chat = world.user(f"U{i}") if i % 3 else world.channel(f"C{i}", [me])
        world.send(chat, "x", sender=me if i % 3 else None, date=START + i * step)
        chats.append(chat)
    me.pinned = [chats[0], chats[100]]
    found = ask(world, me, lambda c: c.get_dialogs())
    assert [d.id for d in found[:2]] == [chats[0].marked_id, chats[100].marked_id]
    assert sorted(d.id for d in found) == sorted(c.marked_id for c in chats)
    if step:
        rest = [c.marked_id for i, c in enumerate(chats) if i not in (0, 100)]
        assert [d.id for d in found[2:]] == rest[::-1]


def test_archive_and_folders() -> None:
    """Archived dialogs are in folder 1, other folders are filters with peers and flags."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob")
    news, old = world.channel("News", [me]), world.channel("Old", [me])
    me.archived.add(old)
    world.folder(me, "Work", [news, bob], groups=True)

    async def lists(client: TelegramClient) -> tuple[list[str], list[str], Any]:
        filters = await client(f.messages.GetDialogFiltersRequest())
        main = [d.name async for d in client.iter_dialogs(folder=0)]
        return main, [d.name async for d in client.iter_dialogs(folder=1)], filters.filters

    main, archive, (everything, work) = ask(world, me, lists)
    assert (main, archive) == (["News"], ["Old"])
    assert isinstance(everything, t.DialogFilterDefault)
    assert (work.title.text, work.groups, work.include_peers) == ("Work", True, [news.input_peer, bob.input_peer])


def test_access_hashes_are_checked() -> None:
    """A peer asked for with a wrong access hash does not exist."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob")
    news = world.channel("News", [me])

    async def cheat(client: TelegramClient) -> None:
        with pytest.raises(errors.ChannelInvalidError):
            await client.get_messages(t.InputPeerChannel(news.id, 1))
        with pytest.raises(errors.PeerIdInvalidError):
            await client.get_messages(t.InputPeerUser(bob.id, 1))

    ask(world, me, cheat)


def test_private_channels_are_for_members() -> None:
    """Who is kicked cannot read a private channel any more; a public one is open to everybody else."""
    world = World()
    me = world.user("Me")
    secret, public = world.channel("Secret", [me]), world.channel("Public", username="public_one")
    world.send(public, "open")

    async def read(client: TelegramClient) -> list[str]:
        await client.get_messages(secret.input_peer)
        world.kick(me, secret)
        with pytest.raises(errors.ChannelPrivateError):
            await client.get_messages(secret.input_peer)
        assert secret.title not in [d.name async for d in client.iter_dialogs()]
        return [m.text async for m in client.iter_messages("public_one")]

    assert ask(world, me, read) == ["open"]


def test_full_chats() -> None:
    """Full chats tell the linked group, the members and where a migrated group came from."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob", deleted=True)
    talk = world.supergroup("Talk", [me, bob])
    news = world.channel("News", [me], discussion=talk)
    group = world.group("Small", [me, bob])
    moved = world.migrate(group, sender=me)

    async def look(client: TelegramClient) -> list[Any]:
        full = await client(f.channels.GetFullChannelRequest(news.input_peer))
        new = await client(f.channels.GetFullChannelRequest(moved.input_peer))
        members = await client.get_participants(talk.input_peer)
        old = await client(f.messages.GetFullChatRequest(group.id))
        return [full.full_chat.linked_chat_id, new.full_chat.migrated_from_chat_id, members, old.chats[0].migrated_to]

    linked, origin, members, target = ask(world, me, look)
    assert (linked, origin, target.channel_id) == (talk.id, group.id, moved.id)
    assert [(m.id, m.deleted) for m in members] == [(me.id, False), (bob.id, True)]


def test_names_are_resolved() -> None:
    """A username leads to a user or channel; one nobody has is refused."""
    world = World()
    me = world.user("Me")
    world.user("Bob", username="bobby")

    async def find(client: TelegramClient) -> str:
        with pytest.raises(ValueError, match="nobody_here"):
            await client.get_entity("nobody_here")
        return (await client.get_entity("Bobby")).first_name

    assert ask(world, me, find) == "Bob"


def test_unknown_methods_are_reported() -> None:
    """A method the server lacks is refused and listed among its errors."""
    world = World()
    me = world.user("Me")

    async def run(server: TelegramServer) -> None:
        async with connected(server.session(me)) as client:
            with pytest.raises(errors.InputMethodInvalidError):
                await client(f.help.GetSupportRequest())

    with TelegramServer(world) as server:
        asyncio.run(run(server))
        assert [str(e) for e in server.errors] == ["GetSupportRequest"]
