"""Vectors of pictures by a model of one's own: a collection for each model, asked like the other by tenants only.

A point's id is its post's, its payload has what a search is narrowed by. What does not belong here: making vectors.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from uuid import UUID

from tg_assets.stores.collections import CONFLICT
from tg_assets.stores.vectors import TenantIndex, VectorIndex

CLIP = "clip"
"""Name of the vector."""


class PictureVectors:
    """The collection of the model with this ``tag``, beside an index; of a tenant's, writing, deleting and search are
    its."""

    def __init__(self, index: VectorIndex, tag: str) -> None:
        self._index = index
        self.collection = f"{_prefix(index)}{tag}"

    def tenant(self, tenant: UUID) -> AbstractContextManager[TenantIndex]:
        """The collection as one tenant sees it."""
        return self._index.tenant(tenant, self.collection)

    def create_collection(self, dimension: int) -> None:
        """Create the collection and its payload indexes, unless it is there."""
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        with self._index._client() as client:
            if client.collection_exists(self.collection):
                return
            params = {CLIP: models.VectorParams(size=dimension, distance=models.Distance.COSINE)}
            try:
                client.create_collection(self.collection, vectors_config=params)
            except UnexpectedResponse as error:
                if error.status_code != CONFLICT:  # another process has just made it
                    raise
            tenants = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            for field, schema in (
                ("tenant_id", tenants),
                ("owner_id", models.PayloadSchemaType.INTEGER),
                ("feed", models.PayloadSchemaType.KEYWORD),
                ("posted_at", models.PayloadSchemaType.DATETIME),
            ):
                client.create_payload_index(self.collection, field, schema, wait=True)


def collections(index: VectorIndex, names: Iterable[str]) -> list[str]:
    """Those of the names that are collections of an index' pictures, of the model of now or of one from before."""
    return [name for name in names if name.startswith(_prefix(index))]


def _prefix(index: VectorIndex) -> str:
    """How the names of an index' collections of pictures begin."""
    return f"{index.alias}_{CLIP}_"
