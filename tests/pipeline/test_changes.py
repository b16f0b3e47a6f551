"""A changed message makes exactly the touched items stale, in every stage."""

import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from tests.support import pipeline
from tests.support.pipeline import ALL_ASSETS
from tests.telegram.exports import chat, message
from tg_assets import assets, ids
from tg_assets.answers.ranked import ranked
from tg_assets.answers.search import search
from tg_assets.landing.facts import Fact, apply_facts, keep_facts

NOON = 1_682_942_400  # 2023-05-01, 12:00 UTC
FEED_DAYS = ("2023-05-01", "2023-05-02")
STAGES = [
    "posts", "media_objects", "media_groups", "vision_summaries", "vision_summaries.looks", "transcripts",
    "album_summaries", "conversations", "conversations.threads", "tags", "qdrant_points", "qdrant_points.albums",
    "qdrant_points.conversations", "neo4j_nodes", "neo4j_nodes.albums", "feed_statistics",
]  # fmt: skip


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return buffer.getvalue()


def said(number: int, text: str, day: int = 0, **fields: Any) -> dict[str, Any]:
    return message(
        number,
        text=text,
        text_entities=[{"type": "plain", "text": text}] if text else [],
        date_unixtime=str(NOON + 86_400 * day),
        **fields,
    )


def edited(original: dict[str, Any], text: str) -> dict[str, Any]:
    return original | {
        "text": text,
        "text_entities": [{"type": "plain", "text": text}],
        "edited": "2023-05-03T00:00:00",
        "edited_unixtime": str(NOON + 200_000),
    }


def story() -> list[dict[str, Any]]:
    """Two days: an album of three, texts, a reply, a forward, a link."""
    files = {"mime_type": "image/png", "width": 64, "height": 48}
    return [
        said(1, "три цвета над заливом", photo="photos/1.png", **files),
        said(2, "", photo="photos/2.png", **files),
        said(3, "", photo="photos/3.png", **files),
        said(5, "генератор снова работает"),
        said(6, "спасибо, генератор нам нужен", reply_to_message_id=5),
        said(7, "новости из порта", forwarded_from="Порт", forwarded_from_id="channel77"),
        said(10, "the ice report is at https://example.org/ice", day=1),
        said(11, "ещё один день на маяке", day=1, reply_to_message_id=400),
    ]


FILES = {f"photos/{n}.png": picture(colour) for n, colour in enumerate(("red", "green", "blue"), 1)}


class Pipeline:
    """Imports versions of the story and materializes both days."""

    def __init__(self, tenant: str, directory: Path) -> None:
        self.tenant, self._directory, self._number = tenant, directory, 0

    def land(self, messages: list[dict[str, Any]], files: dict[str, bytes] | None = None) -> None:
        self._number += 1
        path = pipeline.write_export(self._directory / str(self._number), chat(*messages), FILES | (files or {}))
        (report,) = pipeline.import_path(path, self.tenant)
        self.feed = report.feed

    def run(self, **options: Any) -> dict[str, int]:
        """Materialize; items that each stage worked on."""
        self.result = pipeline.materialize(self.feed, *FEED_DAYS, **options)
        return {
            name: row["stale"]
            for asset in ALL_ASSETS[1:]
            if self.result.asset_materializations_for_node(asset)
            for name, row in pipeline.stages_of(self.result, asset).items()
        }

    def edit(self, number: int, text: str) -> None:
        self.land([edited(one, text) if one["id"] == number else one for one in story()])

    def post(self, number: int) -> str:
        return str(pipeline.scalar(self.tenant, "SELECT id FROM messages WHERE telegram_message_id = :n", n=number))


@pytest.fixture
def story_of(tenant: str, tmp_path: Path) -> Pipeline:
    made = Pipeline(tenant, tmp_path)
    made.land(story())
    return made


def test_first_second_and_third_run(story_of: Pipeline) -> None:
    """Eight messages, three pictures, one album, two days; then nothing. A channel has no conversations."""
    assert story_of.run() == dict.fromkeys(STAGES, 0) | {
        "posts": 8, "media_objects": 3, "media_groups": 1, "vision_summaries": 3, "album_summaries": 1, "tags": 8,
        "vision_summaries.looks": 3,
        "qdrant_points": 8, "qdrant_points.albums": 1, "neo4j_nodes": 8, "neo4j_nodes.albums": 1, "feed_statistics": 2,
    }  # fmt: skip
    assert story_of.run() == dict.fromkeys(STAGES, 0)
    assert {name for asset in assets.ASSETS for name in asset.ledger} == {*STAGES, "qdrant_points.clip"}


def test_an_edited_text_touches_one_message(story_of: Pipeline) -> None:
    """One row, its tags, its point, its node, its day; no picture and no album."""
    story_of.run()
    before = pipeline.content_hashes(story_of.tenant)
    story_of.edit(5, "генератор сломался, чиним до утра #авария")
    assert story_of.run() == dict.fromkeys(STAGES, 0) | {
        "posts": 1, "tags": 1, "qdrant_points": 1, "neo4j_nodes": 1, "feed_statistics": 1,
    }  # fmt: skip
    assert pipeline.scalar(story_of.tenant, "SELECT content FROM posts WHERE telegram_message_id = 5").startswith(
        "генератор сломался"
    )
    with pipeline.qdrant().tenant(ids.tenant_id(story_of.tenant)) as index:
        (payload,) = index.payloads([story_of.post(5)]).values()
    assert payload["text_short"] == "генератор сломался, чиним до утра #авария"
    assert pipeline.graph_counts(story_of.tenant)["REPLIES_TO"] == 2
    after = pipeline.content_hashes(story_of.tenant)
    same = {"media_objects", "media_groups", "media_group_items", "post_media_map", "channels", "feeds"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_a_tag_result_that_differs_in_anything_reaches_the_graph(story_of: Pipeline) -> None:
    """Not only the tags' names: the graph holds confidence and language too, and must equal a rebuilt one."""
    story_of.run()
    for change in ("""jsonb_set(data, '{lang}', '"xx"')""", "jsonb_set(data, '{tags,0,confidence}', '0.123')"):
        pipeline.rows(
            story_of.tenant,
            f"""UPDATE post_enrichment SET data = {change} WHERE kind = 'tags' AND post_id = CAST(:id AS uuid)
                RETURNING 1""",
            id=story_of.post(10),
        )
        assert story_of.run(selection=["neo4j_nodes"]) == {"neo4j_nodes": 1, "neo4j_nodes.albums": 0}
    with pipeline.neo4j().tenant(ids.tenant_id(story_of.tenant)) as graph:
        (post,) = graph.read(
            """MATCH (p:Post {tenant_id: $tenant, post_id: $post})-[r:TAGGED_AS]->()
               RETURN p.lang AS lang, min(r.confidence) AS confidence""",
            post=story_of.post(10),
        )
    assert post["lang"] == "xx"
    assert post["confidence"] <= 0.123


def test_an_edited_caption_touches_its_album(story_of: Pipeline) -> None:
    """The album and its point and node follow; its pictures are not described again."""
    story_of.run()
    story_of.edit(1, "четыре цвета над бухтой")
    assert story_of.run() == dict.fromkeys(STAGES, 0) | {
        "posts": 1, "media_groups": 1, "album_summaries": 1, "tags": 1, "qdrant_points": 1, "qdrant_points.albums": 1,
        "neo4j_nodes": 1, "neo4j_nodes.albums": 1, "feed_statistics": 1,
    }  # fmt: skip
    assert pipeline.scalar(story_of.tenant, "SELECT caption_text FROM media_groups") == "четыре цвета над бухтой"
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_a_replaced_picture_touches_its_message_and_album(story_of: Pipeline) -> None:
    """One picture is described; its post is tagged again because of it, with that reason."""
    story_of.run()
    replaced = [edited(one, "") if one["id"] == 2 else one for one in story()]
    story_of.land(replaced, {"photos/2.png": picture("white")})
    worked = story_of.run()
    assert worked == dict.fromkeys(STAGES, 0) | {
        "posts": 1, "media_objects": 1, "media_groups": 1, "vision_summaries": 1, "album_summaries": 1, "tags": 1,
        "vision_summaries.looks": 1, "qdrant_points": 1, "qdrant_points.albums": 1, "neo4j_nodes": 1,
        "neo4j_nodes.albums": 1, "feed_statistics": 1,
    }  # fmt: skip
    assert pipeline.metadata(story_of.result, "tags")["count/vision_retag"] == 1
    with pipeline.neo4j().tenant(ids.tenant_id(story_of.tenant)) as graph:
        images = graph.read(
            "MATCH (:Post {tenant_id: $tenant, post_id: $post})-[:HAS_IMAGE]->(i) RETURN i.sha256 AS sha256",
            post=story_of.post(2),
        )
    assert [row["sha256"] for row in images] == [
        pipeline.scalar(
            story_of.tenant,
            "SELECT sha256 FROM post_media_map p JOIN posts m ON m.id = p.post_id WHERE telegram_message_id = 2",
        )
    ]
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_new_messages_touch_themselves(story_of: Pipeline) -> None:
    """The one that a reply waited for becomes a post where its placeholder was."""
    story_of.run()
    before = pipeline.graph_counts(story_of.tenant)
    story_of.land([*story(), said(400, "ответ на то, что спросили раньше", day=1)])
    assert story_of.run() == dict.fromkeys(STAGES, 0) | {
        "posts": 1, "tags": 1, "qdrant_points": 1, "neo4j_nodes": 1, "feed_statistics": 1,
    }  # fmt: skip
    after = pipeline.graph_counts(story_of.tenant)
    assert (after["Post"], after["REPLIES_TO"]) == (before["Post"], before["REPLIES_TO"])
    assert after["HAS_POST"] == before["HAS_POST"] + 1


def test_a_longer_album_is_assembled_again(story_of: Pipeline) -> None:
    """A fourth picture arrives with the next export: old items keep their place, and nothing else moves."""
    story_of.run()
    fourth = said(4, "", photo="photos/4.png", mime_type="image/png", width=64, height=48)
    story_of.land([*story(), fourth], {"photos/4.png": picture("black")})
    assert story_of.run() == dict.fromkeys(STAGES, 0) | {
        "posts": 1, "media_objects": 1, "media_groups": 1, "vision_summaries": 1, "album_summaries": 1, "tags": 1,
        "vision_summaries.looks": 1, "qdrant_points": 1, "qdrant_points.albums": 1, "neo4j_nodes": 1,
        "neo4j_nodes.albums": 1, "feed_statistics": 1,
    }  # fmt: skip
    rows = pipeline.rows(
        story_of.tenant,
        """SELECT i.position, m.telegram_message_id FROM media_group_items i JOIN posts m ON m.id = i.post_id
           ORDER BY 1""",
    )
    assert [tuple(row) for row in rows] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert pipeline.graph_counts(story_of.tenant)["CONTAINS"] == 4


def delete(tenant: str, numbers: list[int]) -> None:
    """As a source that tells of deletions does."""
    found = pipeline.rows(
        tenant,
        "SELECT id, channel_id, telegram_message_id FROM telegram_messages WHERE telegram_message_id = ANY(:n)",
        n=numbers,
    )
    facts = [Fact(row[0], "deleted", row[1], row[2], datetime.now(UTC), "{}") for row in found]
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        connection.execute(
            text(
                "CREATE TEMP TABLE landed (id uuid, channel_id uuid, posted_at timestamptz, was bigint) ON COMMIT DROP"
            )
        )
        keep_facts(connection, facts)
        apply_facts(connection)


def test_a_deleted_message_leaves_the_index_and_the_graph(story_of: Pipeline) -> None:
    """A tombstone in Postgres; no point; a placeholder in the graph, because a reply points at it."""
    story_of.run()
    delete(story_of.tenant, [5, 7])
    gone = [story_of.post(5), story_of.post(7)]
    worked = story_of.run()
    assert {name: worked[name] for name in ("posts", "tags", "qdrant_points", "neo4j_nodes")} == {
        "posts": 2, "tags": 2, "qdrant_points": 2, "neo4j_nodes": 2,
    }  # fmt: skip
    assert pipeline.scalar(story_of.tenant, "SELECT count(*) FROM posts WHERE deleted_at IS NOT NULL") == 2
    with pipeline.qdrant().tenant(ids.tenant_id(story_of.tenant)) as index:
        assert index.payloads(gone) == {}
    with pipeline.neo4j().tenant(ids.tenant_id(story_of.tenant)) as graph:
        left = graph.read(
            "MATCH (p:Post {tenant_id: $tenant}) WHERE p.post_id IN $gone RETURN p.post_id AS id, p.deleted AS deleted",
            gone=gone,
        )
    assert left == [{"id": gone[0], "deleted": True}]
    assert pipeline.graph_counts(story_of.tenant)["REPLIES_TO"] == 2
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_a_deleted_picture_leaves_its_album(story_of: Pipeline) -> None:
    story_of.run()
    delete(story_of.tenant, [2])
    story_of.run()
    ((count, live),) = pipeline.rows(
        story_of.tenant,
        """SELECT g.items_count, (SELECT count(*) FROM media_group_items i
                                  WHERE i.group_id = g.id AND i.deleted_at IS NULL) FROM media_groups g""",
    )
    assert count == live == 2
    assert pipeline.graph_counts(story_of.tenant)["CONTAINS"] == 2
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_an_album_whose_first_message_is_deleted_is_the_next_ones(tenant: str, tmp_path: Path) -> None:
    """Its link leads to a message that is there, and its author is known."""
    story_of, by = Pipeline(tenant, tmp_path), {"from": "Вера", "from_id": "user601"}
    captions = {2: "залив в тумане"}
    files = {
        number: {name: one[name] for name in ("photo", "mime_type", "width", "height")}
        for number, one in enumerate(story()[:3], 1)
    }
    story_of.land([said(number, captions.get(number, ""), **file, **by) for number, file in files.items()])
    story_of.run()
    delete(story_of.tenant, [1])
    story_of.run()
    archive = pipeline.archive(story_of.tenant)
    (found,) = search(archive, "залив в тумане", kind="album", author="Вера").results
    assert found.telegram_message_id == 2
    assert (found.link or "").endswith("/2")
    assert found.author == "Вера"
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_an_album_whose_messages_are_all_deleted_dissolves(story_of: Pipeline) -> None:
    story_of.run()
    delete(story_of.tenant, [1, 2, 3])
    story_of.run()
    assert pipeline.scalar(story_of.tenant, "SELECT count(*) FROM media_groups WHERE deleted_at IS NULL") == 0
    assert pipeline.points(story_of.tenant) == 5
    found = pipeline.graph_counts(story_of.tenant)
    assert (found.get("Album", 0), found.get("CONTAINS", 0)) == (0, 0)
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def state(tenant: str) -> list[object]:
    """All that is stored, but for when it was made and why."""
    hashes = pipeline.content_hashes(tenant)
    # Results say "cache_hit" the second time and when they were analysed; the ledger is compared below; what is made
    # again is told again, under its old key.
    passing = ("post_enrichment", "media_groups", "derivations", "outbox")
    kept = {name: value for name, value in hashes.items() if name not in passing}
    # A day's roll-up is stale when one of its messages was written, whatever was written.
    ledger = pipeline.rows(
        tenant,
        """SELECT stage, item_id, input_hash, version, status, reason FROM derivations
           WHERE stage <> 'feed_statistics' ORDER BY 1, 2""",
    )
    return [kept, [tuple(row) for row in ledger], pipeline.points(tenant), pipeline.graph_counts(tenant)]


def test_force_works_on_all_and_changes_nothing(story_of: Pipeline) -> None:
    """Also a check that every upsert names an index that exists: every stage writes over its own rows."""
    first = story_of.run()
    before = state(story_of.tenant)
    assert story_of.run(config={"force": True}) == first
    assert state(story_of.tenant) == before
    assert story_of.run() == dict.fromkeys(STAGES, 0)


def test_dry_run_writes_nothing(story_of: Pipeline) -> None:
    """It says what the next run would do; nothing is materialized, nor in the database, the index or the graph."""
    before = pipeline.content_hashes(story_of.tenant)
    story_of.run(config={"dry_run": True}, selection=["posts"])
    assert story_of.result.get_asset_materialization_events() == []
    (seen,) = [event for event in story_of.result.all_events if event.event_type_value == "ASSET_OBSERVATION"]
    said = seen.asset_observation_data.asset_observation.metadata
    assert (said["dry_run"].value, said["stale"].value, said["made"].value) == (True, 8, 0)
    assert pipeline.content_hashes(story_of.tenant) == before
    assert pipeline.graph_counts(story_of.tenant) == {}


def test_options_narrow_a_run(story_of: Pipeline) -> None:
    assert story_of.run(config={"since": "2023-05-02"}, selection=["posts"])["posts"] == 2
    assert story_of.run(config={"until": "2023-05-02", "channels": ["сад"]}, selection=["posts"])["posts"] == 6
    assert story_of.run(selection=["posts"])["posts"] == 0


def test_an_unknown_chat_fails_the_run_with_a_sentence(story_of: Pipeline) -> None:
    result = pipeline.materialize(
        story_of.feed, *FEED_DAYS, selection=["posts"], config={"channels": ["@nobody"]}, raise_on_error=False
    )
    assert not result.success
    said = str([event.event_specific_data for event in result.get_step_failure_events()])
    assert "has no chat '@nobody'" in said
    assert Counter(pipeline.counts(story_of.tenant, ["posts", "derivations"])).total() == 0


def test_names_beside_the_words_are_found(tenant: str, tmp_path: Path) -> None:
    """A file's, and of whom a post was forwarded from; another name touches one point."""
    story_of = Pipeline(tenant, tmp_path)
    paper = {"file": "files/1.pdf", "file_name": "смета-причала.pdf", "mime_type": "application/pdf"}
    story_of.land([said(1, "вот документ", **paper), said(2, "вот новости", forwarded_from="Буревестник"),
                   said(3, "вот и всё")])  # fmt: skip
    selection = ["posts", "media_objects", "media_groups", "qdrant_points"]
    story_of.run(selection=selection)
    for query, number in (("смета причала", 1), ("буревестник", 2)):
        found = ranked(pipeline.archive(tenant), query)
        assert found[0].telegram_message_id == number
        assert found[0].score > 2 * found[1].score
    renamed = "UPDATE messages SET forward_from_name = 'Альбатрос' WHERE telegram_message_id = 2 RETURNING 1"
    pipeline.rows(tenant, renamed)
    assert story_of.run(selection=["qdrant_points"])["qdrant_points"] == 1
    assert ranked(pipeline.archive(tenant), "альбатрос")[0].telegram_message_id == 2
