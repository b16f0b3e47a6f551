"""Two tenants import the same export: they share no id, and neither reads, changes or removes the other's."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.pipeline.test_changes import FEED_DAYS, FILES, said, story
from tests.support import pipeline
from tests.telegram.exports import account, chat
from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.stores.vectors import Narrow

OWNER = 900
TABLES = {
    "messages": "id", "telegram_messages": "id", "channels": "id", "media_objects": "id", "media_groups": "id",
    "post_enrichment": "post_id", "indexing_status": "post_id", "derivations": "item_id",
    "media_group_items": "post_id",
}  # fmt: skip


@dataclass(frozen=True)
class Side:
    slug: str
    feeds: Sequence[str]

    @property
    def tenant(self) -> UUID:
        return ids.tenant_id(self.slug)

    def ids(self) -> set[str]:
        rows = pipeline.rows(self.slug, "SELECT id::text FROM messages UNION SELECT id::text FROM media_groups")
        return {row[0] for row in rows}

    def state(self) -> object:
        return (
            pipeline.content_hashes(self.slug),
            pipeline.graph_counts(self.slug),
            pipeline.points(self.slug),
            self.payloads(self.ids()),
        )

    def payloads(self, points: set[str]) -> dict[str, dict[str, object]]:
        with pipeline.qdrant().tenant(self.tenant) as index:
            return index.payloads(sorted(points))


@pytest.fixture(scope="module")
def sides(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Side, Side]:
    """A channel with an album, replies and forwards, and a private chat."""
    private = chat(said(1, "между нами: пароль от сейфа"), type="personal_chat", id=500, name="Борис")
    path = pipeline.write_export(
        tmp_path_factory.mktemp("export"), account(chat(*story()), private, user_id=OWNER), FILES
    )
    found = []
    for _ in range(2):
        tenant = pipeline.new_tenant()
        reports = pipeline.import_path(path, tenant)
        for report in reports:
            pipeline.materialize(report.feed, *FEED_DAYS)
        found.append(Side(tenant, [report.feed for report in reports]))
    return found[0], found[1]


def test_both_have_everything_and_share_no_id(sides: tuple[Side, Side]) -> None:
    """The same content, told apart everywhere: rows, points, nodes and objects."""
    one, other = sides
    for table, column in TABLES.items():
        mine, theirs = ({row[0] for row in pipeline.rows(side.slug, f"SELECT {column} FROM {table}")} for side in sides)
        assert mine, table
        assert len(mine) == len(theirs), table
        # a day of statistics is named by its feed, which names the tenant
        assert not mine & theirs, table
    assert pipeline.points(one.slug) == pipeline.points(other.slug) > 0
    assert pipeline.graph_counts(one.slug) == pipeline.graph_counts(other.slug)
    keys = [{row[0] for row in pipeline.rows(side.slug, "SELECT s3_key FROM media_objects")} for side in sides]
    assert keys[0]
    assert not keys[0] & keys[1]


def test_no_relation_crosses_tenants(sides: tuple[Side, Side]) -> None:
    """Not even at the nodes that mean the same: tags, labels, pictures, sources, pages, authors."""
    for side in sides:
        with pipeline.neo4j().tenant(side.tenant) as graph:
            assert graph.read(
                "MATCH (a {tenant_id: $tenant})-[r]-(b) WHERE b.tenant_id <> $tenant RETURN count(r) AS n"
            ) == [{"n": 0}]
            assert graph.read("MATCH (n {tenant_id: $tenant}) WHERE labels(n) = [] RETURN count(n) AS n") == [{"n": 0}]


def test_the_others_points_cannot_be_read_or_found(sides: tuple[Side, Side]) -> None:
    one, other = sides
    assert one.payloads(other.ids()) == {}
    from tg_assets.embedder import UseEmbedder

    vector = UseEmbedder().encode(["генератор"])[0].tolist()
    with pipeline.qdrant().tenant(one.tenant) as index:
        found = {point for point, _ in index.search({"dense": vector}, Narrow(owners=(OWNER,)), 1000)["dense"]}
        assert found == set(one.payloads(one.ids()))
        assert not {point for point, _ in index.search({"dense": vector}, Narrow(feeds=tuple(other.feeds)), 9)["dense"]}
    with pipeline.qdrant().tenant(ids.tenant_id("nobody")) as index:
        assert index.count() == 0
        assert index.search({"dense": vector}, Narrow(owners=(OWNER,)), 1000) == {"dense": []}


def test_the_others_points_cannot_be_written_or_removed(sides: tuple[Side, Side]) -> None:
    one, other = sides
    before = other.state()
    with pipeline.qdrant().tenant(one.tenant) as index:
        index.delete([UUID(point) for point in other.ids()])
        forged = {"id": next(iter(other.ids())), "vector": {}, "payload": {"tenant_id": str(other.tenant)}}
        with pytest.raises(TgAssetsError, match="belongs to another tenant"):
            index.upsert([forged])
    assert other.state() == before


def test_the_others_nodes_cannot_be_read_or_removed(sides: tuple[Side, Side]) -> None:
    one, other = sides
    before = other.state()
    posts = sorted(other.ids())
    with pipeline.neo4j().tenant(one.tenant) as graph:
        assert graph.read("MATCH (p:Post {tenant_id: $tenant}) WHERE p.post_id IN $posts RETURN p", posts=posts) == []
        graph.write(
            "UNWIND $rows AS row MATCH (p {tenant_id: $tenant, post_id: row.post_id}) DETACH DELETE p",
            [{"post_id": post} for post in posts],
        )
        with pytest.raises(TgAssetsError, match="without \\$tenant is not run"):
            graph.read("MATCH (n) RETURN n")
    assert other.state() == before


def test_the_others_feed_cannot_be_materialized_as_ones_own(sides: tuple[Side, Side]) -> None:
    """The tenant is part of the feed's key: a feed of mine with their name is a feed that is not there."""
    one, other = sides
    before = other.state()
    forged = f"{one.slug}.{other.slug}"
    result = pipeline.materialize(forged, *FEED_DAYS, selection=["posts"], raise_on_error=False)
    assert not result.success
    assert other.state() == before


def test_removing_a_tenant_leaves_the_other_whole(sides: tuple[Side, Side]) -> None:
    """Runs last in this module: everything of the first tenant goes, from both stores and the database."""
    one, other = sides
    before = other.state()
    with pipeline.qdrant().tenant(one.tenant) as index:
        index.delete([UUID(point) for point in one.ids()])
    with pipeline.neo4j().tenant(one.tenant) as graph:
        graph.read("MATCH (n {tenant_id: $tenant}) DETACH DELETE n")
    for table in ("media_group_items", "media_groups", "post_media_map", "media_objects", *TABLES):
        if table == "channels":
            continue  # what is left is a feed without messages
        pipeline.rows(one.slug, f"DELETE FROM {table} RETURNING 1")
    assert pipeline.points(one.slug) == 0
    assert pipeline.graph_counts(one.slug) == {}
    assert other.state() == before
