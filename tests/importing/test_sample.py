"""The sample export lands whole, once, and the same from a folder and from a zip."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.support.pipeline import SAMPLE, expected
from tg_assets import ids
from tg_assets.importing.report import ChatReport

CHATS = list(expected()["chats"])


def absent_extras(title: str) -> int:
    """Absent pictures of service messages; expected.json counts media of messages alone."""
    chats = json.loads((SAMPLE / "result.json").read_text("utf-8"))["chats"]["list"]
    (messages,) = [chat["messages"] for chat in chats if chat["name"] == title]
    return sum(m["type"] == "service" and m.get("photo", "").startswith("(") for m in messages)


@pytest.fixture(scope="module")
def landed(servers: dict[str, str]) -> tuple[str, Sequence[ChatReport]]:
    tenant = pipeline.new_tenant()
    return tenant, pipeline.import_path(SAMPLE, tenant)


@pytest.mark.parametrize("title", CHATS)
def test_reported_counts_are_those_of_the_sample(landed: tuple[str, Sequence[ChatReport]], title: str) -> None:
    """What a person reads after the import."""
    wanted: dict[str, Any] = expected()["chats"][title]
    (report,) = [one for one in landed[1] if one.title == title]
    counts = report.counts
    for name in ("messages", "service", "replies", "forwards", "albums"):
        assert counts[name] == wanted[name], name
    assert counts["new"] == wanted["messages"] + wanted["service"]
    assert counts["media_present"] == wanted["pictures_present"] + wanted["stickers"]
    assert counts["media_missing"] == wanted["media_absent"] + absent_extras(title)
    assert (counts["media_refused"], counts["duplicates"], counts["changed"], counts["unchanged"]) == (0, 0, 0, 0)
    assert sum(report.rejected.values()) == wanted["unsupported"]


@pytest.mark.parametrize("title", CHATS)
def test_landed_rows_are_those_of_the_sample(landed: tuple[str, Sequence[ChatReport]], title: str) -> None:
    """What is in the database, counted from the rows."""
    tenant, wanted = landed[0], expected()["chats"][title]
    channel = pipeline.channel_of(tenant, title)
    ((messages, service, edits, stickers),) = pipeline.rows(
        tenant,
        """SELECT count(*) FILTER (WHERE raw->>'type' = 'message'), count(*) FILTER (WHERE raw->>'type' = 'service'),
                  count(edited_at), count(*) FILTER (WHERE media @> '[{"kind": "sticker"}]')
           FROM telegram_messages WHERE channel_id = :channel""",
        channel=channel,
    )
    assert (messages, service) == (wanted["messages"], wanted["service"])
    assert (edits, stickers) == (wanted["edits"], wanted["stickers"])
    albums = pipeline.rows(
        tenant,
        """SELECT array_agg(telegram_message_id ORDER BY telegram_message_id) FROM telegram_messages
           WHERE channel_id = :channel AND grouped_id IS NOT NULL GROUP BY grouped_id ORDER BY 1""",
        channel=channel,
    )
    assert [row[0] for row in albums] == wanted["album_ids"]
    stored, absent = pipeline.rows(
        tenant,
        """SELECT count(item->>'sha256'), count(item->>'missing_reason')
           FROM telegram_messages, jsonb_array_elements(media) AS item
           WHERE channel_id = :channel AND item->>'role' = 'primary' AND raw->>'type' = 'message'""",
        channel=channel,
    )[0]
    assert (stored, absent) == (wanted["pictures_present"] + wanted["stickers"], wanted["media_absent"])


def test_what_could_not_land_is_kept_with_its_reason(landed: tuple[str, Sequence[ChatReport]]) -> None:
    rows = pipeline.rows(landed[0], "SELECT source, entry, reason, payload->>'type' FROM dead_letters")
    assert len(rows) == sum(chat["unsupported"] for chat in expected()["chats"].values())
    for source, entry, reason, kind in rows:
        assert source.startswith(f"import {landed[0]}.")
        assert entry.startswith("message ")
        assert "did not support" in reason
        assert kind == "unsupported"


def test_every_medium_is_in_the_object_store(landed: tuple[str, Sequence[ChatReport]]) -> None:
    """Under its key, with its bytes."""
    store = pipeline.objects()
    rows = pipeline.rows(
        landed[0],
        """SELECT DISTINCT item->>'key', (item->>'size')::int
           FROM telegram_messages, jsonb_array_elements(media) AS item WHERE item ? 'sha256'""",
    )
    assert len(rows) > 50
    for key, size in rows:
        data = store.get(key)
        assert data is not None
        assert len(data) == size


def test_chats_become_feeds(landed: tuple[str, Sequence[ChatReport]]) -> None:
    """One feed per chat, named after it; direct messages belong to the account that exported them, without a name."""
    tenant = landed[0]
    direct = ids.channel_id(ids.tenant_id(tenant), 510001007, 510001001)
    rows = pipeline.rows(tenant, "SELECT title, source, feed, tg_channel_id, owner_id FROM channels ORDER BY title")
    assert [tuple(row) for row in rows] == [
        ("Катя Новак", "dm", f"{tenant}.dm-{direct.hex[:8]}", -510001007, 510001001),
        ("Команда маяка", "group", f"{tenant}.komanda-mayaka", -1001800400222, 0),
        ("Северный маяк", "channel", f"{tenant}.severnyy-mayak", -1001700300111, 0),
    ]


def test_importing_again_changes_nothing(tenant: str) -> None:
    """Every table keeps its rows, including when they were received; the report says all was known."""
    first = pipeline.import_path(SAMPLE, tenant)
    before = pipeline.content_hashes(tenant)
    received = pipeline.rows(tenant, "SELECT id, received_at FROM telegram_messages ORDER BY id")
    for report, again in zip(first, pipeline.import_path(SAMPLE, tenant), strict=True):
        assert (again.counts["new"], again.counts["changed"]) == (0, 0)
        assert again.counts["unchanged"] == report.counts["new"]
        assert again.feed == report.feed
    assert pipeline.content_hashes(tenant) == before
    assert pipeline.rows(tenant, "SELECT id, received_at FROM telegram_messages ORDER BY id") == received


@pytest.mark.parametrize("folder", ["", "DataExport_2026-04-01/"])
def test_a_zip_equals_the_folder(
    landed: tuple[str, Sequence[ChatReport]], tenant: str, tmp_path: Path, folder: str
) -> None:
    """Packed as it is, or inside a folder of its own."""
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(SAMPLE.rglob("*")):
            if path.is_file():
                archive.write(path, folder + path.relative_to(SAMPLE).as_posix())
    reports = pipeline.import_path(packed, tenant)
    assert [report.counts for report in reports] == [report.counts for report in landed[1]]
    assert pipeline.content_hashes(tenant, anonymous=True) == pipeline.content_hashes(landed[0], anonymous=True)


def test_a_feed_cannot_be_given_to_several_chats(tenant: str) -> None:
    from tg_assets.errors import TgAssetsError

    with pytest.raises(TgAssetsError, match="holds 3 chats, so --feed cannot name them all"):
        pipeline.import_path(SAMPLE, tenant, feed="all")
    assert set(pipeline.counts(tenant, ["tenants", "feeds", "channels", "telegram_messages"]).values()) == {0}
