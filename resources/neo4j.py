"""The graph server as a Dagster resource."""

import dagster as dg
from pydantic import Field

from tg_assets.stores.graph import GraphStore


class Neo4j(dg.ConfigurableResource["Neo4j"], GraphStore):
    """A Bolt server by URL, ``bolt://user:password@host:port`` (``neo4j://``, ``+s`` likewise)."""

    url: str = Field(repr=False)
