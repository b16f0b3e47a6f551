"""Streams keep a history, of a size and an age, and nothing of it that some group has not acknowledged."""

from typing import Any

import pytest

from tests.live.support import PARSED, Live
from tg_assets.events.streams import GROUP, dlq_of
from tg_assets.live import keeping
from tg_assets.live.keeping import Keep, overdue, trim
from tg_assets.settings import Settings

DAY = 86_400
NODE = 100  # entries that Redis drops together
OUT = "stream:posts:tagged"


def fill(redis: Any, count: int, age: int = 0, stream: str = PARSED) -> None:
    """Append entries that are so many seconds old, oldest first."""
    seconds, _ = redis.time()
    with redis.pipeline(transaction=False) as pipe:
        for number in range(count):
            pipe.xadd(stream, {"data": b"{}"}, id=f"{(seconds - age) * 1000}-{number + 1}")
        pipe.execute()


def acknowledge(redis: Any, group: str, count: int, leave: int = 0) -> None:
    """Read so many entries as a group and acknowledge all but the last ones."""
    ((_, read),) = redis.xreadgroup(group, "somebody", {PARSED: ">"}, count=count)
    ids = [entry_id for entry_id, _ in read]
    if done := ids[: len(ids) - leave]:
        redis.xack(PARSED, group, *done)


@pytest.mark.parametrize(
    ("said", "keep"),
    [("1d,100000", Keep(DAY, 100_000)), ("90s,0", Keep(90, 0)), ("0s,5", Keep(0, 5)), ("12h,7", Keep(43_200, 7))],
)
def test_the_setting(said: str, keep: Keep) -> None:
    assert Keep.of(Settings(stream_keep=said).stream_keep) == keep


@pytest.mark.parametrize("said", ["", "1d", "100000", "1w,5", "-1d,5", "1d,-5", "1d, 5", "1.5d,5"])
def test_what_the_setting_cannot_be(said: str) -> None:
    with pytest.raises(ValueError, match="stream_keep"):
        Settings(stream_keep=said)


def test_what_is_young_and_fits_is_kept(redis: Any) -> None:
    fill(redis, 500)
    redis.xgroup_create(PARSED, GROUP, id="0")
    acknowledge(redis, GROUP, 500)
    assert trim(redis, PARSED, Keep(DAY, 1_000)) == trim(redis, OUT, Keep(DAY, 1_000)) == 0
    assert redis.xlen(PARSED) == 500


def test_what_is_old_goes_once_every_group_has_it(redis: Any) -> None:
    fill(redis, 1_000, age=2 * DAY)
    fill(redis, 10)
    redis.xgroup_create(PARSED, GROUP, id="0")
    redis.xgroup_create(PARSED, "other", id="0")
    acknowledge(redis, GROUP, 1_010)
    assert trim(redis, PARSED, Keep(DAY, 100_000)) == 0, "the other group has read nothing"
    acknowledge(redis, "other", 600, leave=200)
    trim(redis, PARSED, Keep(DAY, 100_000))
    assert 610 <= redis.xlen(PARSED) < 610 + NODE, "what it read and did not acknowledge stays"
    assert redis.xpending(PARSED, "other")["pending"] == 200
    assert len(redis.xpending_range(PARSED, "other", "-", "+", 1_000)) == 200
    acknowledge(redis, "other", 1_010)
    for entry in redis.xpending_range(PARSED, "other", "-", "+", 1_000):
        redis.xack(PARSED, "other", entry["message_id"])
    trim(redis, PARSED, Keep(DAY, 100_000))
    assert 10 <= redis.xlen(PARSED) < 10 + NODE


def test_what_is_too_much_goes_whatever_its_age(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pages, so that a stream that was never trimmed does not stop the server."""
    monkeypatch.setattr(keeping, "PAGE", 300)
    fill(redis, 2_000)
    redis.xgroup_create(PARSED, GROUP, id="0")
    acknowledge(redis, GROUP, 2_000, leave=5)
    trim(redis, PARSED, Keep(DAY, 250))
    assert 250 <= redis.xlen(PARSED) < 250 + NODE
    redis.xgroup_create(PARSED, "new", id="0")
    lags = {group["name"]: group["lag"] for group in redis.xinfo_groups(PARSED)}
    assert lags[b"new"] >= 250, "a group that begins now finds them"


def test_streams_that_nobody_reads_are_kept_within_bounds(redis: Any) -> None:
    fill(redis, 1_000, stream=OUT)
    trim(redis, OUT, Keep(DAY, 100))
    assert 100 <= redis.xlen(OUT) < 100 + NODE


def test_a_tail_leaves_a_history(live: Live) -> None:
    """What was read can be looked at, and the group has nothing left to read."""
    live.send(*map(live.event, (1, 2, 3)))
    live.drain()
    assert live.redis.xlen(PARSED) == 3
    assert live.redis.xinfo_groups(PARSED)[0]["lag"] == 0


def test_dead_letters_leave_their_streams_as_well(live: Live) -> None:
    """They hold what people wrote, and whoever wants them later has them in the database."""
    fill(live.redis, 1_000, age=2 * DAY, stream=dlq_of(PARSED))
    live.drain()
    assert live.redis.xlen(dlq_of(PARSED)) < NODE


def test_exactly_what_is_too_old_or_too_much_goes(redis: Any) -> None:
    """Less than a node, too; and whether anything would go is known before."""
    fill(redis, 30, age=2 * DAY)
    fill(redis, 10)
    redis.xgroup_create(PARSED, GROUP, id="0")
    assert not overdue(redis, PARSED, Keep(DAY, 1_000)), "nobody has read them"
    assert not overdue(redis, OUT, Keep(DAY, 1_000)), "there is no such stream"
    acknowledge(redis, GROUP, 40, leave=20)
    assert trim(redis, PARSED, Keep(DAY, 1_000)) == 0, "no node is whole"
    assert overdue(redis, PARSED, Keep(DAY, 1_000))
    assert trim(redis, PARSED, Keep(DAY, 1_000), exact=True) == 20
    assert not overdue(redis, PARSED, Keep(DAY, 1_000)), "what is left is not acknowledged"
    for entry in redis.xpending_range(PARSED, GROUP, "-", "+", 1_000):
        redis.xack(PARSED, GROUP, entry["message_id"])
    assert overdue(redis, PARSED, Keep(DAY, 15))
    assert trim(redis, PARSED, Keep(30 * DAY, 15), exact=True) == 5
    assert redis.xlen(PARSED) == 15
    assert trim(redis, PARSED, Keep(DAY, 15), exact=True) == 5
    assert redis.xlen(PARSED) == 10
