"""Several accounts and tenants: each chat is published once, nothing is shared, and one's trouble is its own."""

import logging
import re
from typing import Any

import pytest
from telethon.tl.functions.updates import GetChannelDifferenceRequest, GetStateRequest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server.faults import FloodWait, RpcError
from tests.updates.conftest import Place
from tests.updates.support import events, eventually, listening, same
from tg_assets.accounts.vault import vault
from tg_assets.settings import load_settings


@pytest.fixture
def second(place: Place) -> str:
    """Another account of the tenant, which follows the same channels and talks to the same people."""
    bob = place.world.user("Bob", username="bob")
    for chat in (place.news, place.talk):
        place.world.join(bob, chat)
    place.world.send(bob, "hello, Bob", sender=place.ada)
    place.loopback.log_in(bob, "bob")
    place.loopback.follow("bob")
    place.loopback.sideload("bob")
    return "bob"


def numbers(place: Place) -> list[int]:
    """Ids of the posts that were published."""
    found = events(place.redis, place.live.tenant)
    return [event.telegram_message_id for kind, event in found if kind == "parsed" and event.source == "channel"]


def test_two_accounts_follow_one_channel(place: Place, second: str) -> None:
    """A channel that two accounts follow is published by one of them; private chats by their own."""
    place.begun()
    with place.listening() as listener:
        posted = [place.world.send(place.news, f"news {number}").id for number in range(5)]
        place.world.send(place.me, "to me", sender=place.ada)
        place.world.send(place.world.users[1003], "to Bob", sender=place.ada)
        eventually(lambda: len(events(place.redis, place.live.tenant)) >= 7)
        assert numbers(place) == posted
        owners = {e.owner_id: e.text for _, e in events(place.redis, place.live.tenant) if e.source == "dm"}
        assert owners == {place.me.id: "to me", 1003: "to Bob"}
        chats = {one.account: one.chats for one in listener.listener.statuses}
    assert chats == {"bob": 3, "me": 2}


def test_another_account_takes_over(place: Place, second: str) -> None:
    """When an account is logged out, it stops with a sentence, and another one publishes what both followed."""
    with place.listening() as listener:
        bob, me = listener.listener.statuses
        eventually(lambda: bob.state == me.state == "listening")
        for session in list(place.loopback.server.accounts.sessions.values()):
            if session.user is not None and session.user.id == 1003:
                place.loopback.server.accounts.revoke(session)
        eventually(lambda: bob.is_over)
        eventually(lambda: me.chats == 4)
        place.world.send(place.news, "still heard")
        same(place.live, place.news, place.talk, user=place.me)
        assert any("Log in again with `tg-assets login" in line for line in listener.said)
    account = place.loopback.account("bob")
    assert (account.is_active, account.problem) == (False, "logged out")


def test_session_in_use_elsewhere(place: Place, second: str) -> None:
    """A session that somebody else uses, too, ends; the other account goes on."""
    with place.listening() as listener:
        bob, me = listener.listener.statuses
        eventually(lambda: bob.state == me.state == "listening")
        fault = place.loopback.server.fault(GetStateRequest, RpcError(406, "AUTH_KEY_DUPLICATED"))
        eventually(lambda: fault.hits)
        eventually(lambda: [one for one in (bob, me) if one.is_over])
        (left,) = (one for one in (bob, me) if not one.is_over)
        assert left.state == "listening"
        assert any("AuthKeyDuplicated" in line for line in listener.said)


def test_no_account_is_left(place: Place) -> None:
    """When the last account is logged out, the listener ends with an error."""
    with place.listening() as listener:
        for session in list(place.loopback.server.accounts.sessions.values()):
            place.loopback.server.accounts.revoke(session)
        eventually(lambda: listener.is_over)
    assert "No account listens any more" in str(listener.problem)


def test_two_tenants_share_nothing(place: Place) -> None:
    """Two tenants whose accounts talk to the same person, and follow the same channel, each have their own."""
    bob = place.world.user("Bob", username="bob")
    place.world.join(bob, place.news)
    place.world.send(bob, "hello, Bob", sender=place.ada)
    other = Loopback(place.world, place.loopback.server, pipeline.new_tenant())
    other.log_in(bob, "bob")
    other.follow()
    other.sideload()
    with listening(place.loopback, other, redis=place.redis):
        place.world.send(bob, "only for Bob", sender=place.ada)
        place.world.send(place.me, "only for me", sender=place.ada)
        place.world.send(place.news, "for both")
        for who, mine in ((place.live.rows, "only for me"), (other.rows, "only for Bob")):

            def told(rows: Any = who) -> list[str]:
                place.live.drain()
                return [row[0] for row in rows("SELECT content FROM messages WHERE content LIKE '%for%' ORDER BY 1")]

            eventually(lambda told=told, mine=mine: told() == ["for both", mine])
    ids = "SELECT id FROM messages UNION SELECT id FROM channels"
    assert not {row.id for row in place.live.rows(ids)} & {row.id for row in other.rows(ids)}


def test_a_long_flood_wait(place: Place) -> None:
    """A wait that is too long to be slept through is told; what is pushed meanwhile is heard."""
    place.begun()
    place.world.send(place.news, "meanwhile")
    place.loopback.server.fault(GetChannelDifferenceRequest, FloodWait(7200))
    with place.listening(wait=False) as listener:
        eventually(lambda: any("to wait until" in line for line in listener.said))
        place.world.send(place.me, "pushed", sender=place.ada)
        eventually(lambda: [e.text for _, e in events(place.redis, place.live.tenant)] == ["pushed"])


def test_telegram_has_trouble(place: Place) -> None:
    """A question that Telegram does not answer is asked again."""
    place.loopback.server.fault(GetStateRequest, RpcError(500, "INTERNAL"), times=2, at=4)
    with place.listening(wait=False):
        place.world.send(place.news, "heard")
        same(place.live, place.news, place.talk, user=place.me)


def secrets(place: Place) -> list[str]:
    """What must not be told: sessions, and what people and chats are called and say."""
    safe = vault(load_settings())
    rows = place.loopback.rows("SELECT secret FROM account_sessions")
    return [*(safe.open(bytes(row.secret)) for row in rows), "a secret text", "News", "Talk", "Circle", "Ada", "hello"]


def test_nothing_personal_is_logged(place: Place, second: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the log nor what the listener says holds a session, an id, a title, a name or a text."""
    caplog.set_level(logging.WARNING)
    telethon = logging.getLogger("telethon.client.updates").level
    hidden = secrets(place)
    with place.listening() as listener:
        with place.world.held_updates():
            place.world.send(place.news, "a secret text")
        place.world.send(place.me, "a secret text", sender=place.ada)
        place.world.kick(place.me, place.talk)
        place.world.forget_updates()
        place.loopback.server.fault(GetChannelDifferenceRequest, RpcError(400, "CHANNEL_PRIVATE"))
        place.loopback.server.cut_connections()
        eventually(lambda: numbers(place))
    said = "\n".join([*listener.said, caplog.text])
    assert not [one for one in hidden if one in said]
    assert not re.search(r"70000\d|-?5001|100[1-3]\b", said)
    assert telethon == logging.CRITICAL
