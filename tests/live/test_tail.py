"""The tail: every entry ends in a table or in dead letters, in whatever order and however often it comes."""

import io
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.live.support import CHAT, DELETED, EDITED, PARSED, Live
from tests.support import pipeline
from tests.support.waiting import wait_for
from tg_assets import ids
from tg_assets.landing import rows
from tg_assets.live import apply
from tg_assets.live.state import shards
from tg_assets.stores.database import advisory_lock


def test_messages_become_posts_and_partitions_become_dirty(live: Live) -> None:
    live.send(*(live.event(number) for number in range(1, 21)))
    tail = live.drain()
    assert live.numbers() == list(range(1, 21))
    assert tail.total == {"events": 20, "rejected": 0, "never_read": 0, "changed": 20}
    assert [tuple(row) for row in live.rows("SELECT feed, date::text FROM dirty")] == [
        (f"{live.tenant}.live", "2026-03-01")
    ]
    assert live.feeds == {f"{live.tenant}.live"}
    (flush,) = live.flushes
    assert list(flush.partitions.values()) == [20]
    assert live.redis.xpending("stream:posts:parsed", "tg_assets")["pending"] == 0


def test_an_edit_keeps_the_older_version_and_a_deletion_is_a_tombstone(live: Live) -> None:
    live.send(live.event(1), live.event(2))
    live.drain()
    live.send(live.event(1, text="better", edited_at="2026-03-02T00:00:00Z"), stream=EDITED)
    live.send(
        {"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_id": 2, "deleted_at": "2026-03-03T00:00Z"},
        stream=DELETED,
    )
    live.drain()
    assert live.rows("SELECT content, is_edited, deleted_at IS NULL FROM messages ORDER BY telegram_message_id") == [
        ("better", True, True),
        ("", False, False),
    ]
    assert live.rows("SELECT raw->>'text' FROM telegram_message_versions") == [("message 1",)]
    assert live.rows("SELECT stored::text, deleted::text FROM coverage") == [("{[1,2)}", "{[2,3)}")]


def test_events_may_come_twice_and_in_any_order(live: Live, another: Callable[[], Live]) -> None:
    """Every event twice, shuffled in windows, one in a hundred unusable: the state of a quiet life."""
    quiet, rough = live, another()
    quiet.send(*story(quiet))
    quiet.drain()
    assert quiet.letters() == {}
    events = [event for event in story(rough) for _ in range(2)]
    chance = random.Random(7)
    shuffled = []
    for first in range(0, len(events), 50):
        window = events[first : first + 50]
        chance.shuffle(window)
        shuffled += window
    poison = {}
    for place, event in enumerate(shuffled):
        rough.send(event)
        if place % 100 == 0:
            poison[rough.raw(b'{"tenant_id": "' + rough.tenant.encode() + b'", "text": 5}')] = place
        if place % 400 == 0:
            rough.drain()
    rough.drain()
    assert rough.letters().keys() == poison.keys()
    assert {**rough.state(), "dead_letters": "", "dirty": "", "outbox": ""} == {
        **quiet.state(),
        "dead_letters": "",
        "dirty": "",
        "outbox": "",
    }


def test_a_backlog_is_durable_first_and_parsed_later(
    live: Live, another: Callable[[], Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, rough = live, another()
    quiet.send(*story(quiet))
    quiet.drain()
    monkeypatch.setattr("tg_assets.live.tail.BATCH", 40)
    rough.send(*story(rough))
    rough.drain()
    partitions = set().union(*(flush.unparsed for flush in rough.flushes))
    assert partitions == set().union(*(flush.partitions for flush in rough.flushes))
    assert {**rough.state(), "dirty": "", "outbox": ""} == {**quiet.state(), "dirty": "", "outbox": ""}


def test_a_stage_that_fails_does_not_stop_the_tail(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it did not parse is durable and dirty, and parsed when the stage works again."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr("tg_assets.live.tail.BATCH", 5)
        patch.setattr("tg_assets.live.unparsed.run_stage", fail)
        live.send(*(live.event(number) for number in range(1, 8)))
        live.drain()
    assert live.rows("SELECT count(*) FROM telegram_messages") == [(7,)]
    assert live.numbers() == [6, 7]
    live.refresh()
    assert live.numbers() == list(range(1, 8))


def test_an_older_schema_is_waited_for(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """As while a new version is put in place: no event is blamed for a table that is not there yet."""
    early = iter((True, True, True))

    def land(connection: Connection) -> Any:
        if next(early, False):
            connection.execute(text("SELECT FROM a_table_of_the_next_version"))
        return rows.land(connection)

    monkeypatch.setattr(apply, "land", land)
    live.send(*(live.event(number) for number in range(1, 8)))
    live.drain()
    assert not next(early, False)
    assert live.numbers() == list(range(1, 8))
    assert live.rows("SELECT count(*) FROM dead_letters") == [(0,)]


def test_a_run_that_stands_by_takes_over(live: Live) -> None:
    """While another process holds the shard it reads nothing; when that one's connection is gone it goes on."""
    tail = live.tail()
    with ThreadPoolExecutor(1) as pool:
        with pipeline.postgres().connection() as connection, advisory_lock(connection, "tail/0") as held:
            assert held
            assert live.tail().run(linger=0.0, budget=10) == "another run holds this shard"
            ended = pool.submit(tail.run, linger=0.0, budget=600, standby=True)
            live.send(live.event(1))
            wait_for("standing by", lambda: any("standing by" in line for line in live.said), pause=0.05)
            assert live.numbers() == []
        assert ended.result(timeout=600).startswith("nothing came")
    assert live.numbers() == [1]


def test_what_is_in_a_shard_beyond_the_chosen_ones_is_read(live: Live) -> None:
    """There were more shards before; its streams are found, and a run of its own reads them."""
    live.send(live.event(1), stream=f"{PARSED}:3")
    assert shards(live.redis, 1) == [0, 3]
    live.drain(shard=3)
    assert live.numbers() == [1]


def story(live: Live, length: int = 300) -> list[dict[str, Any]]:
    """A channel's life: messages, albums, edits of edits, counters, deletions, stored media, an outside worker."""
    events = []
    key = f"media/{ids.tenant_id(live.tenant)}/aa/{'a' * 64}.jpg"
    for number in range(1, length + 1):
        fields: dict[str, Any] = {"stream": PARSED}
        if number % 10 in (1, 2, 3):
            fields |= {"grouped_id": number // 10 + 1, "has_media": True, "media": [{"kind": "photo"}]}
        events.append(live.event(number, **fields))
        if number % 7 == 0:
            for edit in (2, 1):
                events.append(
                    live.event(
                        number, stream=EDITED, text=f"edit {edit}", edited_at=f"2026-03-20T00:00:0{edit}Z",
                        occurred_at=f"2026-04-02T00:00:0{edit}Z",
                    )
                )  # fmt: skip
        if number % 11 == 0:
            for look in (1, 2):
                events.append(
                    live.event(number, stream=PARSED, views_count=look * 10, occurred_at=f"2026-04-03T00:00:0{look}Z")
                )
        if number % 13 == 0:
            events.append(
                {
                    "stream": DELETED, "tenant_id": live.tenant, "tg_channel_id": CHAT,
                    "telegram_message_ids": [number], "deleted_at": "2026-04-04T00:00:00Z",
                }
            )  # fmt: skip
        if number % 10 == 2:
            about = {"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_id": number,
                     "occurred_at": "2026-04-05T00:00:00Z"}  # fmt: skip
            file = {"sha256": "a" * 64, "s3_key": key, "mime_type": "image/jpeg", "size_bytes": 9}
            events.append({**about, "stream": "stream:posts:vision:uploaded", "media_files": [file]})
            vision = {"provider": "them", "model": "m", "classification": "photo", "description": "a drawn picture"}
            events.append({**about, "stream": "stream:posts:vision:analyzed", "media": [file], "vision": vision})
    return events


def test_a_deletion_removes_what_only_it_showed(live: Live) -> None:
    """Bytes, what was seen in them, nodes that nothing points at; what another message shows stays."""
    tenant, objects = ids.tenant_id(live.tenant), pipeline.objects()
    keys = {}
    for name in ("shared", "alone"):
        sha256, key, size = objects.put_media(tenant, io.BytesIO(drawing(name)), "png")
        keys[name] = {"kind": "photo", "sha256": sha256, "s3_key": key, "size": size, "mime": "image/png"}
    live.send(
        live.event(1, text="первый #генератор", media=[keys["shared"]], has_media=True),
        live.event(2, text="второй #генератор #комета", media=[keys["shared"]], has_media=True),
        live.event(3, text="третий #комета", media=[keys["alone"]], has_media=True),
    )
    live.drain()
    live.refresh()
    kept = {name: objects.exists(one["s3_key"]) for name, one in keys.items()}
    assert kept == {"shared": True, "alone": True}
    assert {"генератор", "комета"} <= nodes(live, "Tag")
    assert len(nodes(live, "Image")) == 2
    sql = "SELECT data->>'provider' AS provider, data->>'model' AS model FROM post_enrichment WHERE kind = 'vision'"
    seen = live.rows(sql)[0]
    result = f"vision/{tenant}/{keys['alone']['sha256']}_{seen.provider}_{seen.model}_v1.json"
    assert objects.exists(result)
    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": [2, 3]}, stream=DELETED)
    live.drain()
    live.refresh()
    assert {name: objects.exists(one["s3_key"]) for name, one in keys.items()} == {"shared": True, "alone": False}
    assert not objects.exists(result)
    assert live.rows("SELECT sha256 FROM media_objects") == [(keys["shared"]["sha256"],)]
    assert nodes(live, "Image") == {keys["shared"]["sha256"]}
    assert "генератор" in nodes(live, "Tag")
    assert "комета" not in nodes(live, "Tag")
    assert nodes(live, "Post") == {"1"}
    assert pipeline.points(live.tenant) == 1


def nodes(live: Live, label: str) -> set[str]:
    """Nodes of a label by what tells them apart."""
    key = {"Tag": "n.name", "Image": "n.sha256", "Post": "toString(n.telegram_message_id)"}[label]
    with pipeline.neo4j().tenant(ids.tenant_id(live.tenant)) as graph:
        found = graph.read(f"MATCH (n:{label} {{tenant_id: $tenant}}) RETURN {key} AS name")
    return {row["name"] for row in found}


def drawing(word: str) -> bytes:
    """A picture with a word in it."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (320, 120), "white")
    ImageDraw.Draw(picture).text((20, 40), word, fill="black", font_size=36)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
