"""The vector index as a Dagster resource."""

import dagster as dg
from pydantic import Field

from tg_assets.stores.vectors import COLLECTION, VectorIndex


class Qdrant(dg.ConfigurableResource["Qdrant"], VectorIndex):
    """An index on a Qdrant server by URL; ``api_key`` may be empty, ``alias`` is the index's name."""

    url: str = Field(repr=False)
    api_key: str = Field(default="", repr=False)
    alias: str = COLLECTION
