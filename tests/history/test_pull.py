"""Pulling a feed's window from a real MTProto peer: exactly the window, once, and on from where it stopped."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from telethon.tl import types as tl
from telethon.tl.functions.messages import GetHistoryRequest

from tests.support.telegram import Loopback
from tests.telegram_server import FloodWait, World
from tests.telegram_server.faults import RpcError
from tg_assets.accounts.budget import FloodTooLong
from tg_assets.errors import TgAssetsError
from tg_assets.history.landing import Read
from tg_assets.history.reach import Reachable
from tg_assets.history.walk import Page

Connect = Callable[[World], Loopback]
JANUARY, FEBRUARY = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))
START = datetime(2026, 1, 1, tzinfo=UTC)


def news(messages: int = 590) -> World:
    """A channel with ten messages a day from New Year on, every eleventh of which is gone."""
    world = World()
    me = world.user("Me", username="me")
    channel = world.channel("News", [me], username="news")
    for number in range(messages):
        message = world.send(
            channel, f"message {number}", date=START + timedelta(days=number // 10, minutes=number % 10)
        )
        if number % 11 == 5:
            world.delete(message, announce=False)
    world.clock = START + timedelta(days=90)
    return world


def alive(world: World, first: date, last: date) -> list[int]:
    """Ids of the channel's messages that are there, posted on these days."""
    (channel,) = world.channels.values()
    return sorted(number for number, message in channel.box.messages.items() if first <= message.date.date() <= last)


@pytest.fixture
def reader(connect: Connect) -> Loopback:
    """An account that follows the channel."""
    found = connect(news())
    (me,) = found.world.users.values()
    found.log_in(me, "me")
    assert found.follow().feeds == [f"{found.tenant}.news"]
    return found


def test_a_window_is_pulled_exactly(reader: Loopback) -> None:
    """A pull brings the messages of its window, all of them, and no other."""
    pulled = reader.pull(f"{reader.tenant}.news", *JANUARY)
    assert reader.stored() == alive(reader.world, *JANUARY)
    assert pulled.counts["new"] == len(reader.stored())
    assert not reader.errors()


def test_a_window_is_pulled_once(reader: Loopback) -> None:
    """What was read to the end is not asked for again; the next window is."""
    feed = f"{reader.tenant}.news"
    reader.pull(feed, *JANUARY)
    asked = len(reader.server.requests(GetHistoryRequest))
    assert reader.pull(feed, *JANUARY).counts["messages"] == 0
    assert len(reader.server.requests(GetHistoryRequest)) == asked
    reader.pull(feed, *FEBRUARY)
    assert reader.stored() == alive(reader.world, JANUARY[0], FEBRUARY[1])


def test_no_page_is_asked_for_that_nobody_wants(reader: Loopback) -> None:
    """The next page is asked for ahead, but none behind the page that reaches beyond the window."""
    pulled = reader.pull(f"{reader.tenant}.news", *FEBRUARY)
    assert len(reader.stored()) == pulled.counts["new"] > 200
    assert len(reader.server.requests(GetHistoryRequest)) == pulled.counts["requests"] == 3


def test_an_interrupted_page_proves_nothing() -> None:
    """Of a page that is half taken in, no missing id counts as deleted."""
    chat = Reachable(uuid4(), -1000000000042, 0, "channel", "News", "news", "t.news", uuid4(), 1)
    read = Read(chat, START)
    messages = [tl.Message(number, tl.PeerChannel(42), START, "text") for number in range(100, 0, -1)]

    async def interrupted() -> None:
        task = asyncio.ensure_future(read.add(Page(messages, {}, [(1, 100)])))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(interrupted())
    assert 0 < len(read.present) < 100
    assert read.accounted == []


def test_ids_that_do_not_exist_are_accounted_for(reader: Loopback) -> None:
    """Between the first and the last message that were read no id stays unknown."""
    reader.pull(f"{reader.tenant}.news", JANUARY[0], FEBRUARY[1])
    ((stored, absent),) = reader.rows(
        """SELECT (SELECT sum(upper(r) - lower(r)) FROM unnest(stored) r)::int,
                  (SELECT sum(upper(r) - lower(r)) FROM unnest(absent) r)::int FROM coverage"""
    )
    assert stored == len(reader.stored())
    assert stored + absent == max(reader.stored())


def test_a_deletion_that_nobody_announced_is_found(reader: Loopback) -> None:
    """Reading a window again finds what is gone since."""
    feed = f"{reader.tenant}.news"
    reader.pull(feed, *JANUARY)
    gone = reader.stored()[3:6]
    (channel,) = reader.world.channels.values()
    reader.world.delete(*(channel.box.messages[number] for number in gone), announce=False)
    assert reader.pull(feed, *JANUARY, force=True).counts["deleted"] == 3
    assert reader.stored() == alive(reader.world, *JANUARY)


def test_a_deletion_beyond_the_window_marks_its_partition(reader: Loopback) -> None:
    """The last page reaches back into the month before, which the run does not make."""
    feed = f"{reader.tenant}.news"
    reader.pull(feed, *JANUARY)
    last = date(2026, 1, 31)
    gone = alive(reader.world, last, last)[0]
    (channel,) = reader.world.channels.values()
    reader.world.delete(channel.box.messages[gone], announce=False)
    assert reader.pull(feed, *FEBRUARY).counts["deleted"] == 1
    assert gone not in reader.stored()
    assert reader.rows("SELECT feed, date FROM dirty") == [(feed, last)]


@pytest.mark.parametrize("page", range(1, 6))
def test_a_flood_wait_costs_one_request(reader: Loopback, page: int) -> None:
    """After a wait the same page is asked for, and it is told until when it lasts."""
    feed = f"{reader.tenant}.news"
    reader.server.fault(GetHistoryRequest, FloodWait(1), at=page)
    reader.pull(feed, JANUARY[0], FEBRUARY[1])
    assert reader.stored() == alive(reader.world, JANUARY[0], FEBRUARY[1])
    asked = [(one.offset_id, one.offset_date) for one in reader.server.requests(GetHistoryRequest)]
    assert len(asked) == len(set(asked)) + 1
    assert any("to wait 1 s (GetHistory), until" in said for said in reader.said)
    assert reader.account().floods == 1


def test_a_wait_that_is_too_long_ends_the_run_and_keeps_what_was_read(
    reader: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run goes on where this one stopped, and does not ask before the wait is over."""
    feed = f"{reader.tenant}.news"
    reader.server.fault(GetHistoryRequest, FloodWait(1000), at=4)
    monkeypatch.setenv("TG_FLOOD_LIMIT_SECONDS", "10")
    with pytest.raises(FloodTooLong, match=r"wait until .* UTC \(GetHistory\)"):
        reader.pull(feed, JANUARY[0], FEBRUARY[1])
    kept = reader.stored()
    assert 290 <= len(kept) <= 300
    with pytest.raises(FloodTooLong):
        reader.pull(feed, JANUARY[0], FEBRUARY[1])
    assert len(reader.server.requests(GetHistoryRequest)) == 4
    reader.rows("UPDATE accounts SET flood_until = NULL RETURNING 1")
    reader.pull(feed, JANUARY[0], FEBRUARY[1])
    assert reader.stored() == alive(reader.world, JANUARY[0], FEBRUARY[1])
    assert len(reader.server.requests(GetHistoryRequest)) <= 8


def test_a_chat_that_is_closed_is_told_and_left_out(reader: Loopback) -> None:
    """A channel that puts the account out is an error that says so, and is not tried again."""
    reader.server.fault(GetHistoryRequest, RpcError(400, "CHANNEL_PRIVATE"), times=None)
    pulled = reader.pull(f"{reader.tenant}.news", *JANUARY)
    assert pulled.problems == {"News": "account me cannot read it: ChannelPrivate"}
    assert reader.rows("SELECT is_active, problem FROM user_channel") == [
        (False, "account me cannot read it: ChannelPrivate")
    ]


def test_a_session_is_used_by_one_process(reader: Loopback) -> None:
    """A second client of an account with one session is refused with a sentence that says what to do."""
    import asyncio

    from tests.support.pipeline import postgres
    from tg_assets.accounts.client import opened
    from tg_assets.settings import load_settings

    async def twice() -> None:
        values = (postgres(), load_settings(), reader.id, reader.account(), reader.said.append)
        async with opened(*values), opened(*values, wait=False):
            raise AssertionError

    with pytest.raises(TgAssetsError, match="All 1 sessions of account me are in use"):
        asyncio.run(twice())


def test_a_session_that_was_ended_elsewhere_is_forgotten(reader: Loopback) -> None:
    """Who was logged out by Telegram is told to log in again."""
    ((secret,),) = reader.rows("SELECT secret FROM account_sessions")
    from tg_assets.accounts.vault import vault
    from tg_assets.settings import load_settings

    reader.server.revoke(vault(load_settings()).open(bytes(secret)))
    with pytest.raises(TgAssetsError, match="tg-assets login --account me"):
        reader.pull(f"{reader.tenant}.news", *JANUARY)
    assert not reader.account().is_active
    assert reader.scalar("SELECT count(*) FROM account_sessions") == 0
