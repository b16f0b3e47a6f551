"""When posts are tagged again, and what a tagger's failures leave behind: the stage on a real database."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from resources.tagger import TenantTagger
from tests.pipeline.test_changes import edited, said
from tests.support import pipeline
from tests.tagging.attempts import FILE_NAMES, FORWARD_TITLES
from tests.telegram.exports import chat
from tg_assets import ids
from tg_assets.assets import tags
from tg_assets.ledger.engine import run_stage
from tg_assets.ledger.enrichment import save_enrichment
from tg_assets.ledger.stage import Report
from tg_assets.remote.errors import NotNow, ReplyUnusable
from tg_assets.scope import Scope
from tg_assets.tagging.tagger import LocalTagger
from tg_assets.tagging.tags import TagInput, TagResult, tag

DAY = ("2023-05-01", "2023-05-01")
TEXTS = {1: "прогулка у маяка #промо", 2: "ремонт дизельного генератора", 3: "расписание электричек"}


class Scripted:
    """Counts what it is given; may have another version, be unusable for some posts, or not be there."""

    name = "scripted"
    chunk_size = 10
    tokens = tokens_per_post = 0

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.given: list[list[str]] = []
        self.unusable = ""
        self.gone = False

    def tag_all(self, inputs: Sequence[TagInput]) -> list[TagResult]:
        self.given.append([one.text for one in inputs])
        if self.gone:
            raise NotNow("the budget is spent")
        if self.unusable and any(self.unusable in one.text for one in inputs):
            raise ReplyUnusable("the answer was not usable twice")
        return [tag(one) for one in inputs]


class Tagged:
    """A feed of three posts, and what the stage makes of them."""

    def __init__(self, tenant: str, directory: Path) -> None:
        self.tenant, self._directory, self._number = tenant, directory, 0

    def land(self, messages: Sequence[dict[str, Any]], files: dict[str, bytes] | None = None) -> None:
        self._number += 1
        path = pipeline.write_export(self._directory / str(self._number), chat(*messages), files)
        (report,) = pipeline.import_path(path, self.tenant)
        self.feed = report.feed
        pipeline.materialize(self.feed, *DAY, selection=["telegram_messages", "posts"])

    def run(self, tagger: Any, **options: Any) -> Report:
        scope = Scope(self.feed, datetime(2023, 5, 1, tzinfo=UTC), datetime(2023, 5, 2, tzinfo=UTC))
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session:
            return run_stage(tags.stage(TenantTagger(tagger)), session, scope, **options)

    def see(self, number: int, features: str | None, version: str, labels: Sequence[str] = ()) -> None:
        """Put a vision result under a post."""
        data = orjson.dumps({"vision_version": version, "labels": list(labels), "ocr": None}).decode()
        post = pipeline.scalar(self.tenant, "SELECT id FROM messages WHERE telegram_message_id = :n", n=number)
        with pipeline.postgres().tenant(ids.tenant_id(self.tenant)) as session, session.transaction() as connection:
            save_enrichment(connection, "vision", "local", [(post, features, data, "ok", None)])

    def rows(self) -> dict[int, Any]:
        found = pipeline.rows(
            self.tenant,
            """SELECT m.telegram_message_id AS n, e.data, e.status, e.error, e.provider, e.params_hash
               FROM post_enrichment e JOIN messages m ON m.id = e.post_id WHERE e.kind = 'tags'""",
        )
        return {row.n: row for row in found}

    def told(self) -> list[dict[str, Any]]:
        """Outgoing events, oldest first."""
        found = pipeline.rows(self.tenant, "SELECT data::jsonb FROM outbox WHERE stream LIKE '%tagged%' ORDER BY seq")
        return [row[0] for row in found]


@pytest.fixture
def tagged(tenant: str, tmp_path: Path) -> Tagged:
    made = Tagged(tenant, tmp_path)
    made.land([said(number, text) for number, text in TEXTS.items()])
    return made


def test_first_time_and_never_again(tagged: Tagged) -> None:
    """Everything once; a row says by whom, by which version and why."""
    tagger = Scripted()
    assert tagged.run(tagger).stale == Counter(new=3)
    rows = tagged.rows()
    assert {row.data["trigger"] for row in rows.values()} == {"initial"}
    assert {(row.data["tags_version"], row.provider, row.status) for row in rows.values()} == {("1", "scripted", "ok")}
    assert all(row.params_hash == row.data["tags_hash"] for row in rows.values())
    assert tagged.run(tagger).todo == 0
    assert tagger.given == [list(TEXTS.values())]


def test_a_changed_text_is_tagged_again(tagged: Tagged) -> None:
    tagger = Scripted()
    tagged.run(tagger)
    before = tagged.rows()
    tagged.land([edited(said(2, TEXTS[2]), "ремонт насоса"), *(said(n, TEXTS[n]) for n in (1, 3))])
    assert tagged.run(tagger).stale == Counter(changed=1)
    after = tagged.rows()
    assert tagger.given[1:] == [["ремонт насоса"]]
    assert after[2].data["trigger"] == "initial"
    assert after[2].data["tags_hash"] != before[2].data["tags_hash"]
    assert after[1].data == before[1].data


def test_features_seen_later_are_a_retag(tagged: Tagged) -> None:
    """Pictures described after the first tagging, then described otherwise: the post alone, with that reason."""
    tagger = Scripted()
    tagged.run(tagger)
    for features, label in (("f1", "lighthouse"), ("f2", "sea")):
        tagged.see(1, features, "v1", [label])
        report = tagged.run(tagger)
        assert (report.stale, report.counts["vision_retag"]) == (Counter(changed=1), 1)
        row = tagged.rows()[1].data
        assert (row["trigger"], row["features_hash"]) == ("vision_retag", features)
        assert label in row["names"]
    assert tagger.given[1:] == [[TEXTS[1]]] * 2


def test_features_seen_before_the_first_tagging_are_no_retag(tagged: Tagged) -> None:
    tagged.see(1, "f1", "v1", ["lighthouse"])
    tagged.run(Scripted())
    assert tagged.rows()[1].data["trigger"] == "initial"


def test_another_vision_version_that_sees_the_same_changes_nothing(tagged: Tagged) -> None:
    """Not one post is read, nothing is told."""
    tagger = Scripted()
    tagged.see(1, "f1", "v1", ["lighthouse"])
    tagged.run(tagger)
    told = len(tagged.told())
    tagged.see(1, "f1", "v2", ["lighthouse"])
    assert tagged.run(tagger).todo == 0
    assert len(tagger.given) == 1
    assert len(tagged.told()) == told


def test_a_retag_is_told_and_a_repetition_is_not(tagged: Tagged) -> None:
    """Force and a new version that finds the same tell nobody; a retag does, even of the same tags."""
    tagged.run(Scripted())
    assert Counter(event["trigger"] for event in tagged.told()) == Counter(initial=3)
    before = {number: row.data["tags_hash"] for number, row in tagged.rows().items()}
    tagged.run(Scripted(), force=True)
    assert tagged.run(Scripted("2")).stale == Counter(version=3)
    rows = tagged.rows()
    assert {number: row.data["tags_hash"] for number, row in rows.items()} == before
    assert {row.data["tags_version"] for row in rows.values()} == {"2"}
    assert len(tagged.told()) == 3
    tagged.see(3, "f1", "v1")
    tagged.run(Scripted("2"))
    last = tagged.told()[-1]
    assert (last["trigger"], last["vision_version"], last["provider"]) == ("vision_retag", "v1", "scripted")
    assert last["tags_hash"] == before[3]


def test_one_unusable_answer_costs_one_post(tagged: Tagged) -> None:
    """Its neighbours are tagged; it is settled with its hashtags, and looked at again when it changes."""
    tagger = Scripted()
    tagger.unusable = "маяка"
    report = tagged.run(tagger)
    assert (report.done, report.skipped) == (2, Counter({"the answer was not usable twice": 1}))
    row = tagged.rows()[1]
    assert (row.status, row.error, row.data["names"]) == ("skipped", "the answer was not usable twice", ["промо"])
    assert "дизельный генератор" in " ".join(tagged.rows()[2].data["names"])
    assert tagged.run(tagger).todo == 0


def test_a_tagger_that_is_not_there_now_is_waited_for(tagged: Tagged) -> None:
    """Nothing is written, all stay due."""
    tagger = Scripted()
    tagger.gone = True
    report = tagged.run(tagger)
    assert (report.done, report.waiting) == (0, Counter({"the budget is spent": 3}))
    assert tagged.rows() == {}
    tagger.gone = False
    assert tagged.run(tagger).todo == 3
    assert len(tagged.rows()) == 3


def test_names_of_files_and_sources_are_no_content(tenant: str, tmp_path: Path) -> None:
    """Whatever a file or a forwarded chat is called, its name is not in any tag."""
    tagged = Tagged(tenant, tmp_path)
    posts, files = [], {}
    for number, name in enumerate(FILE_NAMES, 1):
        files[f"files/{number}.pdf"] = b"%PDF-1.4 tiny"
        about = {"file": f"files/{number}.pdf", "file_name": name, "mime_type": "application/pdf"}
        posts.append(said(number, "прогулка у маяка", **about))
    for number, title in enumerate(FORWARD_TITLES, len(FILE_NAMES) + 1):
        posts.append(said(number, "прогулка у маяка", forwarded_from=title, forwarded_from_id=f"channel{number}"))
    tagged.land(posts, files)
    tagged.run(LocalTagger())
    rows = tagged.rows()
    assert len(rows) == len(posts)
    assert {tuple(row.data["names"]) for row in rows.values()} == {tuple(tag(TagInput("прогулка у маяка")).names)}
