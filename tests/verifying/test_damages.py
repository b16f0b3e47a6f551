"""Each kind of damage is named, in its partition, and mended; then everything is as it was."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rebuilding.support import PICTURED, House, MadeUpVision, close, ledger
from tests.support import pipeline
from tg_assets import ids
from tg_assets.assets.verified import verify
from tg_assets.importing import hold
from tg_assets.stores.vectors import TenantIndex
from tg_assets.verifying.findings import Findings

Named = set[tuple[str, str, str]]
STRANGER = str(ids.tenant_id("nothing of anybody"))
A_POST = "MATCH (p:Post {tenant_id: $tenant})<-[:HAS_POST]-(:Channel) WHERE NOT p.placeholder AND (p)-[:TAGGED_AS]->() "
A_REPLY = (
    "MATCH (p:Post {tenant_id: $tenant})-[r:REPLIES_TO_AUTHOR]->(b:Author) WHERE r.author_id <> b.author_id "
    "WITH p, r, b ORDER BY p.post_id LIMIT 1 "
)
FIRST = "WITH p ORDER BY p.post_id LIMIT 1 "


@pytest.fixture(scope="module")
def house(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    tenant, other = pipeline.new_tenant(), pipeline.new_tenant()
    # Of the first so much that a sample does not see all; the other is only looked at.
    exports = pipeline.SAMPLE, pipeline.last_month(tmp_path_factory.mktemp("month"))
    found = House(f"index_{tenant}", [tenant, other], given={"vision": MadeUpVision()})
    for one, export in zip(found.tenants, exports, strict=True):
        pipeline.import_path(export, one)
        found.make(one, PICTURED)
    yield found
    found.drop()


def look(house: House, *, whole: bool = True, **options: Any) -> Findings:
    return verify(house.tools, house.tenants[0], whole=whole, **options)


def named(found: Findings) -> Named:
    return {(store, what, kind) for _, store, what, kind in found.counts}


def graph(house: House, statement: str) -> None:
    house.cypher(house.tenants[0], statement)


def point(house: House, change: Callable[[TenantIndex, dict[str, Any]], None]) -> None:
    """Change something about a post's point."""
    tenant = house.tenants[0]
    points = house.points(tenant)
    one = min((one for one in points.values() if one["payload"]["kind"] == "post"), key=lambda one: one["id"])
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        change(index, one)


def payload(index: TenantIndex, one: dict[str, Any], **changed: Any) -> None:
    index.upsert([{**one, "payload": {**one["payload"], **changed}}])


def vectors(index: TenantIndex, one: dict[str, Any], **changed: Any) -> None:
    index.upsert([{**one, "vector": {**one["vector"], **changed}}])


def rows(house: House, statement: str) -> None:
    assert pipeline.rows(house.tenants[0], statement)


def path_of(key: str) -> Path:
    return Path(pipeline.objects().url.removeprefix("file://")) / key


def stray(house: House, name: str = f"{'0' * 64}.jpg") -> None:
    """A file that nobody knows and that is not new."""
    path = path_of(f"media/{ids.tenant_id(house.tenants[0])}/00/{name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"nothing")
    os.utime(path, (time.time() - 86_400,) * 2)


DAMAGES: dict[str, tuple[Callable[[House], None], Named]] = {
    "point deleted": (
        lambda house: point(house, lambda index, one: index._delete({"has_id": [one["id"]]})),
        {("qdrant", "point of post", "missing")},
    ),
    "point too much": (
        lambda house: point(house, lambda index, one: index.upsert([{**one, "id": STRANGER}])),
        {("qdrant", "point of post", "extra")},
    ),
    "point too much, of no kind": (
        lambda house: point(
            house, lambda index, one: payload(index, {**one, "id": STRANGER}, kind="thing", feed=None, posted_at="?")
        ),
        {("qdrant", "point of post", "extra")},
    ),
    "payload changed": (
        lambda house: point(house, lambda index, one: payload(index, one, tags=["said by nobody"])),
        {("qdrant", "point of post", "different")},
    ),
    "payload of another feed": (
        lambda house: point(house, lambda index, one: payload(index, one, feed="no.feed", owner_id=7)),
        {("qdrant", "point of post", "different")},
    ),
    "vector of another text": (
        lambda house: point(house, lambda index, one: vectors(index, one, dense=one["vector"]["dense"][::-1])),
        {("qdrant", "vectors of post", "different")},
    ),
    "word weighed otherwise": (
        lambda house: point(
            house,
            lambda index, one: vectors(
                index, one, lemmas={**one["vector"]["lemmas"], "values": [0.5] * len(one["vector"]["lemmas"]["values"])}
            ),
        ),
        {("qdrant", "vectors of post", "different")},
    ),
    "album's point deleted": (
        lambda house: rows_of_albums(house),
        {("qdrant", "point of album", "missing")},
    ),
    "post's node deleted": (
        lambda house: graph(house, A_POST + FIRST + "DETACH DELETE p"),
        {("neo4j", "Post", "missing")},
    ),
    "tag's node deleted": (
        lambda house: graph(house, A_POST + FIRST + "MATCH (p)-[:TAGGED_AS]->(t) DETACH DELETE t"),
        {("neo4j", "TAGGED_AS", "missing")},
    ),
    "relation deleted": (
        lambda house: graph(house, A_POST + FIRST + "MATCH (p)<-[r:HAS_POST]-(:Channel) DELETE r"),
        {("neo4j", "HAS_POST", "missing")},
    ),
    "relation too much": (
        lambda house: graph(
            house, A_POST + FIRST + "MATCH (w:WebPage {tenant_id: $tenant}) WHERE NOT (p)-[:REFERS_TO]->(w) "
            "WITH p, w LIMIT 1 CREATE (p)-[:REFERS_TO]->(w)"
        ),
        {("neo4j", "REFERS_TO", "extra")},
    ),
    "relation of a chat too much": (
        lambda house: graph(
            house, A_POST + "MATCH (g:Group {tenant_id: $tenant}) WHERE NOT (p)<-[:HAS_POST]-(g) "
            "WITH p, g ORDER BY p.post_id LIMIT 1 CREATE (p)<-[:HAS_POST]-(g)"
        ),
        {("neo4j", "HAS_POST", "extra")},
    ),
    "relation twice": (
        lambda house: graph(house, A_POST + FIRST + "MATCH (p)<-[:HAS_POST]-(c:Channel) CREATE (p)<-[:HAS_POST]-(c)"),
        {("neo4j", "HAS_POST", "extra")},
    ),
    "property of a relation changed": (
        lambda house: graph(house, A_POST + FIRST + "MATCH (p)-[r:TAGGED_AS]->() WITH r LIMIT 1 SET r.confidence = 7"),
        {("neo4j", "TAGGED_AS", "different")},
    ),
    "place in an album changed": (
        lambda house: graph(house, "MATCH (:Album {tenant_id: $tenant})-[r:CONTAINS]->() WITH r LIMIT 1 "
                                   "SET r.position = 77"),
        {("neo4j", "CONTAINS", "different")},
    ),
    "label of a picture gone": (
        lambda house: graph(house, "MATCH (:Image {tenant_id: $tenant})-[r:HAS_LABEL]->() WITH r LIMIT 1 DELETE r"),
        {("neo4j", "HAS_LABEL", "missing")},
    ),
    "label of a picture too much": (
        lambda house: graph(house, "MATCH (i:Image {tenant_id: $tenant}) WITH i ORDER BY i.sha256 LIMIT 1 "
                                   "MERGE (l:Label {tenant_id: $tenant, name: 'never seen'}) "
                                   "CREATE (i)-[:HAS_LABEL]->(l)"),
        {("neo4j", "HAS_LABEL", "extra")},
    ),
    "whom a reply answers gone": (
        lambda house: graph(house, A_REPLY + "DELETE r"),
        {("neo4j", "REPLIES_TO_AUTHOR", "missing")},
    ),
    "whom a reply answers twice": (
        lambda house: graph(house, A_REPLY + "CREATE (p)-[:REPLIES_TO_AUTHOR]->(b)"),
        {("neo4j", "REPLIES_TO_AUTHOR", "extra")},
    ),
    "whom a reply answers is another": (
        lambda house: graph(house, A_REPLY + "MATCH (p)<-[:AUTHOR_OF]-(a:Author) WHERE a.author_id <> b.author_id "
                                   "CREATE (p)-[:REPLIES_TO_AUTHOR]->(a)"),
        {("neo4j", "REPLIES_TO_AUTHOR", "extra")},
    ),
    "what is said of whom a reply answers changed": (
        lambda house: graph(house, A_REPLY + "SET r.owner_id = 7"),
        {("neo4j", "REPLIES_TO_AUTHOR", "different")},
    ),
    "property changed": (
        lambda house: graph(house, A_POST + FIRST + "SET p.url = 'elsewhere'"),
        {("neo4j", "Post", "different")},
    ),
    "album's item gone": (
        lambda house: graph(house, "MATCH (:Album {tenant_id: $tenant})-[r:CONTAINS]->() WITH r LIMIT 1 DELETE r"),
        {("neo4j", "CONTAINS", "missing")},
    ),
    "node too much": (
        lambda house: graph(
            house, "CREATE (:Post {tenant_id: $tenant, post_id: '" + STRANGER + "', placeholder: false})"
        ),
        {("neo4j", "Post", "extra")},
    ),
    "tag too much": (
        lambda house: graph(house, "CREATE (:Tag {tenant_id: $tenant, name: 'said by nobody'})"),
        {("neo4j", "Tag", "extra")},
    ),
    "chat too much": (
        lambda house: graph(house, "CREATE (:Channel {tenant_id: $tenant, channel_id: 'no chat'})"),
        {("neo4j", "Channel", "extra")},
    ),
    "ledger row gone": (
        lambda house: rows(
            house,
            """DELETE FROM derivations WHERE stage = 'qdrant_points' AND item_id = (
                   SELECT min(item_id::text)::uuid FROM derivations WHERE stage = 'qdrant_points' AND status = 'ok')
               RETURNING 1""",
        ),
        {("ledger", "qdrant_points", "missing")},
    ),
    "ledger row of other inputs": (
        lambda house: rows(
            house,
            """UPDATE derivations SET input_hash = 'x' WHERE stage = 'neo4j_nodes' AND item_id = (
                   SELECT min(item_id::text)::uuid FROM derivations WHERE stage = 'neo4j_nodes') RETURNING 1""",
        ),
        {("ledger", "neo4j_nodes", "stale")},
    ),
    "object nobody knows": (stray, {("objects", "media", "extra")}),
    "part of an object whose writer was killed": (
        lambda house: stray(house, f"{'0' * 64}.jpg#1"), {("objects", "media", "extra")}
    ),
}  # fmt: skip


def rows_of_albums(house: House) -> None:
    tenant = house.tenants[0]
    albums = [one["id"] for one in house.points(tenant).values() if one["payload"]["kind"] == "album"]
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        index._delete({"has_id": albums[:1]})


def test_nothing_differs(house: House) -> None:
    """And what was never made is no difference, but is named."""
    found = look(house)
    assert named(found) == set()
    assert found.total == 0
    assert set(found.compared) == {"ledger", "qdrant", "neo4j", "objects"}
    assert found.noted().keys() == {"not made"}
    assert {stage for _, stage, _ in found.notes} == {
        "transcripts",
        "album_summaries",
        "feed_statistics",
    }


@pytest.fixture(scope="module")
def before(house: House) -> Any:
    """Everything as it was before the first damage: the tenant's, and all of another's."""
    tenant, other = house.tenants
    return house.points(tenant), house.graph(tenant), ledger(tenant, "%"), house.state(other)


# Each looks at everything, so damages that are told apart and do not hide each other are done together.
ROUNDS = (
    ("point deleted", "album's point deleted", "relation deleted", "tag too much", "object nobody knows",
     "label of a picture gone", "place in an album changed"),
    ("point too much", "payload changed", "property changed", "chat too much", "album's item gone",
     "label of a picture too much"),
    ("point too much, of no kind", "payload of another feed", "relation too much", "property of a relation changed",
     "part of an object whose writer was killed"),
    ("vector of another text", "relation of a chat too much", "node too much"),
    ("relation twice", "ledger row gone"),
    ("word weighed otherwise", "ledger row of other inputs"),
    ("whom a reply answers gone", "what is said of whom a reply answers changed"),
    ("whom a reply answers twice", "whom a reply answers is another"),
    ("post's node deleted",),
    ("tag's node deleted",),
)  # fmt: skip


def test_every_damage_has_its_round() -> None:
    assert sorted(damage for damages in ROUNDS for damage in damages) == sorted(DAMAGES)


@pytest.mark.parametrize("damages", ROUNDS, ids=lambda damages: damages[0])
def test_damages_are_named_and_mended(house: House, before: Any, damages: tuple[str, ...]) -> None:
    tenant, (points, nodes, said, _) = house.tenants[0], before
    for damage in damages:
        DAMAGES[damage][0](house)
    found = look(house, repair=True)
    names = Named().union(*(DAMAGES[damage][1] for damage in damages))
    assert names <= named(found)
    # With a node go relations to it, and nodes that only it was related to are alone.
    assert found.total == len(damages) or damages[0] in ("post's node deleted", "tag's node deleted")
    assert found.mended == found.total
    assert named(look(house)) == set()
    assert close(house.points(tenant), points)
    assert house.graph(tenant) == nodes
    assert ledger(tenant, "%") == said


def test_nothing_of_another_tenant_was_touched(house: House, before: Any) -> None:
    assert house.state(house.tenants[1]) == before[3]


def test_a_sample_sees_what_is_everywhere(house: House) -> None:
    """Ids are all compared, contents of some; one feed is compared alone."""
    tenant, feed = house.tenants[0], house.scopes(house.tenants[0])[0].feed
    points = house.points(tenant)
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        index.upsert([{**one, "payload": {**one["payload"], "lang": "xx"}} for one in points.values()])
    some, all_ = look(house, whole=False), look(house)
    assert all_.total == len(points)
    assert 100 <= some.total < all_.total
    alone = look(house, feed=feed, repair=True)
    mine = sum(one["payload"]["feed"] == feed for one in points.values())
    assert (alone.total, alone.mended) == (mine, mine)
    assert {place.feed for place, *_ in alone.counts} == {feed}
    assert "objects" not in alone.compared
    assert look(house, repair=True).mended == len(points) - mine
    assert close(house.points(tenant), points)


@pytest.mark.parametrize("lost", [True, False])
def test_a_file_that_is_gone_is_asked_for_again(house: House, lost: bool) -> None:
    """Or one of another size. It is noted as not stored, in its partition, which is dirty for the refresh."""
    tenant = house.tenants[0]
    sha256, key, size, feed = pipeline.rows(
        tenant,
        """SELECT o.sha256, o.s3_key, o.size_bytes, c.feed FROM media_objects o JOIN post_media_map p USING (sha256)
           JOIN messages m ON m.id = p.post_id JOIN channels c ON c.id = m.channel_id
           WHERE o.dropped_at IS NULL ORDER BY o.sha256 LIMIT 1""",
    )[0]
    if lost:
        path_of(key).unlink()
    else:
        path_of(key).write_bytes(b"x" * (size + 1))
    found = look(house)
    assert named(found) == {("objects", "file", "missing" if lost else "different")}
    ((place, *_),) = found.counts
    assert place.feed == feed
    assert look(house, repair=True).mended == 1
    clean = look(house)
    assert named(clean) == set()
    assert clean.noted()["pending"]
    assert not path_of(key).exists()
    reasons = pipeline.rows(
        tenant, "SELECT DISTINCT missing_reason FROM post_media_map WHERE missing_reason = 'not stored yet'"
    )
    assert reasons
    house.make(tenant, PICTURED)
    pipeline.rows(tenant, "DELETE FROM dirty RETURNING 1")
    assert named(look(house)) == set()
    assert not pipeline.rows(tenant, "SELECT FROM media_objects WHERE sha256 = :sha256", sha256=sha256)


def test_while_an_import_puts_objects_none_is_a_stray(house: House) -> None:
    """It may find those of one that was killed, and says so when it is over."""
    tenant = ids.tenant_id(house.tenants[0])
    stray(house)
    with pipeline.postgres().tenant(tenant) as session, session.transaction() as connection:
        hold(connection, tenant)
        assert named(look(house, repair=True)) == set()
    assert named(look(house, repair=True)) == {("objects", "media", "extra")}
    assert named(look(house)) == set()


def test_a_result_that_is_gone_is_made_again(house: House) -> None:
    """Its pictures are described once more when their partitions are refreshed."""
    tenant = house.tenants[0]
    said = ledger(tenant, "vision%")
    sha256, key = pipeline.rows(tenant, "SELECT sha256, key FROM derived_objects ORDER BY sha256 LIMIT 1")[0]
    path_of(key).unlink()
    found = look(house)
    assert named(found) == {("objects", "result", "missing")}
    assert look(house, repair=True).mended == 1
    assert set(ledger(tenant, "vision%")) < set(said)
    clean = look(house)
    assert named(clean) == set()
    assert clean.noted()["pending"]
    house.make(tenant, PICTURED)
    assert path_of(key).exists()
    assert pipeline.rows(tenant, "SELECT FROM derived_objects WHERE sha256 = :sha256", sha256=sha256)
    pipeline.rows(tenant, "DELETE FROM dirty RETURNING 1")
    assert named(look(house)) == set()
    assert ledger(tenant, "vision%") == said
