"""A resource's repr, which ends up in tracebacks and logs, has no password."""

import pytest

from resources.neo4j import Neo4j
from resources.postgres import Postgres
from resources.qdrant import Qdrant
from resources.redis import Redis


@pytest.mark.parametrize(
    "resource",
    [
        Postgres(url="postgresql+psycopg2://tg_app:hidden@db/tg"), Redis(url="redis://:hidden@redis/0"),
        Neo4j(url="bolt://neo4j:hidden@graph:7687"), Qdrant(url="http://qdrant:6333", api_key="hidden"),
    ],
    ids=lambda resource: type(resource).__name__,
)  # fmt: skip
def test_no_secret_in_a_repr(resource: object) -> None:
    """Neither repr nor str."""
    assert "hidden" not in repr(resource)
    assert "hidden" not in str(resource)
