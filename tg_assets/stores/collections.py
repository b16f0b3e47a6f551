"""Versions of the vector index: collections of which one answers to the index's name, an alias.

A version is what made its vectors: model, dimension and the format of points. Its collection is called
``{alias}_f{format}_{fingerprint}_{when it was begun}``, so a name says whose it is without being asked; before
format 3 names did not say the format. An index that was made
before there were versions is a collection that has the alias's name itself; it answers until another one is switched
to. What does not belong here: points, tenants, when to build one.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tg_assets.embedder import PROVIDERS, Embedder
from tg_assets.errors import TgAssetsError
from tg_assets.stores.narrow import SCOPE

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

FORMAT = 3
"""Raise it when collections are made otherwise, or points hold other things: indexes are built anew then."""
SCOPED = 3
"""The format from which on points have a scope (``narrow``)."""
DENSE, LEMMAS, TRIGRAMS = "dense", "lemmas", "trigrams"
# In kB of vectors: no graph is built while points come in bulk, which would be built again and again.
NEVER, USUAL = 1_000_000_000, 10_000
NEXT = "_next"
"""Of the alias that a collection has which is whole, while an index without versions is being replaced by it."""
CONFLICT = 409
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Version:
    """What made an index."""

    model: str
    dimension: int
    format: int = FORMAT

    @classmethod
    def of(cls, embedder: Embedder) -> "Version":
        """What this embedder makes today."""
        return cls(embedder.model_id, embedder.dimension)

    @property
    def fingerprint(self) -> str:
        """Eight hex digits."""
        return sha256(f"{self.format}/{self.dimension}/{self.model}".encode()).hexdigest()[:8]

    def collection(self, alias: str, begun: str) -> str:
        """The name of a collection of this version."""
        return f"{alias}_f{self.format}_{self.fingerprint}_{begun}"


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection by its own name. Without a fingerprint it is older than versions: ``model`` is that of its points,
    None where there are none."""

    name: str
    fingerprint: str | None = None
    model: str | None = None
    dimension: int | None = None

    def is_of(self, embedder: Embedder) -> bool:
        """Whether an embedder makes such vectors, whatever the format of the points was."""
        if self.fingerprint is None:
            return self.dimension == embedder.dimension and self.model in (None, embedder.model_id)
        made = (Version(embedder.model_id, embedder.dimension, one) for one in range(1, FORMAT + 1))
        return self.fingerprint in {version.fingerprint for version in made}

    def is_new(self, embedder: Embedder) -> bool:
        """Whether it is what this embedder would make today; of what is older than versions nobody knows more."""
        return self.is_of(embedder) and self.fingerprint in (None, Version.of(embedder).fingerprint)


def maker(collection: Collection | None, chosen: Embedder) -> Embedder | None:
    """Who makes vectors like those of a collection: the embedder that was chosen, or another one of this program.

    None when nobody here does. Where there is no collection, it is the one that was chosen.
    """
    known = (chosen, *(make() for make in PROVIDERS.values()))
    return chosen if collection is None else next((one for one in known if collection.is_of(one)), None)


def answering(alias: str, aliases: Mapping[str, str]) -> str:
    """The name of the collection that answers to an alias, by all aliases there are (alias to collection).

    Where there is none it is the alias itself: an index that is older than versions, or none.
    """
    return aliases.get(alias) or aliases.get(alias + NEXT) or alias


def fingerprint_of(alias: str, name: str) -> str | None:
    """The fingerprint in a collection's name; None where it has none."""
    found = _named(alias, name)
    return found[2] if found else None


def is_scoped(alias: str, name: str) -> bool:
    """Whether the points of a collection have a scope."""
    found = _named(alias, name)
    return found is not None and int(found[1] or 0) >= SCOPED


def _named(alias: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(rf"{re.escape(alias)}_(?:f([0-9]+)_)?([0-9a-f]{{8}})_[0-9]+", name)


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])


class Collections:
    """The collections of one index on a server."""

    def __init__(self, client: "QdrantClient", alias: str) -> None:
        self._client, self.alias = client, alias

    def aliases(self) -> dict[str, str]:
        """All aliases of the server, each with its collection's name."""
        return {one.alias_name: one.collection_name for one in self._client.get_aliases().aliases}

    def answering(self) -> str | None:
        """The name of the collection that answers; None where there is no index."""
        name = answering(self.alias, self.aliases())
        return name if self._client.collection_exists(name) else None

    def versions(self) -> list[str]:
        """Names of all collections that are versions of this index, oldest first."""
        found = [one.name for one in self._client.get_collections().collections]
        named = [name for name in found if fingerprint_of(self.alias, name)]
        return sorted(named, key=_number)

    def tenants(self, name: str) -> set[str]:
        """Ids of the tenants that have points in a collection."""
        hits = self._client.facet(name, "tenant_id", limit=100_000, exact=True).hits
        return {str(hit.value) for hit in hits if hit.count}

    def create(self, version: Version) -> str:
        """Make a collection that points come into in bulk: graphs are left for ``ready``. Returns its name.

        It is the newest, also by a clock that was set back since the last one was made.
        """
        number = max([int(f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"), *(_number(one) + 1 for one in self.versions())])
        name = version.collection(self.alias, str(number))
        self._make(name, version.dimension, in_bulk=True)
        return name

    def _make(self, name: str, dimension: int, *, in_bulk: bool) -> None:
        from qdrant_client import models

        self._client.create_collection(
            name,
            vectors_config={DENSE: models.VectorParams(size=dimension, distance=models.Distance.COSINE)},
            # No modifier: the server would count words over all tenants (``word_counts`` does it for each).
            sparse_vectors_config=dict.fromkeys((LEMMAS, TRIGRAMS), models.SparseVectorParams()),
            optimizers_config=models.OptimizersConfigDiff(indexing_threshold=NEVER) if in_bulk else None,
        )
        keyword = models.PayloadSchemaType.KEYWORD
        tenants = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        schemas: dict[str, Any] = dict.fromkeys(("channel_id", "feed", "album_id", "tags", "source", "kind"), keyword)
        schemas |= {
            "tenant_id": tenants,
            SCOPE: tenants,
            "owner_id": models.PayloadSchemaType.INTEGER,
            "posted_at": models.PayloadSchemaType.DATETIME,
        }
        for field, schema in schemas.items():
            self._client.create_payload_index(name, field, schema, wait=True)

    def ready(self, name: str) -> None:
        """Let a collection build what searches need, and wait until it has; however long, as long as it is at it."""
        from qdrant_client import models

        self._client.update_collection(name, models.OptimizersConfigDiff(indexing_threshold=USUAL))
        while (about := self._client.get_collection(name)).status == models.CollectionStatus.YELLOW:
            time.sleep(POLL_SECONDS)
        if about.status == models.CollectionStatus.RED:
            raise TgAssetsError(
                f"The vector server cannot build the index of {name}: its log says why. The index that answers is "
                "as it was; run `tg-assets rebuild qdrant` again."
            )

    def switch(self, name: str) -> None:
        """Let a collection answer in place of the one that does. Of that nothing is left when it had the alias's name.

        An alias moves in one step. A collection that has the alias's name has to go first: meanwhile the new one has
        another alias, by which ``answering`` finds it; who asks by the alias's name finds nothing for that moment.
        """
        if self.aliases().get(self.alias) != name:
            if self._is_old():
                self._change(_create(name, self.alias + NEXT))
                self._client.delete_collection(self.alias)
            self._change(_delete(self.alias), _create(name, self.alias), _delete(self.alias + NEXT))

    def first(self, version: Version) -> None:
        """Make the index where there is none; processes that do so at once make the same one.

        A switch whose process died once the old collection had gone is brought to its end.
        """
        from qdrant_client.http.exceptions import UnexpectedResponse

        if (current := self.answering()) is not None:
            if self.aliases().get(self.alias + NEXT) == current and not self._is_old():
                self.switch(current)
            return
        name = version.collection(self.alias, "0")
        try:
            self._make(name, version.dimension, in_bulk=False)
        except UnexpectedResponse as error:
            if error.status_code != CONFLICT:
                raise
        self.switch(name)

    def drop(self, name: str) -> None:
        """Remove a collection that does not answer; raises TgAssetsError for the one that does."""
        if name == answering(self.alias, self.aliases()):
            raise TgAssetsError(f"{name} answers searches, so it is not removed.")
        self._client.delete_collection(name)

    def _is_old(self) -> bool:
        """Whether there is a collection, no alias, of this name."""
        return self.alias in {one.name for one in self._client.get_collections().collections}

    def _change(self, *actions: Any) -> None:
        self._client.update_collection_aliases(change_aliases_operations=list(actions))


def _create(name: str, alias: str) -> Any:
    from qdrant_client import models

    return models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=name, alias_name=alias))


def _delete(alias: str) -> Any:
    from qdrant_client import models

    return models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
