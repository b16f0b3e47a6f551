"""What a group hides from an account that came late is there for others: it is neither gone nor absent."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.history.test_closed import ASSET, green_days, told
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


def talk() -> World:
    """A group of 300 messages, one an hour."""
    world = World()
    me = world.user("Me", username="me")
    group = world.supergroup("Talk", [me, world.user("Late", username="late")], username="talk")
    for number in range(300):
        world.send(group, f"message {number}", sender=me, date=START + timedelta(hours=number))
    world.clock = START + timedelta(days=90)
    return world


@pytest.fixture
def reader(connect: Connect) -> Loopback:
    """A group of 300 messages, all of which were read before the account left, and came again."""
    world = talk()
    (group,), (me, _) = world.channels.values(), world.users.values()
    world.delete(group.box.messages[1], announce=False)
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


@pytest.fixture
def late(connect: Connect) -> Loopback:
    """An account that is shown nothing of January before the sixth, 10 o'clock."""
    world = talk()
    (group,), (_, late) = world.channels.values(), world.users.values()
    group.hidden[late] = 130
    found = connect(world)
    found.log_in(late, "late")
    found.follow()
    return found


def test_what_is_hidden_is_not_green(late: Loopback) -> None:
    """What is shown is kept; partitions that are hidden, or in part, are told of by each run that is to read them."""
    for _ in range(2):
        result = pipeline.materialize(f"{late.tenant}.talk", *JANUARY, (ASSET,), raise_on_error=False)
        assert not result.success
        assert green_days(result) == {f"2026-01-{day:02}" for day in range(7, 32)}
        assert "6 partitions from 2026-01-01 to 2026-01-06: account late cannot read it: the group hides" in told(
            result
        )
    assert late.stored() == list(range(131, 301))
    assert late.rows("SELECT is_active, problem FROM user_channel") == [(True, None)]


def test_a_window_that_is_hidden_was_not_read(late: Loopback) -> None:
    """Where nothing is shown nothing is known."""
    for _ in range(2):
        pulled = late.pull(f"{late.tenant}.talk", date(2026, 1, 2), date(2026, 1, 3))
        assert pulled.unread == {f"{late.tenant}.talk": [(START + timedelta(days=1), START + timedelta(days=3))]}
    assert not late.rows("SELECT FROM history WHERE complete <> '{}'")


@pytest.mark.parametrize("name", ["a-first", "z-last"])
@pytest.mark.parametrize("force", [False, True])
def test_who_is_shown_it_is_asked(late: Loopback, name: str, force: bool) -> None:
    """Whichever account is asked first, it is read to the end."""
    late.log_in(next(iter(late.world.users.values())), name)
    late.follow(name)
    pulled = late.pull(f"{late.tenant}.talk", *JANUARY, force=force)
    assert (pulled.chats, pulled.unread, pulled.problems) == (1, {}, {})
    assert late.stored() == list(range(1, 301))
