"""What stages are made of: servers, models and settings, each reached when it is first asked for.

The same stages serve a run, the live refresh and a rehearsal; what differs between them is here and nowhere else.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tg_assets.embedder import Embedder, ParallelEmbedder
from tg_assets.errors import ServerDown, ServerRefuses, TgAssetsError
from tg_assets.ids import tenant_id
from tg_assets.settings import Settings
from tg_assets.stores.collections import Collection, maker
from tg_assets.stores.database import Database
from tg_assets.stores.embeddings import CachedEmbedder
from tg_assets.stores.graph import GraphStore
from tg_assets.stores.objects import ObjectStore
from tg_assets.stores.vectors import VectorIndex
from tg_assets.workers import Workers, shared

if TYPE_CHECKING:
    from redis import Redis

    from resources.speech import SpeechChoice
    from resources.tagger import TenantTagger
    from resources.vision import TenantVision


ASKED_SECONDS = 5.0
"""How long a run takes the index to be of the same model: its stages are made anew for each scope."""


class Tools:
    """Resources of a run by the names that they have in the definitions.

    ``resource`` gives one by name. ``live`` says that messages may still be coming.
    """

    is_rehearsed = False

    def __init__(self, resource: Callable[[str], Any], *, live: bool = False) -> None:
        self.resource = resource
        self.is_live = live
        self._indexer: tuple[float, Embedder | None] = 0.0, None

    @cached_property
    def settings(self) -> Settings:
        """What the deployment chose."""
        found: Settings = self.resource("settings")
        return found

    @cached_property
    def database(self) -> Database:
        """PostgreSQL."""
        found: Database = self.resource("postgres")
        return found

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store."""
        found: ObjectStore = self.resource("objects")
        return found

    @cached_property
    def vectors(self) -> VectorIndex:
        """The vector index."""
        found: VectorIndex = self.resource("qdrant")
        return found

    @cached_property
    def graph(self) -> GraphStore:
        """The graph server."""
        found: GraphStore = self.resource("neo4j")
        return found

    @cached_property
    def embedder(self) -> Embedder:
        """The model that makes vectors of texts."""
        found: Embedder = self.resource("embedder").get()
        return found

    def embedder_of(self, tenant: UUID) -> Embedder:
        """The same model, which is asked, on every core, for what the tenant's cache lacks."""
        return self._cached(self.embedder, tenant)

    def _cached(self, embedder: Embedder, tenant: UUID) -> Embedder:
        return CachedEmbedder(
            ParallelEmbedder(embedder, self.workers), self.database, tenant, keeps=not self.is_rehearsed
        )

    def indexed_by(self, tenant: UUID, collection: Collection | None) -> Embedder:
        """The model of a collection, which may be another than the one that was chosen since; cached likewise.

        Raises TgAssetsError when it is not here.
        """
        found = maker(collection, self.embedder)
        if found is None:
            raise TgAssetsError(
                "The vectors of the index were made by a model that is not here any more, so nothing can be added to "
                f"it. Run `tg-assets rebuild qdrant`: it builds one with {self.embedder.model_id} beside it."
            )
        return self._cached(found, tenant)

    def indexer(self, tenant: UUID) -> Embedder:
        """The model of the index as it is, or was a moment ago; the one that was chosen where nobody can say.

        It names the version of what is made. Whoever writes asks again (``indexed_by``).
        """
        asked, found = self._indexer
        if found is None or time.monotonic() - asked > ASKED_SECONDS:
            try:
                with self.vectors.tenant(tenant) as index:
                    found = maker(index.collection(), self.embedder) or self.embedder
            except (ServerDown, ServerRefuses):  # whoever writes is told
                return self.embedder
            self._indexer = time.monotonic(), found
        return found

    @cached_property
    def workers(self) -> Workers:
        """Processes for what is pure work of the processor."""
        return shared(self.settings.workers)

    @cached_property
    def redis(self) -> "Redis":
        """The carrier of live traffic, where people watch how far things are, too."""
        found: Redis = self.resource("redis").client()
        return found

    def vision(self, tenant: str) -> "TenantVision":
        """Who looks at the pictures of the tenant with this slug."""
        found: TenantVision = self.resource("vision").for_tenant(tenant, self.database, self.settings)
        return found

    def tagger(self, tenant: str) -> "TenantTagger":
        """Who tags the posts of the tenant with this slug."""
        embedder = self.embedder_of(tenant_id(tenant))
        found: TenantTagger = self.resource("tagger").for_tenant(tenant, embedder, self.database, self.settings)
        return found

    def speech(self) -> "SpeechChoice":
        """Who hears recordings."""
        found: SpeechChoice = self.resource("speech").choose(self.settings)
        return found
