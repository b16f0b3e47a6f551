"""What a group hides from an account that came late is there for others: it is neither gone nor absent."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.support import pipeline
from tests.support.telegram import Loopback
from tests.telegram_server import World
from tg_assets.history.pull import Pulled, Puller
from tg_assets.history.sweep import Sweep
from tg_assets.settings import load_settings

Connect = Callable[[World], Loopback]
START = datetime(2026, 1, 1, tzinfo=UTC)
JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
HIDDEN = 120


@pytest.fixture
def reader(connect: Connect) -> Loopback:
    """A group of 300 messages, all of which were read before the account left, and came again."""
    world = World()
    me = world.user("Me", username="me")
    group = world.supergroup("Talk", [me], username="talk")
    for number in range(300):
        world.send(group, f"message {number}", sender=me, date=START + timedelta(hours=number))
    world.delete(group.box.messages[1], announce=False)
    world.clock = START + timedelta(days=90)
    found = connect(world)
    found.log_in(me, "me")
    found.follow()
    found.pull(f"{found.tenant}.talk", *JANUARY)
    assert len(found.stored()) == 299
    group.hidden[me] = HIDDEN
    return found


def pull(reader: Loopback) -> Pulled:
    """The whole history once more."""
    return reader.pull(f"{reader.tenant}.talk", *JANUARY, force=True)


def sweep(reader: Loopback) -> Pulled:
    """What the job does."""
    settings = load_settings()
    puller = Puller(pipeline.postgres(), settings, reader.id, reader.tenant, reader.said.append, settings.start_date)
    asyncio.run(Sweep(puller).run())
    return puller.pulled


@pytest.mark.parametrize("look", [pull, sweep])
def test_what_is_hidden_is_not_gone(reader: Loopback, look: Callable[[Loopback], Pulled]) -> None:
    """Of what the account sees, deletions are found; what it does not see stays as it is."""
    (group,) = reader.world.channels.values()
    before = reader.stored()
    reader.world.delete(group.box.messages[HIDDEN + 1], group.box.messages[200], announce=False)
    assert look(reader).counts["deleted"] == 2
    assert reader.stored() == [number for number in before if number not in (HIDDEN + 1, 200)]
    assert not reader.errors()


def test_what_is_hidden_is_not_absent(reader: Loopback) -> None:
    """Ids that nobody has seen stay unknown where the account would not see them."""
    reader.rows("DELETE FROM telegram_messages WHERE telegram_message_id BETWEEN 50 AND 60 RETURNING 1")
    reader.rows("UPDATE coverage SET stored = stored - '{[50,60]}' RETURNING 1")
    pull(reader)
    sweep(reader)
    assert reader.rows("SELECT absent::text FROM coverage") == [("{[1,2)}",)]
