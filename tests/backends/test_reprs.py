"""A resource's repr, which ends up in tracebacks and logs, has no password."""

import pytest

from resources.redis import Redis
from tg_assets.stores.database import Database
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.vectors import VectorIndex


@pytest.mark.parametrize(
    "resource",
    [
        Database(url="postgresql+psycopg2://tg_app:hidden@db/tg"), Redis(url="redis://:hidden@redis/0"),
        GraphStore(url="bolt://neo4j:hidden@graph:7687"), VectorIndex(url="http://qdrant:6333", api_key="hidden"),
    ],
    ids=lambda resource: type(resource).__name__,
)  # fmt: skip
def test_no_secret_in_a_repr(resource: object) -> None:
    """Neither repr nor str."""
    assert "hidden" not in repr(resource)
    assert "hidden" not in str(resource)
