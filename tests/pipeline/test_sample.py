"""The sample export through all assets: what comes out is what was put in."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from tests.pipeline.conftest import Materialized
from tests.support import pipeline
from tests.support.pipeline import ALL_ASSETS, expected
from tg_assets import ids
from tg_assets.answers.context import context
from tg_assets.answers.markdown import as_text
from tg_assets.answers.message import message
from tg_assets.answers.search import search
from tg_assets.answers.waiting import waiting
from tg_assets.cli.demo import ASKED
from tg_assets.doors.mcp.server import answered

# Not every chat has a voice note, and a channel no conversation.
SELDOM = ("transcripts", "conversations")
CHATS = list(expected()["chats"])
PLACEHOLDERS = sum(chat["replies_outside"] for chat in expected()["chats"].values())


def total(name: str) -> int:
    return sum(int(chat[name]) for chat in expected()["chats"].values())


@pytest.mark.parametrize("title", CHATS)
def test_messages(sample: Materialized, title: str) -> None:
    wanted = expected()["chats"][title]
    row = sample.one(
        """SELECT count(*) FILTER (WHERE NOT is_service) AS messages, count(*) FILTER (WHERE is_service) AS service,
                  count(reply_to_message_id) AS replies, count(forward_from_name) AS forwards,
                  count(poll) AS polls, count(*) FILTER (WHERE is_edited) AS edits,
                  count(DISTINCT album_id) AS albums
           FROM messages WHERE channel_id = :channel""",
        title,
    )
    assert row._mapping == {name: wanted[name] for name in row._mapping}
    found = pipeline.rows(
        sample.tenant,
        """SELECT forward_from_name, count(*) FROM messages
           WHERE channel_id = :channel AND forward_from_name IS NOT NULL GROUP BY 1""",
        channel=pipeline.channel_of(sample.tenant, title),
    )
    assert {name: count for name, count in found} == wanted["forward_sources"]  # noqa: C416


def test_groups_and_the_rest_are_kept_apart(sample: Materialized) -> None:
    """Posts and direct messages in ``posts``, the group in ``group_messages``, by their source."""
    found = pipeline.rows(sample.tenant, "SELECT kept_in, source, count(*) FROM messages GROUP BY 1, 2")
    wanted = {title: chat["messages"] + chat["service"] for title, chat in expected()["chats"].items()}
    assert sorted(tuple(row) for row in found) == [
        ("group_messages", "group", wanted["Команда маяка"]),
        ("posts", "channel", wanted["Северный маяк"]),
        ("posts", "dm", wanted["Катя Новак"]),
    ]


@pytest.mark.parametrize("title", CHATS)
def test_media(sample: Materialized, title: str) -> None:
    wanted = expected()["chats"][title]
    row = sample.one(
        """SELECT count(*) FILTER (WHERE p.sha256 IS NOT NULL AND p.kind <> 'sticker') AS pictures_present,
                  count(*) FILTER (WHERE p.missing_reason IS NOT NULL) AS media_absent,
                  count(*) FILTER (WHERE p.kind = 'sticker') AS stickers
           FROM post_media_map p JOIN messages m ON m.id = p.post_id
           WHERE m.channel_id = :channel AND p.role = 'primary' AND NOT m.is_service""",
        title,
    )
    assert row._mapping == {name: wanted[name] for name in row._mapping}


@pytest.mark.parametrize("title", CHATS)
def test_files_that_are_away_are_counted_as_the_import_did(sample: Materialized, title: str) -> None:
    """The photo of a service message, too."""
    report = sample.report(title)
    owner = sample.one("SELECT owner_id FROM channels WHERE id = :channel", title).owner_id
    (feed,) = [one for one in waiting(pipeline.archive(sample.tenant, owner)) if one.feed == report.feed]
    assert feed.files_away == report.counts["media_missing"] > 0


def test_what_is_crossed_out_is_told(sample: Materialized) -> None:
    """With its place, and to assistants between marks."""
    given = json.loads((pipeline.SAMPLE / "result.json").read_text("utf-8"))
    parts = {
        (chat["name"], one["id"]): part["text"]
        for chat in given["chats"]["list"] for one in chat["messages"] for part in one.get("text_entities", ())
        if part["type"] == "strikethrough"
    }  # fmt: skip
    assert parts
    archive = pipeline.archive(sample.tenant, int(given["personal_information"]["user_id"]))
    for (title, number), said in parts.items():
        post = ids.post_id(pipeline.channel_of(sample.tenant, title), number)
        whole = message(archive, post)
        (struck,) = whole.message.struck
        units = whole.message.text.encode("utf-16-le")[2 * struck.offset : 2 * (struck.offset + struck.length)]
        assert units.decode("utf-16-le") == said
        assert f"~~{said}~~" in whole.versions[0].said
        (text, *_) = answered(lambda: archive, "fetch", {"id": str(post)}).content
        assert f"~~{said}~~" in json.loads(getattr(text, "text", ""))["text"]
        assert f"~~{said}~~" in as_text(context(archive, whole.message.text[:100]))
        assert f"~~{said}~~" in "".join(one.text for one in search(archive, whole.message.text[:100]).results)


def test_each_byte_is_stored_once(sample: Materialized) -> None:
    store = pipeline.objects()
    rows = pipeline.rows(sample.tenant, "SELECT sha256, s3_key, size_bytes FROM media_objects")
    named = pipeline.scalar(sample.tenant, "SELECT count(DISTINCT sha256) FROM post_media_map")
    assert len(rows) == named
    for sha256, key, size in rows:
        assert sha256 in key
        data = store.get(key)
        assert data is not None
        assert len(data) == size


@pytest.mark.parametrize("title", CHATS)
def test_albums(sample: Materialized, title: str) -> None:
    """Whole, in Telegram's order, with the caption of the one that has it, and a summary of all pictures."""
    wanted = expected()["chats"][title]
    channel = pipeline.channel_of(sample.tenant, title)
    rows = pipeline.rows(
        sample.tenant,
        """SELECT g.items_count, g.album_kind, g.caption_text, g.cover_media_id,
                  array_agg(m.telegram_message_id ORDER BY i.position) AS items,
                  array_agg(i.position ORDER BY i.position) AS positions,
                  (g.meta->'enrichment'->>'items_analyzed')::int AS analyzed
           FROM media_groups g JOIN media_group_items i ON i.group_id = g.id JOIN messages m ON m.id = i.post_id
           WHERE g.channel_id = :channel GROUP BY g.tenant_id, g.id ORDER BY items""",
        channel=channel,
    )
    assert [row.items for row in rows] == wanted["album_ids"]
    for row in rows:
        assert row.items_count == row.analyzed == len(row.items)
        assert row.positions == list(range(len(row.items)))
        assert (row.album_kind, bool(row.caption_text), bool(row.cover_media_id)) == ("photo", True, True)


def test_album_summaries_are_objects_of_the_contract(sample: Materialized) -> None:
    tenant = ids.tenant_id(sample.tenant)
    for (album,) in pipeline.rows(sample.tenant, "SELECT id FROM media_groups"):
        data = pipeline.objects().get(f"album/{tenant}/{album}_vision_summary_v1.json")
        assert data is not None
        assert set(json.loads(data)) == {
            "album_id", "grouped_id", "tenant_id", "channel_id", "items_count", "items_analyzed", "vision_summary",
            "vision_labels", "ocr_text", "has_meme", "has_text", "first_analyzed_at", "last_analyzed_at",
            "assembly_completed_at", "assembly_lag_seconds", "schema_version",
        }  # fmt: skip


def test_every_picture_is_described_or_settled(sample: Materialized) -> None:
    found = dict(
        tuple(row)
        for row in pipeline.rows(
            sample.tenant, "SELECT status, count(*) FROM post_enrichment WHERE kind = 'vision' GROUP BY 1"
        )
    )
    assert found["ok"] == total("pictures_present") + total("stickers")
    assert set(found) <= {"ok", "skipped"}


def test_every_message_is_tagged_or_has_no_words(sample: Materialized) -> None:
    """One row of tags per message that is not a service message."""
    assert pipeline.scalar(sample.tenant, "SELECT count(*) FROM post_enrichment WHERE kind = 'tags'") == total(
        "messages"
    )
    names = pipeline.scalar(
        sample.tenant,
        """SELECT data->'names' FROM post_enrichment e JOIN messages m ON m.id = e.post_id
           WHERE kind = 'tags' AND telegram_message_id = 12 AND source = 'channel'""",
    )
    assert {"маяк", "экспедиция"} <= set(names)


def test_points(sample: Materialized) -> None:
    """A point per message with words, per album and per unit of a conversation; each payload is of the contract."""
    ledger = {
        (row[0], row[1]): row[2]
        for row in pipeline.rows(
            sample.tenant, "SELECT stage, status, count(*) FROM derivations WHERE stage LIKE 'qdrant%' GROUP BY 1, 2"
        )
    }
    assert ledger["qdrant_points.albums", "ok"] == total("albums")
    silent = ledger.get(("qdrant_points", "skipped"), 0)
    assert ledger["qdrant_points", "ok"] + silent == total("messages")
    assert silent < 10
    units = pipeline.scalar(sample.tenant, "SELECT count(*) FROM conversations WHERE deleted_at IS NULL")
    assert ledger["qdrant_points.conversations", "ok"] == units > 20
    assert pipeline.points(sample.tenant) == total("messages") - silent + total("albums") + units
    points = [
        str(row[0])
        for row in pipeline.rows(
            sample.tenant,
            "SELECT id FROM messages UNION SELECT id FROM media_groups UNION SELECT id FROM conversations",
        )
    ]
    with pipeline.qdrant().tenant(ids.tenant_id(sample.tenant)) as index:
        payloads = index.payloads(points)
    assert len(payloads) == pipeline.points(sample.tenant)
    assert {
        "post_id", "tenant_id", "owner_id", "channel_id", "feed", "source", "album_id", "kind", "tags", "text_short",
        "telegram_message_id", "posted_at", "expires_at", "lang", "vision",
    } <= set.intersection(*(set(payload) for payload in payloads.values()))  # fmt: skip
    assert Counter(payload["kind"] for payload in payloads.values()) == Counter(
        post=total("messages") - silent, album=total("albums"), conversation=units
    )
    assert {payload["owner_id"] for payload in payloads.values()} == {0, 510001001}
    assert all((payload["source"] == "dm") == bool(payload["owner_id"]) for payload in payloads.values())


def test_graph(sample: Materialized) -> None:
    """Nodes and relations by kind; a reply to a message outside the export points at a placeholder."""
    found = pipeline.graph_counts(sample.tenant)
    assert found["Post"] == total("messages") + total("service") + PLACEHOLDERS
    wanted = expected()["chats"]
    grouped, private = (
        wanted[title]["messages"] + wanted[title]["service"] for title in ("Команда маяка", "Катя Новак")
    )
    assert found["HAS_POST"] == total("messages") + total("service") + grouped  # a group's have two
    assert (found["Group"], found["IN_DIALOGUE"], found["OWNS"]) == (1, private, private)
    assert (found["User"], found["Persona"], found["Dialogue"]) == (1, 1, 1)
    own = pipeline.scalar(
        sample.tenant, "SELECT count(*) FROM messages WHERE source = 'dm' AND sender_tg_id = 510001001"
    )
    assert 0 < found["SENT_MESSAGE"] == own < private
    assert found["REPLIES_TO"] == total("replies")
    assert found["FORWARDED_FROM"] == total("forwards")
    sources = {name for chat in expected()["chats"].values() for name in chat["forward_sources"]}
    assert found["ForwardSource"] == len(sources)
    assert found["Album"] == found["HAS_ALBUM"] == total("albums")
    assert found["CONTAINS"] == sum(len(a) for chat in expected()["chats"].values() for a in chat["album_ids"])
    assert found["HAS_IMAGE"] == total("pictures_present") + total("stickers")
    assert found["Image"] == pipeline.scalar(
        sample.tenant, "SELECT count(DISTINCT sha256) FROM post_media_map p WHERE kind = 'photo' OR mime LIKE 'image/%'"
    )
    assert found["Channel"] == len(CHATS)
    tags = pipeline.scalar(
        sample.tenant,
        "SELECT sum(jsonb_array_length(data->'tags')) FROM post_enrichment WHERE kind = 'tags'",
    )
    assert found["TAGGED_AS"] == tags
    for relation, origin in (("HAS_TOPIC", "topic"), ("MENTIONS", "entity")):
        assert found[relation] == pipeline.scalar(
            sample.tenant,
            """SELECT count(*) FROM post_enrichment, jsonb_array_elements(data->'tags') AS tag
               WHERE kind = 'tags' AND tag->>'origin' = :origin""",
            origin=origin,
        )
    kinds = {row["type"] for row in pipeline.ask(sample.tenant, "entities")}
    assert kinds <= {"person", "place", "organisation"}
    assert kinds
    with pipeline.neo4j().tenant(ids.tenant_id(sample.tenant)) as graph:
        placeholders = graph.read("MATCH (p:Post {tenant_id: $tenant, placeholder: true}) RETURN count(p) AS n")
    assert placeholders == [{"n": PLACEHOLDERS}]
    assert all(pipeline.ask(sample.tenant, name, **given) for name, given in ASKED)
    (top,) = pipeline.ask(sample.tenant, "most-forwarded", limit=1)
    most = expected()["top_forward_source"]
    assert (top["source"], top["forwards"]) == (most["name"], most["count"])


@pytest.mark.parametrize("title", CHATS)
def test_statistics(sample: Materialized, title: str) -> None:
    wanted = expected()["chats"][title]
    row = sample.one(
        """SELECT sum(messages) AS messages, sum(service_messages) AS service, sum(replies) AS replies,
                  sum(forwards) AS forwards
           FROM feed_statistics WHERE feed = (SELECT feed FROM channels WHERE id = :channel)""",
        title,
    )
    assert row.messages == wanted["messages"] + wanted["service"]
    assert (row.service, row.replies, row.forwards) == (wanted["service"], wanted["replies"], wanted["forwards"])
    volume = pipeline.metadata(sample.results[title], "feed_statistics")["volume"]
    assert volume.startswith("![")
    assert "data:image/png;base64," in volume
    assert len(volume) < 50_000


def test_every_asset_says_what_it_did(sample: Materialized) -> None:
    """Counts, a reason and a table, and nothing failed."""
    for title, result in sample.results.items():
        assert pipeline.metadata(result, "telegram_messages")["messages"] == (
            expected()["chats"][title]["messages"] + expected()["chats"][title]["service"]
        )
        for asset in ALL_ASSETS[1:]:
            about = pipeline.metadata(result, asset)
            assert about["failed"] == 0, (asset, about)
            assert about["made"] + about["skipped"] == about["stale"] == about["items"], asset
            assert about["items"] > 0 or asset in SELDOM, asset


def test_no_text_of_messages_in_metadata_or_the_ledger(sample: Materialized) -> None:
    """A run's metadata and reasons count; they do not quote (tags are the exception, they are the result)."""
    said = [
        row[0]
        for row in pipeline.rows(sample.tenant, "SELECT DISTINCT content FROM messages WHERE length(content) > 30")
    ]
    shown = str([
        pipeline.metadata(result, asset) for result in sample.results.values() for asset in ALL_ASSETS
    ])  # fmt: skip
    reasons = str(pipeline.rows(sample.tenant, "SELECT DISTINCT reason FROM derivations"))
    assert [text for text in said if text in shown or text in reasons] == []


def test_a_second_run_works_on_nothing(sample: Materialized) -> None:
    """Every asset looks, finds all up to date, says so, and changes no row, point, node or relation."""
    before = (
        pipeline.content_hashes(sample.tenant),
        pipeline.points(sample.tenant),
        pipeline.graph_counts(sample.tenant),
    )
    made = pipeline.rows(sample.tenant, "SELECT stage, item_id, made_at FROM derivations ORDER BY 1, 2")
    for result in pipeline.materialize_reports(sample.reports).values():
        assert pipeline.worked_on(result) == dict.fromkeys(ALL_ASSETS[1:], 0)
        for asset in ALL_ASSETS[1:]:
            about = pipeline.metadata(result, asset)
            assert about["why"] == "nothing stale"
            assert about["items"] > 0 or asset in SELDOM
    after = pipeline.content_hashes(sample.tenant), pipeline.points(sample.tenant), pipeline.graph_counts(sample.tenant)
    assert after == before
    assert pipeline.rows(sample.tenant, "SELECT stage, item_id, made_at FROM derivations ORDER BY 1, 2") == made


def test_stretches_from_newest_to_oldest_end_in_the_same(servers: dict[str, str]) -> None:
    """As ``backfill`` makes a long range: replies, forwards, albums and threads reach into what is made later.

    Tags and points are of one message, and so not made here.
    """
    assets = ["posts", "media_objects", "media_groups", "conversations", "neo4j_nodes", "feed_statistics"]
    ends = []
    for parts in (1, 3):
        tenant = pipeline.new_tenant()
        (report,) = [one for one in pipeline.import_path(pipeline.SAMPLE, tenant) if one.title == "Команда маяка"]
        assert report.first
        assert report.last
        bounds = [report.first + (report.last - report.first) * part / parts for part in range(parts + 1)]
        for since, until in reversed(list(pairwise(bounds))):
            pipeline.materialize(report.feed, since.date(), until.date(), assets)
        hashes = pipeline.content_hashes(tenant, anonymous=True)
        # Hashes in these are made of computed ids, which are another tenant's.
        for table in ("derivations", "media_groups", "outbox"):
            hashes[table] = hashes[table].split()[0]
        ends.append((hashes, pipeline.graph_counts(tenant)))
    assert ends[0] == ends[1]
