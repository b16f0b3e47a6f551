"""A listener knows when it is deaf: Telegram has more than it was told."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from telethon.tl.functions.messages import GetPeerDialogsRequest

from tests.support import pipeline
from tests.updates.conftest import Place
from tests.updates.support import eventually, same
from tests.updates.test_losses import meanwhile
from tg_assets.history.reach import Reachable
from tg_assets.updates.chats import rhythms
from tg_assets.updates.silence import LONGEST, Silence


def chat() -> Reachable:
    return Reachable(uuid4(), -1000000000001, 0, "channel", None, None, "t.x", uuid4(), 1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any silence is suspicious."""
    monkeypatch.setenv("TG_LISTEN_SILENCE_SECONDS", "0")
    monkeypatch.setenv("TG_LISTEN_SILENCE_FACTOR", "0")


@pytest.mark.usefixtures("impatient")
def test_deaf_chats_are_caught_up(place: Place) -> None:
    """What Telegram did not push is found by asking, brought, and counted."""
    with place.listening() as listener:
        (status,) = listener.listener.statuses
        with place.world.held_updates():
            meanwhile(place)
        same(place.live, place.news, place.talk, user=place.me)
        eventually(lambda: status.deaf_ever >= 2)
        eventually(lambda: status.deaf == 0)
        assert any("deaf to" in line for line in listener.said)
    assert not place.errors(), listener.said


@pytest.mark.usefixtures("impatient")
def test_deaf_to_what_telegram_forgot(place: Place) -> None:
    """What it did not push and cannot tell any more comes from the history."""
    with place.listening() as listener:
        eventually(lambda: place.loopback.server.requests(GetPeerDialogsRequest))
        with place.world.held_updates():
            meanwhile(place)
        place.world.forget_updates()
        same(place.live, place.news, place.talk, user=place.me)
    assert not place.errors(), listener.said


@pytest.mark.usefixtures("impatient")
def test_many_deaf_chats_are_a_deaf_connection(place: Place) -> None:
    """When most of what was asked about was not heard, the account connects again."""
    more = [place.world.channel(f"More {number}", [place.me]) for number in range(5)]
    place.loopback.follow("me")
    with place.listening() as listener:
        for channel in more:
            place.world.send(channel, "heard")
        same(place.live, place.news, place.talk, *more)
        with place.world.held_updates():
            for channel in more:
                place.world.send(channel, "not heard")
        same(place.live, place.news, place.talk, *more)
        eventually(lambda: any("connecting again" in line for line in listener.said))
        place.world.send(more[0], "heard again")
        same(place.live, place.news, place.talk, *more)


def test_a_chat_that_is_heard_is_not_asked_about(place: Place) -> None:
    """A chat is left alone while its silence is not longer than usual."""
    with place.listening() as listener:
        eventually(lambda: place.loopback.server.requests(GetPeerDialogsRequest))
        asked = len(place.loopback.server.requests(GetPeerDialogsRequest))
        place.world.send(place.news, "here")
        same(place.live, place.news, place.talk)
        assert len(place.loopback.server.requests(GetPeerDialogsRequest)) == asked
        assert listener.listener.statuses[0].deaf_ever == 0


def test_rhythm(place: Place) -> None:
    """A chat's usual pause is what 95 of 100 of its last pauses do not reach."""
    start = datetime(2026, 1, 2, tzinfo=UTC)
    for number in range(100):  # ninety pauses of a minute, ten of an hour
        start += timedelta(minutes=1 if number % 10 else 60)
        place.world.send(place.talk, f"talk {number}", sender=place.ada, date=start)
    place.loopback.pull(f"{place.live.tenant}.talk", date(2026, 1, 1), start.date())
    ((talk,),) = place.live.rows("SELECT id FROM channels WHERE title = 'Talk'")
    ((news,),) = place.live.rows("SELECT id FROM channels WHERE title = 'News'")
    with pipeline.postgres().tenant(place.loopback.id) as session, session.transaction() as connection:
        assert rhythms(connection, [talk, news]) == {talk: 3600.0}


def test_suspicion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is suspicious beyond three usual pauses, never before ten minutes, always after six hours."""
    now = 1000.0
    monkeypatch.setattr("tg_assets.updates.silence.time.monotonic", lambda: now)
    quick, slow, unknown = chat(), chat(), chat()
    silence = Silence(600, 3)
    silence.measured({quick.id: 5.0, slow.id: 1800.0})
    assert [silence.limit(one.id) for one in (quick, slow, unknown)] == [600, 5400, LONGEST]
    everybody: Any = (quick, slow, unknown)
    assert silence.suspects(everybody) == []
    now += 601
    assert silence.suspects(everybody) == [quick]
    silence.broken([quick.id])
    assert silence.suspects(everybody) == []
    silence.suspect(unknown.id)
    assert silence.suspects(everybody) == [unknown]
    now += 6000
    assert silence.suspects(everybody) == [quick, slow, unknown]
