"""The asset ``media_objects``: what is missing is downloaded, then all of it is rows."""

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from tests.downloading.support import Reader, content, news, post
from tests.support import pipeline
from tests.telegram_server import World

Read = Callable[[World], Reader]
ASSETS = ["posts", "media_objects", "media_groups"]


@pytest.fixture
def reader(read: Read) -> Reader:
    """A photo, the same photo again, a document and a sticker."""
    world, _, _ = news()
    photo = world.photo(content(100))
    post(world, photo, photo, world.document(content(200), "a.bin", dc=4), world.sticker(content(10)))
    return read(world)


def materialize(reader: Reader, *assets: str, **config: Any) -> dg.ExecuteInProcessResult:
    """Materialize the month."""
    first, last = reader.days
    return pipeline.materialize(reader.feed, first, last, assets or ASSETS, config or None)


def test_downloaded_media_are_rows(reader: Reader) -> None:
    """One object per content, a reference per message, and the reason of what was not downloaded."""
    found = pipeline.metadata(materialize(reader), "media_objects")
    assert found["downloaded"] == found["to_download"] == 3
    assert found["downloaded_bytes"] == 400
    assert found["not_downloaded_because"] == "* 1 x kind sticker is not in TG_MEDIA_KINDS"
    assert [row.size_bytes for row in reader.loop.rows("SELECT * FROM media_objects ORDER BY size_bytes")] == [100, 200]
    rows = reader.loop.rows(
        """SELECT p.kind, o.mime, o.s3_key, p.missing_reason FROM post_media_map p JOIN telegram_messages t
           ON t.id = p.post_id LEFT JOIN media_objects o ON o.sha256 = p.sha256 ORDER BY t.telegram_message_id"""
    )
    assert [(row.kind, row.mime) for row in rows] == [
        ("photo", "image/jpeg"), ("photo", "image/jpeg"), ("document", "application/octet-stream"), ("sticker", None),
    ]  # fmt: skip
    assert rows[0].s3_key == rows[1].s3_key
    assert pipeline.objects().get(rows[2].s3_key) == content(200)
    assert rows[3].missing_reason == "kind sticker is not in TG_MEDIA_KINDS"


def test_twice_is_once(reader: Reader) -> None:
    """A second run, forced or not, downloads nothing and says nothing of downloads."""
    materialize(reader)
    before, items = reader.asked(), reader.items()
    for config in ({}, {"force": True}):
        assert "to_download" not in pipeline.metadata(materialize(reader, **config), "media_objects")
    assert reader.asked() == before
    assert reader.items() == items


def test_a_dry_run_counts(reader: Reader) -> None:
    """It observes how many files and bytes there are to download, and writes nothing."""
    before = reader.items()
    result = materialize(reader, "media_objects", dry_run=True)
    (observed,) = [event for event in result.all_events if event.event_type_value == "ASSET_OBSERVATION"]
    told = observed.asset_observation_data.asset_observation.metadata
    assert (told["to_download"].value, told["to_download_bytes"].value) == (3, 400)
    assert reader.items() == before
    assert not reader.asked()


def test_it_can_be_switched_off(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TG_MEDIA_DOWNLOAD off media stay as they landed."""
    monkeypatch.setenv("TG_MEDIA_DOWNLOAD", "false")
    materialize(reader)
    assert not reader.asked()
    assert set(reader.reasons().values()) == {"not stored yet"}


def test_what_follows_hears_of_it(reader: Reader) -> None:
    """A run of this asset alone marks the partitions whose media changed, for the next refresh."""
    materialize(reader, "posts")
    reader.loop.rows("DELETE FROM dirty RETURNING 1")
    materialize(reader, "media_objects")
    assert {str(row.date) for row in reader.loop.rows("SELECT date FROM dirty")} == {"2026-01-01"}
