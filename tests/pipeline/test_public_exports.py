"""Public exports that other people made: an old schema, and a group with screenshots whose words are found."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.pipeline.conftest import Materialized
from tests.support import pipeline
from tests.support.data import shared_data
from tests.vision.test_reading import PROBES, SILENT
from tg_assets.answers.ranked import ranked


def through_everything(path: Path) -> Materialized:
    tenant = pipeline.new_tenant()
    reports: Sequence[pipeline.ChatReport] = pipeline.import_path(path, tenant)
    return Materialized(tenant, reports, pipeline.materialize_reports(reports))


@pytest.fixture(scope="module")
def excerpt(servers: dict[str, str]) -> Materialized:
    return through_everything(shared_data("desktop", "qa_load_excerpt"))


def test_the_excerpt_materializes(excerpt: Materialized) -> None:
    """220 messages of the current schema, all media there; counts were taken by other means."""
    (report,) = excerpt.reports
    assert (report.counts["new"], report.counts["media_missing"], report.counts["media_refused"]) == (220, 0, 0)
    tenant = excerpt.tenant
    assert pipeline.scalar(tenant, "SELECT count(*) FROM group_messages") == 220
    ((replies, forwards, polls),) = pipeline.rows(
        tenant, "SELECT count(reply_to_message_id), count(forward_from_name), count(poll) FROM messages"
    )
    assert (replies, forwards, polls) == (208, 11, 2)
    assert pipeline.scalar(tenant, "SELECT count(*) FROM derivations WHERE status = 'error'") == 0
    found = pipeline.graph_counts(tenant)
    assert (found["REPLIES_TO"], found["FORWARDED_FROM"], found["HAS_POST"]) == (208, 11, 2 * 220)


def test_every_photo_has_a_result(excerpt: Materialized) -> None:
    """All eighteen, each with a version and a hash of its features."""
    rows = pipeline.rows(
        excerpt.tenant,
        """SELECT e.status, e.data->>'vision_version', e.data->>'features_hash' FROM post_media_map p
           JOIN post_enrichment e ON e.post_id = p.post_id AND e.kind = 'vision'
           WHERE p.kind = 'photo' AND p.role = 'primary'""",
    )
    assert len(rows) == 18
    assert all(status == "ok" and version and features for status, version, features in rows)


def test_words_in_screenshots_are_found(excerpt: Materialized) -> None:
    """Each word was seen in the picture by eye; of eighteen photos at least ten are found by one of theirs."""
    names = {
        row[0]: row[1]
        for row in pipeline.rows(
            excerpt.tenant,
            """SELECT substring(item->>'path' FROM 'photo_([0-9]+)@')::int, telegram_message_id
               FROM telegram_messages, jsonb_array_elements(media) AS item WHERE item->>'path' LIKE '%photo\\_%@%'""",
        )
    }
    assert set(PROBES) | SILENT <= set(names)
    found: dict[int, bool] = {}
    for number, words in PROBES.items():
        albums = {
            row[0]
            for row in pipeline.rows(
                excerpt.tenant, "SELECT album_id FROM messages WHERE telegram_message_id = :n AND album_id IS NOT NULL",
                n=names[number],
            )
        }  # fmt: skip
        hits = [hit for word in words for hit in ranked(pipeline.archive(excerpt.tenant), word, limit=5)]
        found[number] = any(hit.telegram_message_id == names[number] or hit.id in albums for hit in hits)
    print(f"found {sum(found.values())} of {len(found)}: {found}")
    assert sum(found.values()) >= 10, found


def test_an_old_small_channel_materializes(servers: dict[str, str]) -> None:
    """19 messages of 2020 with an album of three, voice, audio and a thumbnail; a second run does nothing."""
    done = through_everything(shared_data("desktop", "tg2md"))
    (report,) = done.reports
    assert (report.counts["new"], report.counts["media_present"], report.counts["albums"]) == (19, 10, 1)
    kinds = {
        row[0]: row[1]
        for row in pipeline.rows(
            done.tenant, "SELECT kind, count(*) FROM post_media_map WHERE role = 'primary' GROUP BY 1"
        )
    }
    assert kinds == {"photo": 5, "document": 2, "voice": 1, "audio": 1}
    ((items, kind),) = pipeline.rows(done.tenant, "SELECT items_count, album_kind FROM media_groups")
    assert (items, kind) == (3, "photo")
    assert pipeline.scalar(done.tenant, "SELECT count(*) FROM derivations WHERE status = 'error'") == 0
    (again,) = pipeline.materialize_reports(done.reports).values()
    assert set(pipeline.worked_on(again).values()) == {0}
