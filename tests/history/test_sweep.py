"""The sweep: what Telegram never announced is found by asking for ids, within a budget."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from telethon.tl.functions.channels import GetMessagesRequest as GetChannelMessagesRequest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tg_assets.history.pull import Pulled, Puller
from tg_assets.history.sweep import Sweep
from tg_assets.settings import load_settings

Connect = Callable[[World], Loopback]
START = datetime(2026, 1, 1, tzinfo=UTC)


def sweep(loop: Loopback, requests: int = 500) -> Pulled:
    """One run of the job's work for the tenant."""
    settings = load_settings()
    puller = Puller(pipeline.postgres(), settings, loop.id, loop.tenant, loop.said.append, settings.start_date)
    asyncio.run(Sweep(puller, requests).run())
    return puller.pulled


@pytest.fixture
def reader(connect: Connect) -> Loopback:
    """A channel of 2,500 messages of which January and a bit was read, and a private chat."""
    world = World()
    me, friend = world.user("Me", username="me"), world.user("Friend")
    channel = world.channel("News", [me], username="news")
    for number in range(2500):
        world.send(channel, f"message {number}", date=START + timedelta(minutes=20 * number))
    for number in range(20):
        world.send(me, f"hello {number}", sender=friend, date=START + timedelta(hours=number))
    world.clock = START + timedelta(days=90)
    found = connect(world)
    found.log_in(me, "me")
    found.follow()
    found.pull(f"{found.tenant}.news", START.date(), (START + timedelta(days=30)).date())
    found.sideload()
    return found


def test_a_sweep_of_what_is_right_changes_nothing(reader: Loopback) -> None:
    """Every stored id is compared once, a hundred a request, and no history is read that nobody asked for."""
    before = reader.stored()
    done = sweep(reader)
    assert done.counts["compared"] == len(before)
    assert not done.partitions
    assert reader.stored() == before


def test_what_nobody_announced_is_found(reader: Loopback) -> None:
    """Deleted and edited messages, in channels and private chats, and the partitions that have to be made again."""
    (channel,) = reader.world.channels.values()
    me = next(user for user in reader.world.users.values() if user.first_name == "Me")
    some = [channel.box.messages[number] for number in (5, 6, 1500)]
    private = next(message for number, message in sorted(me.box.messages.items()) if message.text == "hello 7")
    reader.world.delete(*some, announce=False)
    reader.world.delete(private, announce=False)
    reader.world.edit(channel.box.messages[900], "was edited", announce=False)
    done = sweep(reader)
    assert done.counts["deleted"] == 4
    assert done.counts["changed"] == 1
    assert len(done.partitions) == 4
    assert reader.scalar("SELECT count(*) FROM telegram_messages WHERE deleted_at IS NOT NULL") == 4
    assert reader.scalar("SELECT count(*) FROM telegram_messages WHERE raw->>'message' = 'was edited'") == 1
    assert reader.scalar("SELECT count(DISTINCT (feed, date)) FROM dirty") == 4


def test_missed_messages_between_stored_ones_come_in(reader: Loopback) -> None:
    """A hole is asked for as well: what is there comes in, and what is not is absent."""
    (channel,) = reader.world.channels.values()
    ((id_,),) = reader.rows("SELECT id FROM channels WHERE title = 'News'")
    reader.world.delete(channel.box.messages[1000], announce=False)
    reader.rows("DELETE FROM telegram_messages WHERE telegram_message_id BETWEEN 1000 AND 1004 RETURNING 1")
    reader.rows("UPDATE coverage SET stored = stored - '{[1000,1004]}' WHERE channel_id = :id RETURNING 1", id=id_)
    assert sweep(reader).counts["new"] == 4
    ((absent,),) = reader.rows("SELECT absent::text FROM coverage WHERE channel_id = :id", id=id_)
    assert absent == "{[1000,1001)}"


def test_a_budget_is_kept_and_the_place_is_remembered(reader: Loopback) -> None:
    """Each run asks within its budget and goes on where the last one stopped, until everything was compared."""
    total = len(reader.stored())
    compared = []
    for _ in range(3):
        asked = len(reader.server.requests(GetChannelMessagesRequest))
        compared.append(sweep(reader, 9).counts["compared"])
        assert len(reader.server.requests(GetChannelMessagesRequest)) - asked <= 9
    assert sum(compared) >= total
    asked_ids = [one.id for request in reader.server.requests(GetChannelMessagesRequest) for one in request.id]
    assert set(asked_ids) == set(reader.stored("channel_id IN (SELECT id FROM channels WHERE title = 'News')"))
