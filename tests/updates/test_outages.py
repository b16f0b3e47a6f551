"""An outage is a line when it begins and a line when it ends; chats that come and go are told by their feeds."""

import time

from telethon.tl.functions.updates import GetStateRequest

from tests.telegram_server.faults import RpcError
from tests.updates.conftest import Place
from tests.updates.support import events, eventually
from tg_assets.live.outages import Outages


def test_told_once() -> None:
    """However often it is noticed, and again when it happens again."""
    said: list[str] = []
    outages = Outages("Account me", said.append)
    for _ in range(2):
        for _ in range(40):
            outages.began("Telegram", " is not listening")
            outages.began("PostgreSQL", ": no answer")
        outages.over("Telegram")
        outages.over("PostgreSQL")
        outages.over("PostgreSQL")
    assert [line.partition(" after")[0] for line in said] == [
        "Account me is not listening", "Account me: no answer", "Account me: Telegram is back",
        "Account me: PostgreSQL is back",
    ] * 2  # fmt: skip


def test_telegram_is_away(place: Place) -> None:
    """While no connection lives nothing is said twice; afterwards what came meanwhile is heard."""
    place.begun()
    with place.listening() as listener:
        before = len(listener.said)
        with place.loopback.server.outage():
            eventually(lambda: len(listener.said) > before)
            time.sleep(3.0)
            place.world.send(place.news, "meanwhile")
        eventually(lambda: [event.text for _, event in events(place.redis, place.live.tenant)] == ["meanwhile"])
        eventually(lambda: any("Telegram is back after" in line for line in listener.said))
        said = listener.said[before:]
    assert len(said) == 2, said
    assert "is not listening" in said[0]


def test_questions_that_are_not_answered(place: Place) -> None:
    """An error that no list has is named once, whatever it interrupts, and the account goes on."""
    place.begun()
    with place.listening() as listener:
        (status,) = listener.listener.statuses
        fault = place.loopback.server.fault(GetStateRequest, RpcError(406, "SOMETHING_NEW"))
        eventually(lambda: fault.hits)
        place.world.send(place.news, "heard")
        eventually(lambda: events(place.redis, place.live.tenant))
        assert not status.is_over
        said = [line for line in listener.said if "SOMETHING_NEW (code 406)" in line]
    assert len(said) == 1, listener.said


def test_chats_that_come_and_go(place: Place) -> None:
    """How many and of which feeds, and no name; what is closed and open again comes back by itself."""
    tenant = place.live.tenant
    with place.listening() as listener:
        (status,) = listener.listener.statuses
        place.world.kick(place.me, place.talk)
        eventually(lambda: status.chats == 3)
        assert f"Account me of {tenant}: lost 1 chat, of {tenant}.talk" in listener.said
        place.world.join(place.me, place.talk)
        place.loopback.rows("UPDATE user_channel SET is_active = true WHERE NOT is_active RETURNING 1")
        eventually(lambda: status.chats == 4)
        assert f"Account me of {tenant}: gained 1 chat, of {tenant}.talk" in listener.said
    assert not [line for line in listener.said if "Talk" in line]
