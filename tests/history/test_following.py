"""Following: feeds from an account's subscriptions or one of its folders, with their comments where that is wanted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.telegram import Loopback
from tests.telegram_server import World
from tg_assets.errors import TgAssetsError

Connect = Callable[[World], Loopback]
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def reader(connect: Connect) -> Loopback:
    """An account with two channels, one of which has a discussion, a supergroup, a small group and a private chat."""
    world = World()
    me, friend = world.user("Me", username="me"), world.user("Friend")
    talk = world.supergroup("Talk", [friend], username="talk")
    news = world.channel("News", [me], username="news", discussion=talk)
    world.channel("Sport", [me])
    forum = world.forum("Forum", [me, friend])
    world.group("Kitchen", [me, friend])
    world.send(me, "hello", sender=friend, date=START)
    post = world.send(news, "a post", date=START + timedelta(days=1))
    world.comment(post, "a comment", sender=friend, date=START + timedelta(days=2))
    world.folder(me, "Reading", [news, forum])
    world.clock = START + timedelta(days=90)
    found = connect(world)
    found.log_in(me, "me")
    return found


def test_subscriptions_become_feeds(reader: Loopback) -> None:
    """Each channel and supergroup has a feed; private chats are counted, not followed; again, nothing is new."""
    done = reader.follow()
    assert sorted(done.feeds) == [f"{reader.tenant}.{name}" for name in ("forum", "news", "sport")]
    assert (done.chats, done.private, done.closed) == (3, 2, 0)
    assert sorted(reader.follow().feeds) == sorted(done.feeds)
    assert reader.scalar("SELECT count(*) FROM user_channel WHERE is_active AND access_hash IS NOT NULL") == 3
    assert not reader.errors()


def test_a_folder_chooses(reader: Loopback) -> None:
    """Only what is in the folder is followed; a folder that is not there is an error that names those that are."""
    assert sorted(reader.follow(folder_title="Reading").feeds) == [f"{reader.tenant}.{x}" for x in ("forum", "news")]
    with pytest.raises(TgAssetsError, match=r"no folder 'Writing'\. There are: Reading"):
        reader.follow(folder_title="Writing")


def test_one_feed_for_all(reader: Loopback) -> None:
    """A collection holds every chat."""
    done = reader.follow(feed="all")
    assert done.feeds == [f"{reader.tenant}.all"]
    assert reader.rows("SELECT DISTINCT feed FROM channels") == [(f"{reader.tenant}.all",)]


def test_what_was_left_is_not_read_any_more(reader: Loopback) -> None:
    """A way closes when the account has left the chat; the chat and what was read stay."""
    reader.follow()
    (me, *_), sport = (
        reader.world.users.values(),
        next(one for one in reader.world.channels.values() if one.title == "Sport"),
    )
    reader.world.kick(me, sport, announce=False)
    assert reader.follow().closed == 1
    assert reader.rows("SELECT problem FROM user_channel WHERE NOT is_active") == [("the account has left it",)]


def test_comments_come_with_their_channel(reader: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TG_COMMENTS a channel's discussion is in its feed, though the account is not in the group."""
    monkeypatch.setenv("TG_COMMENTS", "true")
    assert reader.follow().discussions == 1
    reader.pull(f"{reader.tenant}.news", START.date(), (START + timedelta(days=30)).date())
    assert reader.rows(
        """SELECT c.title, string_agg(t.raw->>'message', ', ' ORDER BY telegram_message_id)
           FROM telegram_messages t JOIN channels c ON c.id = t.channel_id GROUP BY 1 ORDER BY 1"""
    ) == [("News", "a post"), ("Talk", "a post, a comment")]
