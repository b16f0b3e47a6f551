"""Whatever is killed at whatever step, the end is that of an undisturbed life: rows, points, nodes, relations."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live import child
from tests.live.support import CHAT, DELETED, EDITED, PARSED, Live
from tests.live.test_tail import story
from tests.support import pipeline
from tests.support import servers as embedded
from tests.support.waiting import wait_for
from tg_assets.errors import ServerDown
from tg_assets.events.streams import GROUP
from tg_assets.live import process
from tg_assets.live.state import stream_states, streams_of

KILLED = -signal.SIGKILL


STORY = 120
STAGE_PLACES = (
    "after the points, before the ledger",
    "after the nodes, before the ledger",
    "between sending and forgetting",
    "before marks are cleared",
)


@pytest.fixture(scope="module")
def undisturbed(servers: dict[str, str]) -> dict[str, Any]:
    """The world after the same story without accidents."""
    quiet = Live(pipeline.redis(), pipeline.new_tenant())
    quiet.redis.flushall()
    quiet.register()
    quiet.send(*story(quiet, STORY))
    quiet.drain()
    quiet.refresh()
    return quiet.world()


def differences(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """What is not the same in two worlds."""
    flat = [{**one["tables"], **{name: one[name] for name in ("points", "count", "edges")}} for one in (first, second)]
    return {name: (flat[0][name], flat[1][name]) for name in flat[0] if flat[0][name] != flat[1][name]}


def test_tails_killed(live: Live, undisturbed: dict[str, Any]) -> None:
    """Before a commit, then between a commit and its acknowledgement: the next tail reads again what was pending."""
    live.send(*story(live, STORY))
    for place in ("before commit", "between commit and ack"):
        assert child.run("tail", live.tenant, place) == KILLED
        assert sum(one.pending for one in stream_states(live.redis, streams_of(0))) > 0
    assert child.run("tail", live.tenant) == 0
    assert [one for one in stream_states(live.redis, streams_of(0)) if one.waiting] == []
    live.refresh()
    assert live.letters() == {}
    assert differences(live.world(), undisturbed) == {}


def test_stage_runs_killed(live: Live, undisturbed: dict[str, Any]) -> None:
    """What each had in other stores is made again by the next; marks are there until their work is done."""
    live.send(*story(live, STORY))
    live.drain()
    for place in STAGE_PLACES:
        # The one before may have got as far as clearing the marks.
        live.rows(
            "INSERT INTO dirty (tenant_id, feed, date) SELECT DISTINCT current_tenant(), feed, date "
            "FROM (SELECT c.feed, m.posted_at::date AS date FROM messages m JOIN channels c ON c.id = m.channel_id)"
            " AS made RETURNING seq"
        )
        assert child.run("refresh", live.tenant, place) == KILLED, place
        assert live.rows("SELECT count(*) FROM dirty")[0][0] + live.rows("SELECT count(*) FROM outbox")[0][0] > 0
    assert child.run("refresh", live.tenant) == 0
    assert differences(live.world(), undisturbed) == {}
    assert live.rows("SELECT seq FROM dirty UNION ALL SELECT seq FROM outbox") == []


def test_a_message_that_kills_is_isolated(live: Live) -> None:
    """Each life takes a smaller portion, until the deadly one is alone; its neighbours are all there."""
    live.send(*(live.event(number) for number in range(1, 301)))
    (deadly,) = live.send(live.event(301, text=child.DEADLY))
    live.send(*(live.event(number) for number in range(302, 401)))
    assert child.lives(live.tenant, "at a deadly message") < 10
    assert live.numbers() == [number for number in range(1, 401) if number != 301]
    assert live.letters().keys() == {deadly}
    assert "died" in live.letters()[deadly]


def test_only_what_died_alone_is_given_up(live: Live, another: Callable[[], Live]) -> None:
    """Deadly entries in two streams, of two tenants: all others of every stream and tenant are there."""
    other = another()
    streams = (PARSED, EDITED, DELETED, "stream:persona:messages:ingested", "stream:albums:parsed")
    deadly = {}
    for number in range(1, 61):
        for owner in (live, other):
            about = {"user_id": "77", "dialog_type": "group", "edited_at": "2026-03-20T00:00:00Z", "grouped_id": 1}
            event = owner.event(number, **about) | {"telegram_message_ids": [number]}
            stream = streams[number % len(streams)]
            owner.send(event, stream=stream)
            if (number, owner) in ((31, live), (33, other)):
                (deadly[owner.tenant],) = owner.send({**event, "trace_id": child.DEADLY}, stream=stream)
    child.lives(live.tenant, "at a deadly message")
    assert [one for one in stream_states(live.redis, streams_of(0)) if one.waiting] == []
    for owner in (live, other):
        assert owner.letters().keys() == {deadly[owner.tenant]}
        assert "this alone" in owner.letters()[deadly[owner.tenant]]
        assert owner.numbers() == [number for number in range(1, 61) if number % len(streams) in (0, 1, 3)]
        assert owner.rows("SELECT kind, count(*) FROM message_facts GROUP BY 1 ORDER BY 1") == [
            ("album", 12), ("deleted", 12),
        ]  # fmt: skip


def test_what_was_not_applied_for_another_reason_is_not_suspected(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database refuses to work for a while; nobody died."""
    live.send(*(live.event(number) for number in range(1, 5)))
    live.redis.xgroup_create(PARSED, GROUP, id="0")
    live.redis.xreadgroup(GROUP, "shard-0", {PARSED: ">"})
    full = ServerDown("the disk is full")
    failing = iter([full] * 9)
    apply = process.apply

    def fail(*args: Any, **kwargs: Any) -> Any:
        if (error := next(failing, None)) is not None:
            raise error
        return apply(*args, **kwargs)

    monkeypatch.setattr(process, "apply", fail)
    monkeypatch.setattr("tg_assets.live.tail.LONGEST_PAUSE", 0.01)
    live.drain()
    assert live.numbers() == [1, 2, 3, 4]
    assert live.letters() == {}


def test_redis_restarted_empty(live: Live, undisturbed: dict[str, Any]) -> None:
    """What it held is gone and seen as holes; sent again, which is what a backfill does, the world is whole."""
    told = story(live, STORY)
    live.send(*told[:80])
    assert child.run("tail", live.tenant) == 0
    live.send(*told[80:120])
    live.redis.flushall()
    live.send(*told[120:])
    assert child.run("tail", live.tenant) == 0
    ((unknown,),) = live.rows(
        f"SELECT int8multirange(int8range(1, {STORY + 1})) - stored - service - deleted <> '{{}}' FROM coverage"
    )
    assert unknown
    live.send(*told[80:120])
    assert child.run("tail", live.tenant) == 0
    live.refresh()
    assert differences(live.world(), undisturbed) == {}


def test_redis_restarted_empty_under_a_running_tail(live: Live) -> None:
    """The tail makes its group again and goes on."""
    live.send(live.event(1))
    reader = threading.Thread(target=live.tail().run, args=(10.0, 600))
    reader.start()
    wait_for("reading", live.numbers, pause=0.05)
    live.redis.flushall()
    wait_for("noticing", lambda: any("came back without its streams" in one for one in live.said), pause=0.05)
    live.send(live.event(2))
    reader.join()
    assert live.numbers() == [1, 2]


def test_postgres_down_for_half_a_minute(live: Live, undisturbed: dict[str, Any], installation: Path) -> None:
    """The tail waits, loses nothing and buries nothing."""
    from tg_assets.backends import up
    from tg_assets.backends.supervisor import stop_service

    told = story(live, STORY)
    settings = embedded.settings(installation)
    live.send(*told[:60])
    tail = child.start("tail-waiting", live.tenant)
    while not live.numbers():
        time.sleep(0.1)
    stop_service(settings, "postgres")
    live.send(*told[60:])
    time.sleep(30)
    up(settings)
    assert tail.wait() == 0, tail.said
    assert live.letters() == {}
    live.refresh()
    assert differences(live.world(), undisturbed) == {}


def test_the_same_message_id_in_another_chat_is_another_message(live: Live) -> None:
    """A deletion never hits another chat's post."""
    live.send(live.event(5), live.event(5, tg_channel_id=CHAT - 1, chat_title="Other"))
    live.send(
        {"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_id": 5}, stream="stream:posts:deleted"
    )
    live.drain()
    sql = "SELECT c.tg_channel_id FROM messages m JOIN channels c ON c.id = m.channel_id WHERE deleted_at IS NULL"
    assert live.rows(sql) == [(CHAT - 1,)]
