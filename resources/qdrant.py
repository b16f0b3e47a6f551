"""The vector index as a Dagster resource."""

import dagster as dg
from pydantic import Field

from tg_assets.stores.vectors import VectorIndex


class Qdrant(dg.ConfigurableResource["Qdrant"], VectorIndex):
    """A Qdrant server by URL; ``api_key`` may be empty."""

    url: str = Field(repr=False)
    api_key: str = Field(default="", repr=False)
