"""Histories are cut into pages as Telegram cuts them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.tl import functions as f
from telethon.tl import types as t

from tests.telegram_server import TelegramServer, World
from tests.telegram_server.entities import Channel, User
from tests.telegram_server.support import connected

START = datetime(2025, 3, 1, tzinfo=UTC)


def channel_of(count: int) -> tuple[World, User, Channel]:
    """A channel of `count` posts an hour apart, the first at START."""
    world = World()
    me = world.user("Me")
    news = world.channel("News", [me], username="news_channel")
    for i in range(count):
        world.send(news, f"post {i + 1}", date=START + timedelta(hours=i), announce=False)
    return world, me, news


def ask(world: World, user: User, question: Callable[[TelegramClient], Awaitable[Any]]) -> Any:
    """What `question` gets as `user`; the server must have no complaint."""

    async def run() -> Any:
        async with connected(server.session(user)) as client:
            return await question(client)

    with TelegramServer(world) as server:
        answer = asyncio.run(run())
        assert server.errors == []
    return answer


async def ids(client: TelegramClient, **arguments: Any) -> list[int]:
    return [m.id async for m in client.iter_messages("news_channel", wait_time=0, **arguments)]


def test_newest_first() -> None:
    """A history is walked from its newest message to its oldest, each once."""
    world, me, _ = channel_of(457)
    assert ask(world, me, ids) == list(range(457, 0, -1))


def test_oldest_first() -> None:
    """Walked in reverse, the same messages come oldest first."""
    world, me, _ = channel_of(457)
    assert ask(world, me, lambda c: ids(c, reverse=True)) == list(range(1, 458))


@pytest.mark.parametrize("last", [1, 350, 399, 457])
def test_what_is_new(last: int) -> None:
    """In reverse with `min_id` come exactly the messages after it."""
    world, me, _ = channel_of(457)
    assert ask(world, me, lambda c: ids(c, reverse=True, min_id=last)) == list(range(last + 1, 458))


def test_around_a_message() -> None:
    """A negative `add_offset` moves the page towards newer messages."""
    world, me, news = channel_of(300)
    request = f.messages.GetHistoryRequest(news.input_peer, 100, None, -10, 20, 0, 0, 0)
    page = ask(world, me, lambda c: c(request))
    assert [m.id for m in page.messages] == list(range(109, 89, -1))
    assert (page.count, page.pts) == (300, 1)


def test_beyond_the_newest() -> None:
    """A page that begins above the newest message has only what there is."""
    world, me, news = channel_of(30)
    request = f.messages.GetHistoryRequest(news.input_peer, 25, None, -100, 100, 0, 0, 0)
    assert [m.id for m in ask(world, me, lambda c: c(request)).messages] == list(range(30, 24, -1))


def test_bounds_do_not_move_the_page() -> None:
    """`min_id` and `max_id` leave messages out of a page, they do not choose another one."""
    world, me, news = channel_of(300)
    request = f.messages.GetHistoryRequest(news.input_peer, 0, None, 0, 100, 50, 0, 0)
    assert ask(world, me, lambda c: c(request)).messages == []


def test_at_most_a_hundred() -> None:
    """However many are asked for, a page has a hundred messages."""
    world, me, news = channel_of(300)
    request = f.messages.GetHistoryRequest(news.input_peer, 0, None, 0, 1000, 0, 0, 0)
    assert len(ask(world, me, lambda c: c(request)).messages) == 100


def test_before_a_date() -> None:
    """With `offset_date` come older messages, the one at that moment not among them."""
    world, me, _ = channel_of(457)
    day = START + timedelta(days=1)
    assert ask(world, me, lambda c: ids(c, offset_date=day)) == list(range(24, 0, -1))


def test_since_a_date() -> None:
    """In reverse, `offset_date` begins with the message at that moment."""
    world, me, _ = channel_of(457)
    day = START + timedelta(days=10)
    assert ask(world, me, lambda c: ids(c, offset_date=day, reverse=True)) == list(range(241, 458))


def test_gaps_in_ids() -> None:
    """Ids nobody has, and deleted ones, are left out of pages and empty when asked for."""
    world = World()
    me = world.user("Me")
    news = world.channel("News", [me], username="news_channel")
    for number in (5, 9, 12, 40):
        world.send(news, str(number), id=number)
    world.delete(news.box.messages[12], announce=False)

    async def both(client: TelegramClient) -> tuple[list[int], list[Any]]:
        return await ids(client), await client.get_messages("news_channel", ids=[9, 12, 13, 40])

    found, by_id = ask(world, me, both)
    assert found == [40, 9, 5]
    assert [m and m.text for m in by_id] == ["9", None, None, "40"]


def test_search() -> None:
    """A search finds text without regard to case, in pages, and counts what it found."""
    world, me, news = channel_of(150)
    for i in range(120):
        world.send(news, f"Слово {i}")
    assert ask(world, me, lambda c: ids(c, search="слово")) == list(range(270, 150, -1))


def test_search_by_kind_and_sender() -> None:
    """A search can be narrowed to one sender and one kind of media."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob")
    talk = world.supergroup("Talk", [me, bob], username="news_channel")
    world.send(talk, sender=bob, media=world.photo(b"1"))
    wanted = world.send(talk, sender=me, media=world.photo(b"2"))
    world.send(talk, sender=me, media=world.voice(b"3"))

    async def photos(client: TelegramClient) -> list[int]:
        return await ids(client, filter=t.InputMessagesFilterPhotos, from_user="me")

    assert ask(world, me, photos) == [wanted.id]


def test_an_edit_shows_in_history() -> None:
    """Text, reactions, views and pins are those of now."""
    world, me, news = channel_of(1)
    post = news.box.messages[1]
    world.edit(post, "changed", announce=False)
    world.react(post, "👍", count=3, announce=False)
    world.view(post, 77, announce=False)
    world.pin(post, service=False, announce=False)
    found = ask(world, me, lambda c: c.get_messages("news_channel", ids=1))
    assert (found.text, found.views, found.pinned) == ("changed", 77, True)
    assert [(r.reaction.emoticon, r.count) for r in found.reactions.results] == [("👍", 3)]
    assert found.edit_date is not None
