"""Albums of live traffic: whole, once, whatever came first and whoever worked at the same time."""

import hashlib
import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from resources.vision import TenantVision, VisionResource
from tests.history.test_jobs import tick
from tests.live import child
from tests.live.support import CHAT, Live
from tests.support import pipeline
from tests.support.providers import HandlerProvider
from tests.telegram.exports import chat, message
from tg_assets import ids
from tg_assets.live import refresh
from tg_assets.registry.tenants import register
from tg_assets.remote.errors import ReplyUnusable
from tg_assets.runs.schedules import frequent_fetch
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.vision.policy import Policy
from tg_assets.vision.result import VisionResult

ASSEMBLED = "stream:album:assembled"
ANALYZED = "stream:posts:vision:analyzed"
DELETED = "stream:posts:deleted"
ALBUMS = "stream:albums:parsed"
GROUPED = 7_700_000
FIRST = 101
UNSUPPORTED, FAILING, GONE = 105, 106, 107
TOLD = (103, 104)
QUIET = 3600.0


def describe(image: bytes, mime: str) -> VisionResult:
    """Says which picture it is; refuses one and answers nonsense for another."""
    number = int(image.decode().removeprefix("picture "))
    if number == UNSUPPORTED:
        raise Refused(Refusal.not_a_picture, "for the test")
    if number == FAILING:
        raise ReplyUnusable("answered nonsense twice")
    return said(number, "fake")


def said(number: int, provider: str) -> VisionResult:
    """A result that names its picture."""
    return VisionResult(
        classification="photo",
        description=f"Harbour seen for the {number}th time, unlike any before {number * 7919}",
        provider=provider,
        model="m",
        vision_version=f"{provider}@1",
    )


class FakeVision(VisionResource):
    """A tenant's provider that is a test's."""

    def for_tenant(self, tenant: str, database: Any, settings: Any) -> TenantVision:
        return TenantVision(HandlerProvider(describe), Policy())


def picture(live: Live, number: int) -> dict[str, Any]:
    """A stored picture, as an event names it."""
    data = f"picture {number}".encode()
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"media/{ids.tenant_id(live.tenant)}/{sha256[:2]}/{sha256}.jpg"
    pipeline.objects().put(key, data)
    return {"kind": "photo", "mime": "image/jpeg", "size": len(data), "sha256": sha256, "s3_key": key}


def item(live: Live, number: int) -> dict[str, Any]:
    """A message of the album."""
    text = "the harbour" if number == FIRST else ""
    return live.event(
        number, text=text, grouped_id=GROUPED, media=[picture(live, number)], posted_at="2026-03-01T10:00:00Z"
    )


def seen(live: Live, number: int) -> dict[str, Any]:
    """What an outside worker saw in a message's picture."""
    one = picture(live, number)
    return {
        "stream": ANALYZED,
        "tenant_id": live.tenant,
        "tg_channel_id": CHAT,
        "telegram_message_id": number,
        "occurred_at": "2026-04-01T00:00:00Z",
        "media": [{"sha256": one["sha256"], "s3_key": one["s3_key"], "mime_type": "image/jpeg", "size_bytes": 1}],
        "vision": said(number, "outside").model_dump(mode="json"),
        "vision_version": "outside@1",
    }


def structure(live: Live) -> dict[str, Any]:
    """Which messages form the album."""
    return {
        "stream": ALBUMS,
        "tenant_id": live.tenant,
        "tg_channel_id": CHAT,
        "occurred_at": datetime.now(UTC).isoformat(),
        "grouped_id": GROUPED,
        "items_count": 10,
        "telegram_message_ids": list(range(FIRST, FIRST + 10)),
    }


def deletion(live: Live, number: int) -> dict[str, Any]:
    """A message is gone."""
    return {
        "stream": DELETED,
        "tenant_id": live.tenant,
        "tg_channel_id": CHAT,
        "telegram_message_id": number,
        "occurred_at": "2026-04-01T00:00:00Z",
        "deleted_at": "2026-04-01T00:00:00Z",
    }


def batches(live: Live) -> list[list[dict[str, Any]]]:
    """Three batches; two pictures were seen before their messages came."""
    return [
        [*(seen(live, number) for number in TOLD), *(item(live, number) for number in (108, 101, 105))],
        [item(live, number) for number in (103, 110, 106, 107)],
        [item(live, number) for number in (104, 102, 109)] + [deletion(live, GONE)],
    ]


def told(live: Live) -> list[dict[str, Any]]:
    """Events of assembled albums."""
    entries = (orjson.loads(fields[b"data"]) for _, fields in live.redis.xrange(ASSEMBLED))
    return [one for one in entries if one["tenant_id"] == str(ids.tenant_id(live.tenant))]


def wait(live: Live) -> None:
    """Let an hour go by."""
    live.rows("UPDATE telegram_messages SET received_at = received_at - interval '2 hours' RETURNING 1")
    due(live)


def due(live: Live) -> None:
    """What rests is due again."""
    live.rows("UPDATE dirty SET due_at = now() RETURNING 1")


def check(live: Live) -> None:
    """The one album, told of once."""
    (event,) = told(live)
    numbers = [number for number in range(FIRST, FIRST + 10) if number != GONE]
    assert event["telegram_message_ids"] == numbers
    assert (event["items_count"], event["items_analyzed"]) == (9, 7)
    ((items, caption, summary),) = live.rows("SELECT items_count, caption_text, meta->'enrichment' FROM media_groups")
    assert (items, caption, summary["items_count"], summary["items_analyzed"]) == (9, "the harbour", 9, 7)
    found = live.rows(
        """SELECT m.telegram_message_id, i.position, i.deleted_at IS NOT NULL, e.status, e.provider
           FROM media_group_items i JOIN messages m ON m.id = i.post_id
           LEFT JOIN post_enrichment e ON e.post_id = i.post_id AND e.kind = 'vision' ORDER BY i.position"""
    )
    assert [(row[0], row[1], row[2]) for row in found] == [
        (number, number - FIRST, number == GONE) for number in range(FIRST, FIRST + 10)
    ]
    states = {row[0]: row[3] for row in found if row[0] != GONE}
    assert states == {
        number: "skipped" if number == UNSUPPORTED else "error" if number == FAILING else "ok" for number in numbers
    }
    order = [summary["vision_summary"].find(f"for the {number}th") for number in (101, 102, 103)]
    assert -1 < order[0] < order[1] < order[2]
    stored = pipeline.objects().get(f"album/{ids.tenant_id(live.tenant)}/{event['album_id']}_vision_summary_v1.json")
    assert stored is not None
    assert json.loads(stored) == summary
    progress = json.loads(live.redis.get(f"album:state:{event['album_id']}"))
    assert (progress["status"], len(progress["items_settled"]), len(progress["items_analyzed"])) == ("assembled", 9, 7)
    assert live.redis.get(f"album_seen:{event['channel_id']}:{GROUPED}").decode() == event["album_id"]
    assert 0 < live.redis.ttl(f"album:state:{event['album_id']}") <= 86_400


def test_an_album_whose_items_come_in_batches(live: Live) -> None:
    """One of ten is unsupported, one fails, one is deleted, two were seen before they came: told of once, in order."""
    for batch in batches(live):
        live.send(*batch)
        live.drain()
        live.refresh(vision=FakeVision(), album_quiet=QUIET)
        assert told(live) == []
        assert live.rows("SELECT status FROM derivations WHERE stage = 'media_groups'") == [("waiting",)]
    wait(live)
    live.refresh(vision=FakeVision(), album_quiet=QUIET)
    check(live)
    live.send(*batches(live)[1])  # delivered again: nothing is new
    live.drain()
    live.refresh(vision=FakeVision(), album_quiet=QUIET)
    check(live)


def test_an_album_that_was_told_of_waits_for_its_messages(live: Live) -> None:
    """Where an event names the messages no time has to pass: the album is whole when the last has come."""
    live.send(structure(live))
    for batch in batches(live):
        assert told(live) == []
        live.send(*batch)
        live.drain()
        due(live)
        live.refresh(vision=FakeVision())
    check(live)


@pytest.mark.parametrize("place", ["after the album's object", "before the albums' ledger"])
def test_an_album_after_a_kill(live: Live, place: str) -> None:
    """A refresh that is killed in the middle of an album leaves it to the next, which tells of it once."""
    for batch in batches(live):
        live.send(*batch)
    live.drain()
    assert child.run("refresh-albums", live.tenant, place) == -9
    assert child.run("refresh-albums", live.tenant) == 0
    check(live)


def test_an_album_under_two_runs(live: Live) -> None:
    """Two refreshes at once make one album."""
    for batch in batches(live):
        live.send(*batch)
    live.drain()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            live.refresh(vision=FakeVision())
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live.refresh(vision=FakeVision())
    assert not failures
    print(
        live.rows("SELECT stage, status, reason, count(*) FROM derivations GROUP BY 1,2,3"),
        live.rows("SELECT * FROM dirty"),
        live.said[-30:],
    )
    check(live)


def test_a_clock_that_was_set_back_makes_no_album_wait(live: Live) -> None:
    """What came an hour from now, by the clock as it was, is worked on now, and the album is as whole as it gets."""
    live.send(item(live, 101), item(live, 103))
    live.drain()
    for table, column in (("dirty", "due_at"), ("dirty", "marked_at"), ("telegram_messages", "received_at")):
        live.rows(f"UPDATE {table} SET {column} = {column} + interval '1 day' RETURNING 1")
    live.refresh(vision=FakeVision(), album_quiet=QUIET)
    assert [one["telegram_message_ids"] for one in told(live)] == [[101, 103]]
    assert live.rows("SELECT * FROM dirty") == []


def test_what_is_deleted_of_an_album_over_midnight_goes(live: Live) -> None:
    """It belongs to both days: with a message of the second one goes what summary, point and graph have of it."""
    live.send(
        item(live, 101) | {"posted_at": "2026-03-01T23:59:59Z"}, item(live, 102) | {"posted_at": "2026-03-02T00:00:00Z"}
    )
    live.drain()
    live.refresh(vision=FakeVision())
    stages = "stage IN ('album_summaries', 'qdrant_points.albums', 'neo4j_nodes.albums')"
    before = live.rows(f"SELECT stage, input_hash FROM derivations WHERE {stages}")
    assert len(before) == 3
    live.send(deletion(live, 102))
    live.drain()
    live.refresh(vision=FakeVision())
    ((summary,),) = live.rows("SELECT meta->'enrichment'->>'vision_summary' FROM media_groups")
    assert "101th" in summary
    assert "102th" not in summary
    assert pipeline.graph_counts(live.tenant)["CONTAINS"] == 1
    assert not set(before) & set(live.rows(f"SELECT stage, input_hash FROM derivations WHERE {stages}"))


def test_a_file_that_never_comes_is_not_waited_for(live: Live) -> None:
    """After an hour its album is looked at again, once, though nothing of it changes."""
    missing = item(live, 102) | {"media": [{"kind": "photo", "mime": "image/jpeg"}]}
    live.send(item(live, 101), missing)
    live.drain()
    live.refresh(vision=FakeVision())

    def look() -> list[Any]:
        with pipeline.new_instance(in_memory=False) as instance:
            register(instance, [f"{live.tenant}.live"])
            tick(frequent_fetch, instance)
        return live.rows("SELECT date::text FROM dirty")

    assert look() == []
    assert told(live) == []
    live.rows("UPDATE telegram_messages SET received_at = received_at - interval '2 hours' RETURNING 1")
    live.rows("UPDATE derivations SET made_at = made_at - interval '2 hours' RETURNING 1")
    assert look() == [("2026-03-01",)]
    live.refresh(vision=FakeVision())
    assert [one["telegram_message_ids"] for one in told(live)] == [[101, 102]]
    assert look() == []


def test_what_leaves_an_album_over_midnight_leaves_it(live: Live, tmp_path: Path) -> None:
    """A second caption ends the album of an export; what is left of it, of the day before, is made anew."""
    midnight = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
    exported = [
        message(
            number, date_unixtime=str(midnight + second), text=caption, photo=f"photos/{number}.jpg", width=9, height=9
        )
        for number, second, caption in ((101, -2, "a caption"), (102, -1, ""), (103, 0, ""))
    ]
    files = {f"photos/{number}.jpg": b"picture %d" % number for number in (101, 102, 103)}
    path = pipeline.write_export(tmp_path, chat(*exported, id=1234567890, name="Live"), files)
    pipeline.import_path(path, live.tenant)
    live.backfill(vision=FakeVision())
    items = """SELECT array_agg(m.telegram_message_id ORDER BY i.position) FROM media_group_items i
               JOIN messages m ON m.id = i.post_id GROUP BY i.group_id"""
    assert live.rows(items) == [([101, 102, 103],)]
    edit = {"posted_at": "2026-03-02T00:00:00Z", "edited_at": "2026-03-02T01:00:00Z", "text": "another caption"}
    live.send(live.event(103, media=[picture(live, 103)], **edit))
    live.drain()
    assert {row[0] for row in live.rows("SELECT date::text FROM dirty")} == {"2026-03-01", "2026-03-02"}
    live.refresh(vision=FakeVision())
    assert live.rows(items) == [([101, 102],)]
    assert live.rows("SELECT items_count FROM media_groups WHERE deleted_at IS NULL") == [(2,)]


@pytest.mark.parametrize("stage", ["media_objects", "media_groups", "vision_summaries"])
def test_an_album_waits_for_another_run(live: Live, stage: str) -> None:
    """While another run makes what albums are made of, none is made of what is there so far."""
    for batch in batches(live):
        live.send(*batch)
    live.drain()
    other = Event()

    def hold() -> None:
        tenant = pipeline.postgres().tenant(ids.tenant_id(live.tenant))
        with tenant as session, session.lock(f"{stage}/{live.tenant}.live") as held:
            assert held
            holding.set()
            assert other.wait(60)

    holding, thread = Event(), threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    try:
        with pytest.raises(AssertionError):  # its budget passes, since the partitions stay dirty
            live.refresh(vision=FakeVision(), budget=3)
        assert told(live) == []
    finally:
        other.set()
        thread.join()
    live.refresh(vision=FakeVision())
    check(live)


def test_what_another_run_is_at_is_looked_at_with_pauses(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds in which nothing can be done do not follow each other at once."""
    live.send(item(live, 101))
    live.drain()
    rounds, pauses = list[int](), list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(seconds)

    original = refresh.Refresh._scope
    monkeypatch.setattr(refresh, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    monkeypatch.setattr(refresh.Refresh, "_scope", lambda *given: (rounds.append(1), original(*given))[1])
    tenant = pipeline.postgres().tenant(ids.tenant_id(live.tenant))
    with (
        tenant as session,
        session.lock(f"media_groups/{live.tenant}.live"),
        pytest.raises(AssertionError),  # its budget passes, since the partition stays dirty
    ):
        live.refresh(vision=FakeVision(), budget=5)
    assert 0 < len(rounds) <= len(pauses) + 3


def test_a_late_item_makes_the_album_anew(live: Live) -> None:
    """It takes its place, and the album is told of again as what it is now."""
    early = [item(live, number) for number in (101, 103)]
    live.send(*early)
    live.drain()
    live.refresh(vision=FakeVision())
    live.send(item(live, 102))
    live.drain()
    live.refresh(vision=FakeVision())
    assert [one["telegram_message_ids"] for one in told(live)] == [[101, 103], [101, 102, 103]]
    assert live.rows("SELECT position FROM media_group_items ORDER BY 1") == [(0,), (1,), (2,)]
