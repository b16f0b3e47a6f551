"""Every chat that an account reads: channels, groups, direct messages, imported ones; and those that are closed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from telethon.tl.functions.channels import GetMessagesRequest

from tests.downloading.support import Reader, content, news, post
from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tests.telegram_server.world import START
from tg_assets.downloading.limits import GONE, HIDDEN, NO_FILE
from tg_assets.history.reach import open_way
from tg_assets.ids import channel_id

Connect = Callable[[World], Loopback]
Read = Callable[[World], Reader]


def test_direct_messages_and_groups(connect: Connect) -> None:
    """Files of an account's own chats come, and are fetched anew by the ids that this account has for them."""
    world = World()
    me, ann = world.user("Me"), world.user("Ann")
    kitchen, club = world.group("Kitchen", [me, ann]), world.supergroup("Club", [me, ann])
    world.send(ann, "so that ids differ", sender=world.user("Bob"))
    for number, (chat, sender) in enumerate([(me, ann), (ann, me), (kitchen, ann), (club, ann), (me, me)]):
        world.send(chat, "look", sender=sender, media=world.photo(content(100, number)))
    loop = connect(world)
    loop.log_in(me, "me")
    loop.sideload()
    world.expire_references()
    feeds = [row.feed for row in loop.rows("SELECT DISTINCT feed FROM channels")]
    for feed in feeds:
        Reader(loop, feed).download()
    stored = loop.rows("SELECT m->>'key' AS key FROM telegram_messages, jsonb_array_elements(media) m")
    assert {pipeline.objects().get(row.key) for row in stored} == {content(100, number) for number in range(5)}
    assert not loop.errors()


def exported(messages: list[dict[str, Any]], channel: int) -> dict[str, Any]:
    """A Desktop export of a channel."""
    return {"name": "News", "type": "public_channel", "id": channel, "messages": messages}


def desktop(number: int, **fields: Any) -> dict[str, Any]:
    """A message of an export, posted on New Year."""
    unix = int((START + timedelta(minutes=number)).timestamp())
    return {
        "id": number, "type": "message", "date": "2026-01-01T00:00:00", "date_unixtime": str(unix), "from": "News",
        "from_id": "channel1", "text": "look", "text_entities": [], **fields,
    }  # fmt: skip


NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"


@pytest.fixture
def imported(connect: Connect, tmp_path: Path) -> Reader:
    """A channel that was imported without its files, and that an account reads; message 4 was never there."""
    world, me, channel = news()
    post(world, world.photo(content(100)), world.document(content(200), "a.pdf", mime_type="application/pdf"),
         world.video(content(300)))  # fmt: skip
    loop = connect(world)
    path = pipeline.write_export(
        tmp_path / "export",
        exported(
            [
                desktop(1, photo=NOT_INCLUDED, width=800, height=600),
                desktop(2, file=NOT_INCLUDED, mime_type="application/pdf"),
                desktop(3, file=NOT_INCLUDED, thumbnail=NOT_INCLUDED, media_type="video_file", mime_type="video/mp4"),
                desktop(4, photo=NOT_INCLUDED, width=8, height=6),
            ],
            channel.id,
        ),
    )
    (report,) = pipeline.import_path(path, loop.tenant)
    account = loop.log_in(me, "me")
    with pipeline.postgres().tenant(loop.id) as session, session.transaction() as connection:
        open_way(connection, account.id, channel_id(loop.id, channel.marked_id), channel.access_hash)
    return Reader(loop, report.feed)


def test_imported_messages_get_their_files(imported: Reader) -> None:
    """What an export left out is fetched by the messages' numbers, many at once; previews stay left out."""
    done = imported.download()
    assert done.files == 3
    assert list(imported.stored().values()) == [content(100), content(200), content(300), None]
    assert [request for request in imported.loop.server.requests(GetMessagesRequest) if len(request.id) == 4]
    assert imported.items()[2]["file_name"] == "a.pdf"
    ((video,),) = imported.loop.rows("SELECT media FROM telegram_messages WHERE telegram_message_id = 3")
    assert [item["role"] for item in video if "sha256" in item] == ["primary"]


def test_edits_that_events_told(imported: Reader) -> None:
    """After an edit that only an event told of, the file is compared, once, and fetched when it is another."""
    world, (channel,) = imported.loop.world, imported.loop.world.channels.values()
    imported.download()
    world.edit(channel.box.messages[1], media=world.photo(content(100, 9)))
    imported.loop.rows(
        """UPDATE telegram_messages SET format = 'event', edited_at = now() + interval '1 second'
           WHERE telegram_message_id IN (1, 2) RETURNING 1"""
    )
    done = imported.download()
    assert (done.files, done.same) == (1, 1)
    assert list(imported.stored().values()) == [content(100, 9), content(200), content(300), None]
    imported.loop.rows("UPDATE telegram_messages SET edited_at = edited_at - interval '1 hour' RETURNING 1")
    assert imported.download().due_files == 0


def test_an_imported_message_that_is_gone(imported: Reader) -> None:
    """What an account never saw is not called deleted; it is not asked for again, unless a run is forced."""
    imported.download()
    assert imported.reasons()[4] == GONE
    assert imported.loop.stored() == [1, 2, 3, 4]
    assert imported.download().due_files == 0
    assert imported.download(force=True).due_files == 1


def test_a_chat_that_nobody_reads(imported: Reader) -> None:
    """Media of a chat without an account stay as they were."""
    imported.loop.rows("UPDATE user_channel SET is_active = false RETURNING 1")
    before = imported.items()
    assert imported.download().due_files == 0
    assert imported.items() == before


def test_a_message_that_was_deleted_meanwhile(read: Read) -> None:
    """A message that an account read and that is not there any more is deleted; the others get their files."""
    world, _, channel = news()
    post(world, *(world.photo(content(100, seed)) for seed in range(3)))
    reader = read(world)
    world.delete(channel.box.messages[2], announce=False)
    world.expire_references()
    done = reader.download()
    assert done.skipped == {GONE: 1}
    assert reader.loop.stored() == [1, 3]
    assert list(reader.stored().values()) == [content(100, 0), None, content(100, 2)]
    assert reader.download().due_files == 0


def test_a_message_that_is_hidden_from_who_asks(read: Read) -> None:
    """It was before the account came to the group, so it is not gone; who sees it may be asked later."""
    world, me, channel = news()
    post(world, *(world.photo(content(100, seed)) for seed in range(3)))
    reader = read(world)
    channel.hidden[me] = 2
    world.expire_references()
    assert reader.download().skipped == {HIDDEN: 2}
    assert reader.loop.stored() == [1, 2, 3]
    channel.hidden.clear()
    assert reader.download().files == 2


def test_media_without_a_file(read: Read) -> None:
    """A picture that has expired is settled with that reason, and nobody is asked."""
    from telethon.tl import types

    world, _, _ = news()
    post(world, types.MessageMediaPhoto(ttl_seconds=5))
    reader = read(world)
    done = reader.download()
    assert done.skipped == {NO_FILE: 1}
    assert reader.reasons() == {1: NO_FILE}
    assert not reader.asked()


def test_a_chat_that_is_closed(connect: Connect) -> None:
    """When one account cannot read the chat any more that is noted, and another one fetches the files."""
    world = World()
    me, you = world.user("Me", username="me"), world.user("You", username="you")
    channel = world.channel("News", [me, you])
    post(world, *(world.photo(content(100, seed)) for seed in range(20)))
    loop = connect(world)
    for user in (me, you):
        loop.log_in(user, str(user.username))
        (feed,) = loop.follow(user.username).feeds
    reader = Reader(loop, feed)
    reader.pull()
    world.kick(me, channel)
    world.expire_references()
    done = reader.download()
    assert list(reader.stored().values()) == [content(100, seed) for seed in range(20)]
    assert not done.problems
    assert loop.rows("SELECT problem FROM user_channel WHERE NOT is_active") == [
        ("account me cannot read it: ChannelPrivate",)
    ]
    loop.rows('UPDATE telegram_messages SET media = \'[{"role": "primary", "kind": "photo"}]\' RETURNING 1')
    world.kick(you, channel)
    world.expire_references()
    done = reader.download()
    assert done.files == 0
    assert done.problems == {"News": "account you cannot read it: ChannelPrivate"}
