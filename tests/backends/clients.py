"""Short forms of the real clients."""

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import neo4j
import psycopg2
from qdrant_client import QdrantClient


def postgres(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements in one transaction; rows of the last."""
    with closing(psycopg2.connect(url.replace("+psycopg2", ""))) as link, link, link.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def graph(environment: dict[str, str], statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """Run one statement."""
    address = urlsplit(environment["TG_NEO4J_URL"])
    with neo4j.GraphDatabase.driver(
        f"bolt://{address.hostname}:{address.port}", auth=(address.username or "", address.password or "")
    ) as driver:
        return [record.data() for record in driver.execute_query(statement, parameters).records]


@contextmanager
def qdrant(environment: dict[str, str]) -> Iterator[QdrantClient]:
    """An unmodified client; it warns of a key without TLS, which on loopback is meant.

    Its version check runs in a thread of its own, which a test that kills the server would turn into a warning.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Api key is used with an insecure connection")
        client = QdrantClient(
            url=environment["TG_QDRANT_URL"], api_key=environment["TG_QDRANT_API_KEY"], check_compatibility=False
        )
    try:
        yield client
    finally:
        client.close()
