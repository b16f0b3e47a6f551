"""Both servers: the embedded one, which installations run, and a real Neo4j."""

import pytest

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
