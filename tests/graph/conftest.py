"""Both servers: the embedded one, which installations run, and a real Neo4j."""

import pytest

from tests.graph.world import World, build
from tests.support import pipeline
from tg_assets.graph import schema
from tg_assets.stores.graph import GraphStore


@pytest.fixture(scope="session")
def both(servers: dict[str, str], real_neo4j: str) -> dict[str, GraphStore]:
    """Stores by the name of their server, with their constraints."""
    found = {"embedded": pipeline.neo4j(), "real": GraphStore(url=real_neo4j)}
    for store in found.values():
        store.create_schema(schema.CONSTRAINTS)
    return found


@pytest.fixture(params=["embedded", "real"])
def store(request: pytest.FixtureRequest, both: dict[str, GraphStore]) -> GraphStore:
    """Each of them in turn."""
    return both[request.param]


@pytest.fixture(scope="session")
def world(both: dict[str, GraphStore], tmp_path_factory: pytest.TempPathFactory) -> World:
    """What questions are asked of, in both graphs; whoever changes it there puts it back."""
    made = build(pipeline.new_tenant(), tmp_path_factory.mktemp("world"))
    for store in both.values():
        made.write(store)
    return made
