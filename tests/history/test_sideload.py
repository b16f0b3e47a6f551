"""Sideloading of dialogs: direct messages and groups of an account, seen by nobody else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from telethon.tl.functions.messages import GetDialogsRequest, GetHistoryRequest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tests.telegram_server.faults import RpcError
from tg_assets.history.sideload import Wanted
from tg_assets.ledger.outbox import relay

Connect = Callable[[World], Loopback]
START = datetime(2026, 1, 1, tzinfo=UTC)


def people(dialogs: int = 3, messages: int = 12) -> World:
    """Ann and Bob, who both talk to Cid, and to others; a small group, a supergroup and a channel."""
    world = World()
    ann, bob, cid = (world.user(name, username=name.lower()) for name in ("Ann", "Bob", "Cid"))
    for number in range(dialogs - 1):
        other = world.user(f"Friend {number}")
        world.send(ann, f"hello from {number}", sender=other, date=START + timedelta(hours=number))
    for number in range(messages):
        mine = number % 3 == 0
        world.send(cid if mine else ann, f"dm {number}", sender=ann if mine else cid,
                   date=START + timedelta(days=number))  # fmt: skip
        world.send(cid, f"bob's {number}", sender=bob, date=START + timedelta(days=number, minutes=1))
    kitchen = world.group("Kitchen", [ann, bob, cid])
    forum = world.supergroup("Neighbours", [ann, bob, cid])
    news = world.channel("News", [ann], username="news")
    for number in range(messages):
        for chat, sender in ((kitchen, ann if number % 2 else bob), (forum, cid), (news, None)):
            world.send(chat, f"{chat.title} {number}", sender=sender, date=START + timedelta(days=number, minutes=2))
    world.clock = START + timedelta(days=90)
    return world


def user(loop: Loopback, name: str) -> object:
    """A user of the world by first name."""
    return next(one for one in loop.world.users.values() if one.first_name == name)


@pytest.fixture
def ann(connect: Connect) -> Loopback:
    """Ann's account."""
    found = connect(people())
    found.log_in(user(found, "Ann"), "ann")
    return found


def test_dialogs_are_read_and_counted(ann: Loopback) -> None:
    """Direct messages and groups come in, channels do not; the report adds up; again, nothing does."""
    done = ann.sideload()
    assert dict(done.stats) == {
        "dialogs_processed": 5, "messages_imported": 38, "dm_messages": 14, "group_messages": 24, "errors": 0,
        "skipped": 0, "never_read": 0, "not_on_list": 0,
    }  # fmt: skip
    assert done.feeds == {f"{ann.tenant}.ann-dm", f"{ann.tenant}.ann-groups"}
    assert ann.sideload().stats["messages_imported"] == 0
    assert not ann.errors()


def test_the_checks_that_people_run_answer(ann: Loopback) -> None:
    """Rows by source, virtual channels and events are there, after ``posts``."""
    done = ann.sideload()
    for feed in done.feeds:
        pipeline.materialize(feed, "2026-01-01", "2026-01-31", ["posts"])
    assert ann.scalar("SELECT count(*) FROM posts WHERE source = 'dm'") == 14
    assert ann.scalar("SELECT count(*) FROM group_messages WHERE source = 'group'") == 12
    assert ann.scalar("SELECT count(*) FROM group_messages WHERE source = 'persona'") == 12
    assert ann.scalar("SELECT count(*) FROM channels WHERE tg_channel_id < 0 AND source = 'dm'") == 3
    redis = pipeline.redis()
    before = redis.xlen("stream:persona:messages:ingested")
    with pipeline.postgres().tenant(ann.id) as session:
        relay(session, redis)
    assert redis.xlen("stream:persona:messages:ingested") - before == 38


def test_limit_and_since_bound_what_is_read(ann: Loopback) -> None:
    """At most so many of the newest messages, none before the date; a higher limit brings the rest."""
    ann.sideload(wanted=Wanted(("dm",), 2))
    assert ann.scalar("SELECT count(*) FROM telegram_messages") == 4
    ann.sideload(wanted=Wanted(("dm",), 2))
    assert ann.scalar("SELECT count(*) FROM telegram_messages") == 4
    ann.sideload(wanted=Wanted(("dm",), 5, START + timedelta(days=8)))
    assert ann.scalar("SELECT min(posted_at) FROM telegram_messages WHERE raw->>'message' LIKE 'dm%'") == (
        START + timedelta(days=8)
    )
    ann.sideload()
    assert ann.scalar("SELECT count(*) FROM telegram_messages") == 38


def test_a_dialog_that_fails_does_not_stop_the_others(ann: Loopback) -> None:
    """Its trouble is counted by kind, and the next run reads it."""
    ann.server.fault(GetHistoryRequest, RpcError(400, "CHANNEL_PRIVATE"), at=3)
    done = ann.sideload()
    assert done.stats["errors"] == 1
    assert done.problems == {"ChannelPrivate": 1}
    assert 0 < done.stats["messages_imported"] < 38
    assert done.stats["messages_imported"] + ann.sideload().stats["messages_imported"] == 38


def test_a_list_that_was_interrupted_goes_on_at_its_page(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies on the third page of dialogs does not read the first two again."""
    monkeypatch.setenv("TG_TELEGRAM_PATIENCE_SECONDS", "0")
    found = connect(people(dialogs=230))
    found.log_in(user(found, "Ann"), "ann")
    found.server.fault(GetDialogsRequest, RpcError(500, "INTERNAL"), times=None, at=3)
    with pytest.raises(Exception, match="INTERNAL"):
        found.sideload()
    asked = len(found.server.requests(GetDialogsRequest))
    found.server.faults.clear()
    done = found.sideload()
    assert [one.offset_id != 0 for one in found.server.requests(GetDialogsRequest)[asked:]] == [True]
    assert found.scalar("SELECT count(*) FROM telegram_messages") == 12 + 229 + 24
    assert done.stats["messages_imported"] < 100


def test_two_accounts_share_nothing(ann: Loopback) -> None:
    """Two accounts of one tenant that talk to the same person, and sit in the same groups, have chats of their own."""
    ann.log_in(user(ann, "Bob"), "bob")
    ann.sideload("ann")
    ann.sideload("bob")
    owners = ann.rows("SELECT owner_id, count(*), count(DISTINCT id) FROM channels GROUP BY 1 ORDER BY 1")
    assert owners == [(user(ann, "Ann").id, 5, 5), (user(ann, "Bob").id, 3, 3)]
    texts = dict(
        ann.rows("""SELECT c.owner_id, string_agg(DISTINCT left(t.raw->>'message', 5), ',')
                    FROM telegram_messages t JOIN channels c ON c.id = t.channel_id WHERE c.source = 'dm' GROUP BY 1""")
    )
    assert "bob's" not in texts[user(ann, "Ann").id]
    assert texts[user(ann, "Bob").id] == "bob's"


def test_a_followed_supergroup_is_not_read_a_second_time(ann: Loopback) -> None:
    """What the tenant follows everybody sees already."""
    ann.follow()
    ann.pull(f"{ann.tenant}.neighbours", START.date(), (START + timedelta(days=60)).date())
    assert ann.sideload().stats["group_messages"] == 12
    assert ann.rows("SELECT source, owner_id FROM channels WHERE title = 'Neighbours'") == [("group", 0)]
