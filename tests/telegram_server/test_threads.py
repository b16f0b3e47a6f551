"""Topics, comments, reply chains, albums, forwards."""

from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions as f

from tests.telegram_server import World
from tests.telegram_server.test_history import ask


def test_topics_of_a_forum() -> None:
    """Topics are listed page by page, latest first, and each has its own messages; General has the rest."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob")
    forum = world.forum("Forum", [me, bob])
    topics = [world.topic(forum, f"T{i}", creator=bob) for i in range(150)]
    first = world.send(forum, "one", sender=bob, topic=topics[0])
    answer = world.send(forum, "two", sender=me, reply_to=first)
    loose = world.send(forum, "loose", sender=me)

    async def look(client: TelegramClient) -> tuple[list[int], list[Any], list[int]]:
        listed, date, top, topic = [], None, 0, 0
        while True:
            page = await client(f.messages.GetForumTopicsRequest(forum.input_peer, date, top, topic, 100))
            if not page.topics:
                break
            listed += [one.id for one in page.topics]
            topic, top = page.topics[-1].id, page.topics[-1].top_message
            date = next(m.date for m in page.messages if m.id == top)
        inside = [m async for m in client.iter_messages(forum.input_peer, wait_time=0, reply_to=topics[0].id)]
        general = [m.id async for m in client.iter_messages(forum.input_peer, wait_time=0, reply_to=1)]
        return listed, inside, general

    listed, inside, general = ask(world, me, look)
    assert listed == [1, topics[0].id, *(topic.id for topic in reversed(topics[1:]))]
    assert [m.id for m in inside] == [answer.id, first.id]
    header, direct = inside[0].reply_to, inside[1].reply_to
    assert (header.forum_topic, header.reply_to_msg_id, header.reply_to_top_id) == (True, first.id, topics[0].id)
    assert (direct.forum_topic, direct.reply_to_msg_id, direct.reply_to_top_id) == (True, topics[0].id, None)
    assert general == [loose.id]


def test_comments_live_in_the_discussion_group() -> None:
    """A post is copied to the linked group; comments are replies to the copy and are found from the post."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob")
    talk = world.supergroup("Talk", [me, bob])
    news = world.channel("News", [me], discussion=talk)
    world.send(talk, "chatter", sender=bob)
    post = world.send(news, "post")
    comment = world.comment(post, "first", sender=bob)
    nested = world.send(talk, "second", sender=me, reply_to=comment)

    async def look(client: TelegramClient) -> tuple[Any, Any, list[Any]]:
        found = await client.get_messages(news.input_peer, ids=post.id)
        discussion = await client(f.messages.GetDiscussionMessageRequest(news.input_peer, post.id))
        return (
            found,
            discussion,
            [m async for m in client.iter_messages(news.input_peer, wait_time=0, reply_to=post.id)],
        )

    found, discussion, comments = ask(world, me, look)
    assert (found.replies.comments, found.replies.replies, found.replies.channel_id) == (True, 2, talk.id)
    (root,) = discussion.messages
    assert (root.fwd_from.channel_post, root.fwd_from.saved_from_msg_id) == (post.id, post.id)
    assert root.sender_id == news.marked_id
    assert [(m.id, m.chat_id) for m in comments] == [(nested.id, talk.marked_id), (comment.id, talk.marked_id)]
    headers = [(m.reply_to.reply_to_msg_id, m.reply_to.reply_to_top_id) for m in comments]
    assert headers == [(comment.id, root.id), (root.id, None)]


def test_a_post_without_discussion_has_no_thread() -> None:
    """Comments of a channel without a linked group are refused."""
    world = World()
    me = world.user("Me")
    news = world.channel("News", [me])
    post = world.send(news, "post")

    async def look(client: TelegramClient) -> None:
        with pytest.raises(errors.MsgIdInvalidError):
            await client.get_messages(news.input_peer, reply_to=post.id)

    ask(world, me, look)


def test_an_album_across_pages() -> None:
    """An album has one group id and consecutive ids, and may be split over two pages."""
    world = World()
    me = world.user("Me")
    news = world.channel("News", [me])
    album = world.album(news, [world.photo(bytes([i])) for i in range(10)], "caption")
    for i in range(95):
        world.send(news, str(i))

    async def pages(client: TelegramClient) -> list[list[int | None]]:
        first = await client.get_messages(news.input_peer, limit=100)
        second = await client.get_messages(news.input_peer, limit=100, offset_id=first[-1].id)
        return [[m.grouped_id for m in page if m.grouped_id] for page in (first, second)]

    first, second = ask(world, me, pages)
    assert (len(first), len(second)) == (5, 5)
    assert {*first, *second} == {album[0].grouped_id}
    assert [m.text for m in album] == ["caption"] + [""] * 9


def test_forwards_name_the_source() -> None:
    """A forward names its author, of a post its number, through several hands; hidden authors only by name."""
    world = World()
    me, bob = world.user("Me"), world.user("Bob")
    news, talk = world.channel("News"), world.supergroup("Talk", [me, bob])
    album = world.album(news, [world.photo(b"1"), world.photo(b"2")])
    copies = world.forward(album, talk, sender=bob)
    world.forward(copies[0], talk, sender=me)
    world.forward(world.send(talk, "mine", sender=bob), talk, sender=me, hidden="Somebody")

    async def read(client: TelegramClient) -> list[Any]:
        return [m async for m in client.iter_messages(talk.input_peer, wait_time=0, reverse=True)]

    one, two, again, _, hidden = ask(world, me, read)
    assert one.grouped_id == two.grouped_id != album[0].grouped_id
    assert [m.forward.channel_post for m in (one, two, again)] == [album[0].id, album[1].id, album[0].id]
    assert one.forward.chat.title == "News"
    assert (hidden.forward.from_name, hidden.forward.sender_id) == ("Somebody", None)
