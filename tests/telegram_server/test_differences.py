"""A client that was away learns what happened meanwhile, or that it was too much."""

import pytest
from telethon import errors
from telethon.tl import functions as f
from telethon.tl import types as t

from tests.telegram_server.scene import Scene, listen
from tests.telegram_server.support import connected, eventually


def test_catching_up() -> None:
    """A client that was away gets what came meanwhile, from its account and its channels, and nothing twice."""
    scene = Scene()
    world = scene.world

    async def act() -> None:
        session = scene.saved(scene.me)
        async with connected(session) as client:
            heard = listen(client)
            await client.get_dialogs()
            world.send(scene.news, "before")
            world.send(scene.me, "before", sender=scene.bob)
            await eventually(lambda: len(heard) == 2)
        world.send(scene.news, "post")
        world.send(scene.me, "private", sender=scene.bob)
        world.send(scene.group, "group", sender=scene.bob)
        async with connected(session, catch_up=True) as client:
            heard = listen(client)
            await eventually(lambda: sorted(heard) == ["group", "post", "private"])
            world.send(scene.news, "after")
            await eventually(lambda: sorted(heard) == ["after", "group", "post", "private"])

    scene.play(act)


def test_the_difference_of_an_account() -> None:
    """The difference has new messages as they are now, edits and deletions with their pts, in slices."""
    scene = Scene()
    world = scene.world

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            state = await client(f.updates.GetStateRequest())
            old = world.send(scene.me, "0", sender=scene.bob)
            for i in range(1, 151):
                world.send(scene.me, str(i), sender=scene.bob)
            world.edit(old, "changed")
            world.delete(old)
            world.send(scene.news, "post")
            first = await client(f.updates.GetDifferenceRequest(state.pts, state.date, 0))
            assert isinstance(first, t.updates.DifferenceSlice)
            assert [m.message for m in first.new_messages] == [str(i) for i in range(1, 100)]
            reached = first.intermediate_state
            second = await client(f.updates.GetDifferenceRequest(reached.pts, state.date, 0))
            assert [m.message for m in second.new_messages] == [str(i) for i in range(100, 151)]
            gone, news = second.other_updates
            assert (gone.messages, gone.pts, gone.pts_count) == ([1], second.state.pts, 1)
            assert (news.channel_id, news.pts) == (scene.news.id, scene.news.box.pts)
            done = await client(f.updates.GetDifferenceRequest(second.state.pts, world.now(), 0))
            assert (await client(f.updates.GetStateRequest())).pts == second.state.pts
            assert not getattr(done, "new_messages", [])

    scene.play(act)


def test_forgotten_updates() -> None:
    """Updates the server forgot are too long gone: only the new pts is told."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            pts = scene.me.box.pts
            for _ in range(3):
                scene.world.send(scene.me, "x", sender=scene.bob)
                scene.world.send(scene.news, "x")
            scene.world.forget_updates()
            account = await client(f.updates.GetDifferenceRequest(pts, scene.world.now(), 0))
            assert isinstance(account, t.updates.DifferenceTooLong)
            assert account.pts == pts + 3
            request = f.updates.GetChannelDifferenceRequest(
                scene.news.input_peer, t.ChannelMessagesFilterEmpty(), 1, 100
            )
            channel = await client(request)
            assert isinstance(channel, t.updates.ChannelDifferenceTooLong)

    scene.play(act)


@pytest.mark.parametrize(("missed", "kind"), [(100, "ChannelDifference"), (101, "ChannelDifferenceTooLong")])
def test_a_gap_too_long(missed: int, kind: str) -> None:
    """Of a channel up to a hundred missed updates are told; more are skipped, with the latest messages instead."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            for i in range(missed):
                scene.world.send(scene.news, str(i))
            request = f.updates.GetChannelDifferenceRequest(
                scene.news.input_peer, t.ChannelMessagesFilterEmpty(), 1, 30
            )
            answer = await client(request)
            assert type(answer).__name__ == kind
            if kind == "ChannelDifference":
                assert (len(answer.new_messages), answer.pts, answer.final) == (30, 31, False)
            else:
                assert answer.dialog.pts == scene.news.box.pts
                assert len(answer.messages) == 100

    scene.play(act)


def test_impossible_pts() -> None:
    """A pts from the future is refused."""
    scene = Scene()

    async def act() -> None:
        async with connected(scene.server.session(scene.me)) as client:
            request = f.updates.GetChannelDifferenceRequest(
                scene.news.input_peer, t.ChannelMessagesFilterEmpty(), 99, 100
            )
            with pytest.raises(errors.PersistentTimestampInvalidError):
                await client(request)

    scene.play(act)
