"""Updates reach clients: pushed, lost, repeated, shuffled."""

from typing import Any

import pytest
from telethon import events
from telethon.tl import functions as f
from telethon.tl import types as t

from tests.telegram_server.entities import Channel
from tests.telegram_server.scene import Scene, listen
from tests.telegram_server.support import connected, eventually


@pytest.mark.parametrize("place", ["news", "talk", "group", "me"])
def test_live(place: str) -> None:
    """What happens in any chat reaches a connected client at once and in order."""
    scene = Scene()
    world = scene.world

    async def act() -> None:
        async with connected(scene.server.session(scene.me), sequential_updates=True) as client:
            heard = listen(client)
            sender = None if place == "news" else scene.bob
            message = world.send(getattr(scene, place), "hello", sender=sender)
            world.edit(message, "hello there")
            world.delete(message)
            await eventually(lambda: len(heard) == 3)
            number = message.id if isinstance(message.chat, Channel) else message.id_for(scene.me)
            assert heard == ["hello", ("edit", "hello there"), ("gone", [number])]

    scene.play(act)


def test_every_device_gets_it_and_nobody_else() -> None:
    """Updates go to all sessions and connections of members, and not to those who left or want none."""
    scene = Scene()

    async def act() -> None:
        mine = [scene.server.session(scene.me) for _ in range(3)]
        async with (
            connected(mine[0]) as a,
            connected(mine[1]) as b,
            connected(mine[1]) as b2,
            connected(mine[2], receive_updates=False) as deaf,
            connected(scene.server.session(scene.bob)) as c,
        ):
            heard = [listen(client) for client in (a, b, b2, deaf, c)]
            scene.world.send(scene.news, "one")
            scene.world.kick(scene.me, scene.talk)
            scene.world.send(scene.talk, "two", sender=scene.bob)
            await eventually(lambda: heard == [["one"], ["one"], ["one"], [], ["two"]])

    scene.play(act)


def test_silent_changes() -> None:
    """What is not announced changes the history and nothing else."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            heard = listen(client)
            first = scene.world.send(scene.news, "one", announce=False)
            scene.world.delete(first, announce=False)
            scene.world.send(scene.news, "two")
            await eventually(lambda: heard == ["two"])
            assert [m.text async for m in client.iter_messages(scene.news.input_peer)] == ["two"]

    scene.play(act)


def test_an_album_comes_together() -> None:
    """The messages of an album reach a client as one album."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            albums: list[list[int]] = []

            async def heard(event: Any) -> None:
                albums.append([m.id for m in event.messages])

            client.add_event_handler(heard, events.Album())
            sent = scene.world.album(scene.news, [scene.world.photo(bytes([i])) for i in range(4)])
            await eventually(lambda: albums == [[m.id for m in sent]])

    scene.play(act)


def test_updates_without_pts() -> None:
    """Reactions, views and poll votes are pushed without moving the pts."""
    scene = Scene()
    world = scene.world

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            heard: list[Any] = []

            async def raw(event: Any) -> None:
                heard.append(type(event))

            post = world.send(scene.news, media=world.poll("?", ["yes", "no"]), announce=False)
            client.add_event_handler(raw, events.Raw())
            before = scene.news.box.pts
            world.react(post, "🔥", sender=scene.bob)
            world.view(post, 10)
            world.vote(post, 1)
            kinds = {t.UpdateMessageReactions, t.UpdateChannelMessageViews, t.UpdateMessagePoll}
            await eventually(lambda: set(heard) == kinds)
            assert scene.news.box.pts == before

    scene.play(act)


def test_repeated_and_shuffled_updates() -> None:
    """A client sorts updates by pts and drops those it has."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me), sequential_updates=True) as client:
            heard = listen(client)
            scene.world.send(scene.news, "0")
            await eventually(lambda: heard == ["0"])
            with scene.world.held_updates() as held:
                for i in range(1, 4):
                    scene.world.send(scene.news, str(i))
            held.deliver(0, 0, 2, 1, 0)
            await eventually(lambda: len(heard) == 4)
            scene.world.send(scene.news, "4")
            await eventually(lambda: heard == ["0", "1", "2", "3", "4"])
            assert scene.server.requests(f.updates.GetChannelDifferenceRequest) == []

    scene.play(act)


def test_lost_updates() -> None:
    """After a hole in the pts a client asks the channel for the difference and gets what was lost."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            heard = listen(client)
            scene.world.send(scene.news, "seen")
            await eventually(lambda: heard == ["seen"])
            with scene.world.held_updates():
                scene.world.send(scene.news, "lost")
            scene.world.send(scene.news, "next")
            await eventually(lambda: sorted(heard) == ["lost", "next", "seen"])
            assert len(scene.server.requests(f.updates.GetChannelDifferenceRequest)) == 1

    scene.play(act)
