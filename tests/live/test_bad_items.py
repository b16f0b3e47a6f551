"""One bad thing among many: a key that is not its content's, an object that is another file, an item that a stage
stumbles over. It is named, the others are made, and no refresh fails."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.support import CHAT, Live
from tests.live.test_tail import drawing
from tests.support import pipeline
from tg_assets import ids
from tg_assets.assets import neo4j_nodes, post_points, tags, vision_summaries

UPLOADED = "stream:posts:vision:uploaded"
POISON = "the poisoned one"


def photo(live: Live, data: bytes, stored: bytes | None = None) -> dict[str, Any]:
    """A picture of an event; what is under its key may be something else."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"media/{ids.tenant_id(live.tenant)}/{sha256[:2]}/{sha256}.png"
    pipeline.objects().put(key, data if stored is None else stored)
    return {"kind": "photo", "mime": "image/png", "size": len(data), "sha256": sha256, "s3_key": key}


def media(live: Live) -> dict[int, tuple[str | None, str | None]]:
    """Hash and reason of each message's medium."""
    rows = live.rows(
        """SELECT m.telegram_message_id, p.sha256, p.missing_reason FROM messages m
           JOIN post_media_map p ON p.post_id = m.id"""
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def test_a_key_is_the_one_of_its_content_and_tenant(live: Live, another: Callable[[], Live]) -> None:
    """Whatever else an event calls it, nothing is read or removed there, and every other picture is looked at."""
    good = photo(live, drawing("good"))
    theirs = photo(another(), drawing("good"))
    sha256, key = good["sha256"], good["s3_key"]
    tenant = ids.tenant_id(live.tenant)
    bad = [
        f"media/{tenant}/../{sha256}.png", f"media/{tenant}/{sha256[:2]}/../{sha256[:2]}/{sha256}.png", key + "\x00",
        key + "x" * 300, key + "/", f"/{key}", key.replace(sha256, "b" * 64), f"{key}.{'x' * 300}", theirs["s3_key"],
        f"vision/{tenant}/{sha256}.png", "", key[:-4], f"{key[:-4]}.", f"{key[:-3]}PNG", f"{key[:-3]}p\u202eg",
    ]  # fmt: skip
    for number, one in enumerate(bad, 1):
        live.send(live.event(2 * number, media=[{**good, "s3_key": one}], has_media=True))
        file = {"sha256": sha256, "s3_key": one, "mime_type": "image/png", "size_bytes": 1}
        about = {"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_id": 2 * number + 1}
        live.send({**about, "media_files": [file]}, stream=UPLOADED)
        live.send(live.event(2 * number + 1, has_media=True))
    live.send(live.event(1, media=[good], has_media=True))
    live.drain()
    assert not live.refresh().failures
    found = media(live)
    assert found.pop(1) == (sha256, None)
    assert {one for one, _ in found.values()} == {None}
    assert live.rows("SELECT s3_key FROM media_objects") == [(key,)]
    assert live.rows("SELECT status FROM post_enrichment WHERE kind = 'vision' AND status = 'ok'") == [("ok",)]
    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": [*range(2, 40)]},
              stream="stream:posts:deleted")  # fmt: skip
    live.drain()
    assert not live.refresh().failures
    assert pipeline.objects().exists(key)
    assert pipeline.objects().exists(theirs["s3_key"])


def test_an_object_that_is_another_file_is_not_believed(live: Live) -> None:
    """Not shown as stored, not looked at; once the right bytes are there it is."""
    wrong, right = photo(live, drawing("wanted"), stored=drawing("other")), photo(live, drawing("right"))
    live.send(live.event(1, media=[wrong], has_media=True), live.event(2, media=[right], has_media=True))
    live.drain()
    assert not live.refresh().failures
    assert media(live) == {1: (None, "its object holds another file"), 2: (right["sha256"], None)}
    assert live.rows("SELECT sha256 FROM media_objects") == [(right["sha256"],)]
    assert live.rows("SELECT count(*) FROM pictures WHERE provider <> 'looks'") == [(1,)]
    pipeline.objects().put(wrong["s3_key"], drawing("wanted"))
    live.backfill()
    assert media(live)[1] == (wrong["sha256"], None)
    assert live.rows("SELECT count(*) FROM pictures WHERE provider <> 'looks'") == [(2,)]


def test_a_key_that_was_believed_before_stops_nobody(live: Live) -> None:
    """Rows of an older version, when keys were not looked at."""
    pictures = [photo(live, drawing(name)) for name in ("one", "two")]
    live.send(*(live.event(number, media=[one], has_media=True) for number, one in enumerate(pictures, 1)))
    live.drain()
    live.backfill()
    live.rows("UPDATE media_objects SET s3_key = 'media/../x' || repeat('y', 300) WHERE sha256 = :sha RETURNING 1",
              sha=pictures[0]["sha256"])  # fmt: skip
    live.rows("UPDATE derivations SET version = '' WHERE stage = 'vision_summaries' RETURNING 1")
    live.rows("DELETE FROM pictures RETURNING 1")
    for one in pictures:
        pipeline.objects().delete(result_of(live, one["sha256"]))
    assert live.backfill()["vision_summaries"].done == 1
    live.send({"tenant_id": live.tenant, "tg_channel_id": CHAT, "telegram_message_ids": [1, 2]},
              stream="stream:posts:deleted")  # fmt: skip
    live.drain()
    assert not live.refresh().failures
    assert live.rows("SELECT 1 FROM media_objects") == []


def result_of(live: Live, sha256: str) -> str:
    """Key of a picture's result."""
    (seen,) = live.rows(
        """SELECT DISTINCT data->>'provider' AS provider, data->>'model' AS model
           FROM post_enrichment WHERE kind = 'vision'"""
    )
    return f"vision/{ids.tenant_id(live.tenant)}/{sha256}_{seen.provider}_{seen.model}_v1.json"


def stumbling(function: Callable[..., Any], poisoned: Callable[..., bool]) -> Callable[..., Any]:
    """A function of a stage that cannot take one item."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if poisoned(*args):
            raise KeyError(POISON)
        return function(*args, **kwargs)

    return call


def test_every_stage_goes_on_without_what_it_stumbles_over(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The item is failed, with a reason that quotes nothing, in the ledger and where people look for it."""
    live.send(*(live.event(number, media=[photo(live, drawing(str(number)))], has_media=True) for number in (1, 2)))
    live.send(live.event(3, text=POISON, media=[photo(live, drawing("3"))], has_media=True))
    live.drain()
    (poisoned,) = live.rows("SELECT id FROM messages WHERE content = :text", text=POISON)
    for module, name, is_it in (
        (tags, "_input", lambda post: post.content == POISON),
        (post_points, "_payload", lambda row, *_: row.content == POISON),
        (neo4j_nodes.rows, "post_rows", lambda posts: any(one.content == POISON for one in posts)),
        (vision_summaries, "_row", lambda post: post.id == poisoned.id),
    ):
        monkeypatch.setattr(module, name, stumbling(getattr(module, name), is_it))
    assert not live.refresh().failures
    failed = live.rows("SELECT stage, item_id, reason FROM derivations WHERE status = 'error' ORDER BY stage")
    reason = "it cannot be worked on: KeyError"
    stages = ("neo4j_nodes", "qdrant_points", "tags", "vision_summaries")
    assert failed == [(stage, poisoned.id, reason) for stage in stages]
    states = live.rows(
        """SELECT m.telegram_message_id, embedding_status, graph_status, error_message FROM indexing_status i
           JOIN messages m ON m.id = i.post_id ORDER BY 1"""
    )
    assert states == [
        (1, "completed", "completed", None), (2, "completed", "completed", None), (3, "failed", "failed", reason),
    ]  # fmt: skip
    enriched = "SELECT kind, status, count(*) FROM post_enrichment GROUP BY 1, 2 ORDER BY 1, 2"
    assert live.rows(enriched) == [
        ("tags", "error", 1), ("tags", "ok", 2), ("vision", "error", 1), ("vision", "ok", 2)
    ]  # fmt: skip
    monkeypatch.undo()
    reports = live.backfill()
    assert {name: reports[name].done for name in stages} == dict.fromkeys(stages, 1)
    ((retries,),) = live.rows("SELECT retry_count FROM indexing_status WHERE post_id = :id", id=poisoned.id)
    assert retries > 0
    assert live.rows("SELECT 1 FROM indexing_status WHERE 'failed' IN (embedding_status, graph_status)") == []


def test_service_messages_wait_for_no_vectors(live: Live) -> None:
    live.send(live.event(1), live.event(2, is_service=True, action_type="pin", service={"action": "pin"}))
    live.drain()
    live.refresh()
    sql = """SELECT m.telegram_message_id, embedding_status, graph_status FROM indexing_status i
             JOIN messages m ON m.id = i.post_id ORDER BY 1"""
    assert live.rows(sql) == [(1, "completed", "completed"), (2, "skipped", "completed")]


def test_a_message_of_a_year_that_telegram_has_not_stops_no_refresh(live: Live) -> None:
    """Its partition has no end, and nobody's partitions could be looked at any more."""
    live.send(live.event(1), *(live.event(number, posted_at=f"{year}-12-31T12:00:00Z")
                               for number, year in ((2, 9999), (3, "0001"), (4, 2107))))  # fmt: skip
    live.drain()
    live.rows("INSERT INTO dirty (tenant_id, feed, date) VALUES (current_tenant(), :feed, '9999-12-31') RETURNING 1",
              feed=f"{live.tenant}.live")  # fmt: skip
    assert not live.refresh().failures
    assert live.numbers() == [1]
    assert len(live.letters()) == 3


def test_a_stream_that_takes_nothing_holds_up_no_other(live: Live) -> None:
    """What is for it waits in the outbox, and everything else is told."""
    live.redis.set("stream:posts:tagged", "somebody's value")
    live.send(live.event(1), live.event(2))
    live.drain()
    assert live.refresh().failures.keys() == {"outbox: ResponseError"}
    assert live.redis.xlen("stream:posts:indexed") == 2
    assert live.rows("SELECT stream, count(*) FROM outbox GROUP BY 1") == [("stream:posts:tagged", 2)]
    live.redis.delete("stream:posts:tagged")
    live.send(live.event(3))
    live.drain()
    assert not live.refresh().failures
    assert live.redis.xlen("stream:posts:tagged") == 3
