"""Nothing is lost: neither by a stop, nor by a kill, nor while Redis, the network or Telegram's memory fails."""

import os
from pathlib import Path

import pytest
from telethon.tl.functions.messages import GetHistoryRequest

from tests.updates import child
from tests.updates.conftest import Place
from tests.updates.support import Switch, events, eventually, listening, same


def meanwhile(place: Place, count: int = 3) -> None:
    """Messages are posted, changed and taken back in every chat."""
    world, me, ada = place.world, place.me, place.ada
    for chat, sender, box in (
        (place.news, None, place.news.box), (place.talk, ada, place.talk.box),
        (place.circle, ada, me.box), (me, ada, me.box),
    ):  # fmt: skip
        there = [box.messages[number] for number in box.histories[ada if chat is me else chat]]
        for number in range(count):
            world.send(chat, f"meanwhile {number}", sender=sender)
        world.edit(there[0], f"{there[0].text}, changed")
        world.delete(world.send(chat, "already gone", sender=sender), *there[1:2])


def test_restart(place: Place) -> None:
    """What was posted, changed and deleted while nobody listened is there after the next start."""
    with place.listening():
        place.world.send(place.news, "heard")
        same(place.live, place.news, place.talk, user=place.me)
    meanwhile(place)
    asked = len(place.loopback.server.requests(GetHistoryRequest))
    with place.listening() as listener:
        same(place.live, place.news, place.talk, user=place.me)
    assert len(place.loopback.server.requests(GetHistoryRequest)) == asked  # all of it came as updates
    assert not place.errors(), listener.said


def test_first_start(place: Place) -> None:
    """An account that never listened fetches what is newer than what was read."""
    for number in range(150):
        place.world.send(place.news, f"between {number}")
    place.world.send(place.me, "between, too", sender=place.ada)
    with place.listening() as listener:
        same(place.live, place.news, place.talk, user=place.me)
        assert listener.listener.statuses[0].caught_up == 151


@pytest.mark.parametrize("where", child.PLACES)
def test_killed(place: Place, where: str) -> None:
    """Whatever moment a listener is killed at, the next one brings everything."""
    place.begun()
    meanwhile(place)
    child.run(place.live.tenant, where)
    place.world.send(place.news, "after the kill")
    with place.listening() as listener:
        same(place.live, place.news, place.talk, user=place.me)
    assert not place.errors(), listener.said


def test_redis_is_away(place: Place) -> None:
    """Events wait on disk while Redis is away, and are delivered in their order."""
    redis = Switch(place.redis)
    place.begun()
    with listening(place.loopback, redis=redis) as listener:
        redis.away = True
        sent = [place.world.send(place.news, f"news {number}").id for number in range(20)]
        eventually(lambda: listener.listener.publisher.spilled >= 20)
        assert events(place.redis, place.live.tenant) == []
        redis.away = False
        eventually(lambda: len(events(place.redis, place.live.tenant)) == 20)
    assert [event.telegram_message_id for _, event in events(place.redis, place.live.tenant)] == sent
    same(place.live, place.news, place.talk, user=place.me)


def test_stopped_while_redis_is_away(place: Place) -> None:
    """A listener that stops while Redis is away leaves its events for the next one."""
    redis = Switch(place.redis)
    place.begun()
    with listening(place.loopback, redis=redis) as listener:
        redis.away = True
        place.world.send(place.news, "kept on disk")
        eventually(lambda: listener.listener.publisher.spilled)
    left = list((Path(os.environ["TG_DATA_DIR"]) / "listen").glob("events-*.jsonl"))
    assert len(left) == 1
    with place.listening():
        eventually(lambda: len(events(place.redis, place.live.tenant)) == 1)
    assert not left[0].exists()


def test_gap_that_is_too_long(place: Place) -> None:
    """After a gap that Telegram does not tell update by update, messages, changes and deletions are found."""
    with place.listening():
        meanwhile(place)
        same(place.live, place.news, place.talk, user=place.me)
    meanwhile(place, count=60)
    place.world.forget_updates()
    with place.listening() as listener:
        same(place.live, place.news, place.talk, user=place.me)
        assert any("too much was missed" in line for line in listener.said)
    assert not place.errors()


def test_gap_killed_while_it_is_filled(place: Place) -> None:
    """A gap that was found and not filled yet is filled by the next listener."""
    with place.listening():
        meanwhile(place)
        same(place.live, place.news, place.talk, user=place.me)
    meanwhile(place, count=60)
    place.world.forget_updates()
    child.run(place.live.tenant, "received, not published")
    with place.listening():
        same(place.live, place.news, place.talk, user=place.me)


def test_gap_that_is_too_large(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a gap that is larger than a listener fetches, the newest messages come, and it says who brings the others."""
    monkeypatch.setenv("TG_LISTEN_MOST_MISSING", "100")
    last = [place.world.send(place.news, f"news {number}", announce=False).id for number in range(350)][-1]
    with place.listening() as listener:
        eventually(lambda: any("a backfill has to bring" in line for line in listener.said))
        eventually(lambda: len(events(place.redis, place.live.tenant)) >= 100)
    place.live.drain()
    numbers = place.live.numbers("source = 'channel' AND content LIKE 'news %'")
    assert numbers == list(range(last - len(numbers) + 1, last + 1))
    assert 100 <= len(numbers) <= 200


def test_connection_cut(place: Place) -> None:
    """A connection that breaks is made again, and what came meanwhile is fetched."""
    with place.listening() as listener:
        for number in range(3):
            with place.world.held_updates():
                meanwhile(place, count=2)
            place.loopback.server.cut_connections()
            place.world.send(place.news, f"after cut {number}")
        same(place.live, place.news, place.talk, user=place.me)
    assert not place.errors(), listener.said


def test_another_session(place: Place) -> None:
    """Another session of the account goes on where the last one stopped."""
    place.begun()
    meanwhile(place)
    place.loopback.log_in(place.me, "me")
    place.live.rows("UPDATE account_sessions SET number = number + 10 WHERE update_state IS NOT NULL RETURNING 1")
    asked = len(place.loopback.server.requests(GetHistoryRequest))
    with place.listening():
        same(place.live, place.news, place.talk, user=place.me)
    assert len(place.loopback.server.requests(GetHistoryRequest)) == asked
