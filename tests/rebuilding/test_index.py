"""An index that is built beside the one that answers, and switched to without a gap."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from qdrant_client import models

from tests.rebuilding import child
from tests.rebuilding.support import QUESTIONS, House, Model, close, ledger, same
from tests.support import pipeline
from tg_assets import ids
from tg_assets.assets import post_points
from tg_assets.errors import TgAssetsError
from tg_assets.ledger.engine import run_stage
from tg_assets.stores import collections
from tg_assets.stores.collections import NEXT, Collections, Version, _create, _delete
from tg_assets.stores.vectors import KeptIndex, VectorIndex


def edit(tenant: str, words: str) -> str:
    """Change a message; its id."""
    (row,) = pipeline.rows(
        tenant,
        """UPDATE posts SET content = :words, content_hash = md5(:words)
           WHERE id = (SELECT id FROM posts WHERE content <> '' AND deleted_at IS NULL ORDER BY id LIMIT 1)
           RETURNING id::text""",
        words=words,
    )
    return str(row[0])


def test_what_is_lost_is_made_again_as_it_was(house: House) -> None:
    (tenant,) = house.tenants
    points, answers, said = house.points(tenant), house.answers(tenant), ledger(tenant)
    assert len(points) > 50
    assert all(answers.values())
    house.drop()
    assert house.answers(tenant) == {question: [] for question in QUESTIONS}
    name = house.rebuild()
    assert house.collections() == (name, [name])
    assert close(house.points(tenant), points)
    assert same(house.answers(tenant), answers)
    assert ledger(tenant) == said


def test_a_rebuild_leaves_out_what_should_not_be_there(house: House) -> None:
    (tenant,) = house.tenants
    before, points, said = house.collections()[0], house.points(tenant), ledger(tenant)
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        stranger = {**next(iter(points.values())), "id": str(ids.tenant_id("no point of anything"))}
        index.upsert([stranger])
    name = house.rebuild()
    assert house.collections() == (name, [name])
    assert name != before
    assert close(house.points(tenant), points)
    assert ledger(tenant) == said


def test_another_model_takes_over_under_searches(house: House) -> None:
    """No search fails and none is empty, whichever model makes the vectors; messages come meanwhile.

    Neither does one of a process that stays, which remembers for a while what answers.
    """
    (tenant,) = house.tenants
    old = house.index.alias
    assert house.model.dimension == 64
    house = replace(house, model=Model(48))
    problems: list[Any] = []
    counts = dict.fromkeys(("searches", "edits"), 0)
    over = threading.Event()

    kept = KeptIndex(house.index.url, house.index.api_key, house.alias)

    def ask(index: VectorIndex) -> None:
        while not over.is_set():
            try:
                counts["searches"] += 1
                if not house.find(tenant, QUESTIONS[counts["searches"] % len(QUESTIONS)], index):
                    problems.append("empty")
            except Exception as error:  # noqa: BLE001
                problems.append(error)

    def live() -> None:
        while not over.is_set():
            counts["edits"] += 1
            edit(tenant, f"маяк починен в {counts['edits']} раз")
            house.make(tenant, ["qdrant_points"])

    threads = [threading.Thread(target=ask, args=(index,)) for index in (house.index, kept)]
    threads.append(threading.Thread(target=live))
    for thread in threads:
        thread.start()
    try:
        name = house.rebuild()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert counts["searches"] > 5
    assert counts["edits"]
    assert name.startswith(Version.of(house.model).collection(old, ""))
    house.make(tenant, ["qdrant_points"])
    assert same(*({question: house.find(tenant, question, index) for question in QUESTIONS} for index in (kept, None)))
    kept._kept().client.close()
    points = house.points(tenant)
    assert {point["payload"]["embedding_model"] for point in points.values()} == {"hash-48"}
    assert {len(point["vector"]["dense"]) for point in points.values()} == {48}
    assert any(point["payload"]["text_short"].startswith("маяк починен") for point in points.values())
    fresh = House(f"{house.alias}_fresh", house.tenants, house.model)
    fresh.rebuild()
    assert close(house.points(tenant), fresh.points(tenant))
    fresh.drop()


def test_until_then_the_old_model_goes_on(house: House) -> None:
    """What comes after another model was chosen is indexed by the one that the index is of; nothing is made anew."""
    (tenant,) = house.tenants
    name, said = house.collections()[0], ledger(tenant)
    house = replace(house, model=Model(48))
    house.make(tenant, ["qdrant_points"])
    assert ledger(tenant) == said
    changed = edit(tenant, "совсем другое")
    house.make(tenant, ["qdrant_points"])
    assert house.collections() == (name, [name])
    assert house.points(tenant)[changed]["payload"]["embedding_model"] == "hash-64"
    assert house.find(tenant, "совсем другое")


def test_a_model_that_is_gone_is_told_and_searches_find_words(house: House) -> None:
    (tenant,) = house.tenants
    house = replace(house, model=Model(48))
    house.rebuild()
    house = replace(house, model=Model(32))
    edit(tenant, "маяк")
    with pytest.raises(TgAssetsError, match="tg-assets rebuild qdrant"):
        house.make(tenant, ["qdrant_points"])
    assert house.find(tenant, "ремонт генератора")
    house.rebuild()
    house.make(tenant, ["qdrant_points"])
    assert house.find(tenant, "маяк")


def test_an_index_without_versions_answers_and_is_replaced(house: House) -> None:
    """Made by an earlier release: it is taken as it is, without a new vector, until a rebuild."""
    (tenant,) = house.tenants
    points, said = house.points(tenant), ledger(tenant)
    with house.index._client() as client:
        about = client.get_collection(house.alias).config.params
        house.drop()
        client.create_collection(house.alias, vectors_config=about.vectors, sparse_vectors_config=about.sparse_vectors)
        client.create_payload_index(house.alias, "tenant_id", models.PayloadSchemaType.KEYWORD, wait=True)
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        index.upsert(list(points.values()))
    house.make(tenant)
    assert house.collections() == (house.alias, [])
    assert ledger(tenant) == said
    assert close(house.points(tenant), points)
    assert house.find(tenant, "маяк")
    name = house.rebuild()
    assert house.collections() == (name, [name])
    assert close(house.points(tenant), points)
    assert ledger(tenant) == said


def test_a_version_that_is_whole_answers_while_the_old_one_goes(house: House) -> None:
    """Killed between the two: searches, writes and another rebuild find the new one."""
    (tenant,) = house.tenants
    points = house.points(tenant)
    with house.index.collections() as collections:
        name = collections.answering()
        assert name
        collections._change(_create(name, house.alias + NEXT), _delete(house.alias))
    assert house.collections() == (name, [name])
    assert house.find(tenant, "маяк")
    edit(tenant, "снова маяк")
    house.make(tenant, ["qdrant_points"])
    assert house.points(tenant).keys() == points.keys()
    with house.index.collections() as collections:  # whoever writes has brought the switch to its end
        assert collections.aliases().get(house.alias) == name
        collections._change(_create(name, house.alias + NEXT), _delete(house.alias))
    again = house.rebuild()
    assert house.collections() == (again, [again])
    with house.index.collections() as collections:
        assert collections.aliases().get(house.alias) == again
        assert house.alias + NEXT not in collections.aliases()


def test_a_clock_that_was_set_back_makes_no_version_older(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its number a rebuild that was killed is found again, and gone on with."""
    version = Version.of(house.model)
    with house.index.collections() as found:
        with monkeypatch.context() as patch:
            ahead = SimpleNamespace(now=lambda zone: datetime.now(zone) + timedelta(days=365))
            patch.setattr(collections, "datetime", ahead)
            first = found.create(version)
        second = found.create(version)
        assert found.versions()[-2:] == [first, second]


def test_tenants_that_are_not_named_keep_their_index(house: House, month: Path) -> None:
    """A rebuild that would lose somebody's points is refused, and does nothing."""
    (tenant,) = house.tenants
    other = pipeline.new_tenant()
    pipeline.import_path(month, other)
    house.make(other, ["posts", "tags", "qdrant_points"])
    state = house.collections(), house.points(other), ledger(other)
    with pytest.raises(TgAssetsError, match="1 tenants that Dagster does not know"):
        house.rebuild()
    assert (house.collections(), house.points(other), ledger(other)) == state
    both = replace(house, tenants=[tenant, other])
    both.rebuild()
    assert close(house.points(other), state[1])
    assert ledger(other) == state[2]


def test_deleted_messages_are_not_in_the_new_version(house: House) -> None:
    """Also those that were built already when they went."""
    (tenant,) = house.tenants
    gone = edit(tenant, "это удалят")
    house.make(tenant, ["qdrant_points"])
    assert gone in house.points(tenant)
    stages = {}

    def delete_then(collection: str) -> None:
        pipeline.rows(tenant, "UPDATE posts SET deleted_at = now(), content = '' WHERE id = :id RETURNING 1", id=gone)

    with pytest.MonkeyPatch.context() as patch:
        ready = Collections.ready

        def after(self: Collections, name: str) -> None:
            ready(self, name)
            with house.index.tenant(ids.tenant_id(tenant), name) as index:
                stages[name] = gone in index.payloads([gone])
            delete_then(name)

        patch.setattr(Collections, "ready", after)
        name = house.rebuild()
    assert stages == {name: True}
    assert gone not in house.points(tenant)
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session:
        for scope in house.scopes(tenant):
            for of in pipeline.prepared_stages(house.tools)["qdrant_points"]:
                assert run_stage(of, session, scope, dry_run=True).todo == 0


def test_what_cannot_be_made_keeps_the_index_that_has_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad item does not stop a rebuild, but what can be found is not lost by one."""
    (tenant,) = house.tenants
    points, said, state = house.points(tenant), ledger(tenant), house.collections()
    bad = min(point for point, one in points.items() if one["payload"]["kind"] == "post")
    made = post_points._payload

    def payload(row: Any, *rest: Any) -> Any:
        if str(row.id) == bad:
            raise ValueError
        return made(row, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(post_points, "_payload", payload)
        with pytest.raises(TgAssetsError, match="1 things that can be found now"):
            house.rebuild()
    assert house.collections()[0] == state[0]
    assert close(house.points(tenant), points)
    stages = ("qdrant_points", "qdrant_points.albums", "qdrant_points.conversations")
    assert [row for stage in stages for row in ledger(tenant, stage)] == said
    name = house.rebuild()
    assert house.collections() == (name, [name])
    assert close(house.points(tenant), points)
    assert ledger(tenant) == said


def test_what_is_deleted_leaves_a_version_that_was_left_off(house: House) -> None:
    """So does what was edited; when the rebuild goes on, there is what there would be without an interruption."""
    (tenant,) = house.tenants
    child.run("index", house.alias, tenant, "before the switch")
    current, versions = house.collections()
    (unfinished,) = [one for one in versions if one != current]
    edited = edit(tenant, "маяк")
    (gone,) = pipeline.rows(
        tenant,
        """UPDATE posts SET deleted_at = now() WHERE id = (
               SELECT id FROM posts WHERE content <> '' AND deleted_at IS NULL ORDER BY id DESC LIMIT 1)
           RETURNING id::text""",
    )
    with house.index.tenant(ids.tenant_id(tenant), unfinished) as index:
        assert index.payloads([edited, *gone]).keys() == {edited, *gone}
        house.make(tenant, ["qdrant_points"])
        assert index.payloads([edited, *gone]) == {}
    points = house.points(tenant)
    assert house.rebuild() == unfinished
    assert close(house.points(tenant), points)
    assert points[edited]["payload"]["text_short"] == "маяк"
