"""A tenant's graph, and its points, made again where they are."""

from pathlib import Path

import pytest

from tests.rebuilding.support import House, Model, close, ledger
from tests.support import pipeline
from tg_assets import ids
from tg_assets.errors import TgAssetsError

DEBRIS = (
    "CREATE (:Tag {tenant_id: $tenant, name: 'nobody says this'})",
    "CREATE (:Post {tenant_id: $tenant, post_id: '!no post', placeholder: false, channel_id: 'no chat'})",
    "CREATE (:Channel {tenant_id: $tenant, channel_id: 'no chat'})",
    "MATCH (p:Post {tenant_id: $tenant}) WHERE NOT p.placeholder WITH p ORDER BY p.post_id LIMIT 1 "
    "MERGE (t:Tag {tenant_id: $tenant, name: 'said by nobody'}) CREATE (p)-[:TAGGED_AS {confidence: 1.0}]->(t)",
    "MATCH (p:Post {tenant_id: $tenant}) WHERE NOT p.placeholder WITH p ORDER BY p.post_id LIMIT 1 "
    "MERGE (c:Channel {tenant_id: $tenant, channel_id: 'another chat'}) CREATE (c)-[:HAS_POST]->(p)",
    "MATCH (p:Post {tenant_id: $tenant}) WHERE NOT p.placeholder WITH p ORDER BY p.post_id LIMIT 1 "
    "SET p.url = 'elsewhere'",
    "MATCH (t:Tag {tenant_id: $tenant}) WITH t ORDER BY t.name LIMIT 3 DETACH DELETE t",
    "MATCH (p:Post {tenant_id: $tenant}) WHERE NOT p.placeholder WITH p ORDER BY p.post_id DESC LIMIT 3 "
    "DETACH DELETE p",
    "MATCH (a:Album {tenant_id: $tenant})-[r:CONTAINS]->() WITH r LIMIT 1 DELETE r",
)


def test_a_lost_graph_is_made_again_as_it_was(house: House) -> None:
    (tenant,) = house.tenants
    graph, said = house.graph(tenant), ledger(tenant, "neo4j%")
    assert len(graph) > 300
    house.cypher(tenant, "MATCH (n {tenant_id: $tenant}) DETACH DELETE n")
    assert house.graph(tenant) == set()
    house.rebuild("neo4j_nodes")
    assert house.graph(tenant) == graph
    assert ledger(tenant, "neo4j%") == said


def test_a_graph_that_is_made_again_in_place_is_a_fresh_one(house: House, month: Path) -> None:
    """Whatever was in it, and without a post that is not there for a moment."""
    (tenant,) = house.tenants
    other = pipeline.new_tenant()
    pipeline.import_path(month, other)
    house.make(other)
    graph, said, state = house.graph(tenant), ledger(tenant, "neo4j%"), house.state(other)
    for statement in DEBRIS:
        house.cypher(tenant, statement)
    assert house.graph(tenant) != graph
    house.rebuild("neo4j_nodes")
    assert house.graph(tenant) == graph
    assert ledger(tenant, "neo4j%") == said
    assert house.state(other) == state


def test_a_tenants_points_are_made_again_in_place(house: House, month: Path) -> None:
    (tenant,) = house.tenants
    other = pipeline.new_tenant()
    pipeline.import_path(month, other)
    house.make(other)
    points, said, state, name = house.points(tenant), ledger(tenant), house.state(other), house.collections()
    with house.index.tenant(ids.tenant_id(tenant)) as index:
        first, second, third, *_ = points.values()
        index.upsert([{**first, "payload": {**first["payload"], "tags": ["said by nobody"]}}])
        index.upsert([{**second, "id": str(ids.tenant_id("no point"))}])
        index._delete({"has_id": [third["id"]]})
    assert not close(house.points(tenant), points)
    house.rebuild("qdrant_points")
    assert close(house.points(tenant), points)
    assert ledger(tenant) == said
    assert house.state(other) == state
    assert house.collections() == name


def test_one_tenants_points_cannot_be_of_another_model(house: House) -> None:
    (tenant,) = house.tenants
    state = house.state(tenant)
    house.model = Model(48)
    with pytest.raises(TgAssetsError, match="without --tenant"):
        house.rebuild("qdrant_points")
    assert house.state(tenant) == state
