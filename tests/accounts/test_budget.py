"""The flood budget of an account: one wait for all processes, a pace that adapts, what people see of it."""

import asyncio
from collections.abc import Callable

import pytest
from telethon.tl.functions.updates import GetStateRequest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import FloodPremiumWait, FloodWait, World
from tg_assets.accounts.budget import CALM_REQUESTS, FIRST_PACE, Budget, FloodTooLong
from tg_assets.accounts.client import opened
from tg_assets.settings import load_settings

Connect = Callable[[World], Loopback]


@pytest.fixture
def loop(connect: Connect) -> Loopback:
    world = World()
    found = connect(world)
    found.log_in(world.user("Me"), "me", sessions=2)
    return found


def test_a_wait_is_every_processs(loop: Loopback) -> None:
    """What one process was told, another one waits for without asking, and says so."""
    account, said = loop.account(), []
    with pipeline.postgres().tenant(loop.id) as one, pipeline.postgres().tenant(loop.id) as other:
        asyncio.run(Budget(one, account.id, "me", 60, said.append).flooded("GetHistory", 2))
        waiting = Budget(other, account.id, "me", 60, said.append)
        asyncio.run(waiting.ready())
        assert loop.scalar("SELECT flood_until <= now() FROM accounts")
        asyncio.run(Budget(one, account.id, "me", 60, said.append).flooded("GetHistory", 100))
        with pytest.raises(FloodTooLong, match="TG_FLOOD_LIMIT_SECONDS"):
            asyncio.run(Budget(other, account.id, "me", 60, said.append).ready())
    assert "Telegram asks account me to wait 2 s (GetHistory), until " in said[0]
    assert "as Telegram asked another process" in said[1]
    assert loop.account().flood_method == "GetHistory"


def test_a_wait_of_a_clock_that_was_ahead_is_not_waited_for(loop: Loopback) -> None:
    account = loop.account()
    with pipeline.postgres().tenant(loop.id) as session:
        asyncio.run(Budget(session, account.id, "me", 60, print).flooded("GetHistory", 3000))
        with pytest.raises(FloodTooLong):
            asyncio.run(Budget(session, account.id, "me", 60, print).ready())
        loop.rows("UPDATE accounts SET flood_until = flood_until + interval '1 year' RETURNING 1")
        asyncio.run(Budget(session, account.id, "me", 60, print).ready())
        asyncio.run(Budget(session, account.id, "me", 60, print).flooded("GetHistory", 100))
    assert loop.scalar("SELECT flood_until < now() + interval '1 hour' FROM accounts")


def test_the_pace_adapts(loop: Loopback) -> None:
    """Each wait doubles the time between requests; many requests without one take it away again."""
    account = loop.account()
    with pipeline.postgres().tenant(loop.id) as session:
        budget = Budget(session, account.id, "me", 60, lambda _: None)
        paces = []
        for _ in range(3):
            asyncio.run(budget.flooded("GetHistory", 0))
            paces.append(loop.account().pace_seconds)
        assert paces == pytest.approx([FIRST_PACE, FIRST_PACE * 2, FIRST_PACE * 4])
        for _ in range(CALM_REQUESTS * 30):
            budget.went_well()
    assert loop.account().pace_seconds == 0


@pytest.mark.parametrize("wait", [FloodWait(1), FloodPremiumWait(1)])
def test_any_request_is_asked_again(loop: Loopback, wait: object) -> None:
    """Whatever Telegram makes wait, the caller sees the answer only."""
    loop.server.fault(GetStateRequest, wait, at=2)

    async def run() -> None:
        async with opened(pipeline.postgres(), load_settings(), loop.id, loop.account(), loop.said.append) as client:
            assert await client.client(GetStateRequest())

    asyncio.run(run())
    assert loop.account().floods == 1
