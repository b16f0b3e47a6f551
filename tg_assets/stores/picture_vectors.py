"""Vectors of pictures by a model of one's own: a collection for each model, asked like the other by tenants only.

A point's id is its post's, its payload has what a search is narrowed by. What does not belong here: making vectors.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

from tg_assets.lazy import Lazy
from tg_assets.stores.qdrant_http import connected
from tg_assets.stores.vectors import COLLECTION, CONFLICT, TenantIndex, VectorIndex

CLIP = "clip"
"""Name of the vector."""


class PictureVectors(VectorIndex):
    """The collection of the model with this ``tag``; of a tenant's index only writing, deleting and search are its."""

    def __init__(self, index: VectorIndex, tag: str) -> None:
        super().__init__(index.url, index.api_key)
        self.collection = f"{COLLECTION}_{CLIP}_{tag}"

    @contextmanager
    def tenant(self, tenant: UUID) -> Iterator[TenantIndex]:
        """The collection as one tenant sees it."""
        with ExitStack() as opened:
            client = Lazy(lambda: opened.enter_context(self._client()))
            wire = Lazy(lambda: opened.enter_context(connected(self.url, self.api_key, self.collection)))
            yield TenantIndex(client, wire, tenant)

    def create_collection(self, dimension: int) -> None:
        """Create the collection and its payload indexes, unless it is there."""
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        with self._client() as client:
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
