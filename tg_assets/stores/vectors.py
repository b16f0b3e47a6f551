"""The vector index: one collection, and a client that cannot ask without a tenant.

Reads also name the owner accounts whose private messages may be seen; shared messages carry owner 0. Each
point has three named vectors: ``dense`` and the sparse ``lemmas`` and ``trigrams``, whose products the server leaves
as they are: it would count words over all tenants (``word_counts`` counts them for each). What does not belong here:
making vectors, deciding how legs are weighed, HTTP.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tg_assets.errors import TgAssetsError
from tg_assets.lazy import Lazy
from tg_assets.stores.qdrant_http import REFUSED, TIMEOUT_SECONDS, Wire, connected, refusing, silent, unusable

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

CONFLICT, MISSING = 409, 404
COLLECTION = "tg_assets"
DENSE, LEMMAS, TRIGRAMS = "dense", "lemmas", "trigrams"
NOBODY = 0
"""Owner of what is not private."""
BATCH = 256
CANDIDATES = 200
"""Neighbours that a search in a graph of dense vectors keeps in view: it finds .993 of the ten nearest, .978 with
Qdrant's own 100 (``docs/ranking.md``)."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a search is limited to; empty means everything of the tenant that the owners may see."""

    owners: tuple[int, ...] = ()
    feeds: tuple[str, ...] = ()
    kind: str | None = None
    album_id: str | None = None
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class PointsRefused(Exception):
    """The vector server does not want what it was given; ``status_code`` is its answer's."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"The vector server answers {status_code} to a change of {COLLECTION}.")
        self.status_code = status_code


class TenantIndex:
    """Points of one tenant."""

    def __init__(self, client: "Lazy[QdrantClient]", wire: "Lazy[Wire]", tenant: UUID) -> None:
        self._opened, self._wire = client, wire
        self.tenant = str(tenant)

    @property
    def _client(self) -> "QdrantClient":
        return self._opened()

    def upsert(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Write points, as in JSON but for vectors that are arrays of float32; each payload must carry this tenant."""
        for point in points:
            if (point.get("payload") or {}).get("tenant_id") != self.tenant:
                raise TgAssetsError(f"Point {point['id']} belongs to another tenant; it is not written.")
        for first in range(0, len(points), BATCH):
            self._change("PUT", "points", {"points": points[first : first + BATCH]})

    def upsert_while(self, made: Iterable[Sequence[Mapping[str, Any]]]) -> int:
        """Write points part by part, each while the next one is being made; returns how many."""
        count, last = 0, None
        with ThreadPoolExecutor(1) as writing:
            for points in made:
                if last is not None:
                    last.result()
                last = writing.submit(self.upsert, points)
                count += len(points)
            if last is not None:
                last.result()
        return count

    def delete(self, ids: Sequence[UUID]) -> None:
        """Remove points by id, if they are this tenant's."""
        if ids:
            self._delete({"has_id": [str(one) for one in ids]})

    def delete_chats(self, channels: Sequence[UUID]) -> None:
        """Remove all points of chats, if they are this tenant's."""
        if channels:
            self._delete(_one_of("channel_id", [str(one) for one in channels]))

    def _delete(self, which: Mapping[str, Any]) -> None:
        self._change("POST", "points/delete", {"filter": {"must": [self._mine(), which]}})

    def _change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        answer = self._wire().send(method, f"{path}?wait=true", body)
        if not answer.is_success:
            raise PointsRefused(answer.status_code)

    def expired(self, moment: datetime) -> list[UUID]:
        """Ids of this tenant's points whose payload says that they end before a moment, at most 10,000."""
        from qdrant_client import models

        ended = {"key": "expires_at", "range": {"lt": moment.isoformat()}}
        wanted = models.Filter(must=[self._mine(), ended])
        records, _ = self._client.scroll(COLLECTION, wanted, limit=10_000, with_payload=False)
        return [UUID(str(record.id)) for record in records]

    def search(self, legs: Mapping[str, Any], narrow: Narrow, limit: int) -> dict[str, list[tuple[str, float]]]:
        """Ask each leg (vector name to query vector as in JSON) in one round trip; its (point id, score) lists."""
        wanted = self._filter(narrow)
        searches = [
            {"query": query, "using": name, "filter": wanted, "limit": limit, "with_payload": False}
            | ({"params": {"hnsw_ef": CANDIDATES}} if name == DENSE else {})
            for name, query in legs.items()
        ]
        answers = self._ask("points/query/batch", {"searches": searches})
        if answers is None:  # nothing was ever indexed
            return {name: [] for name in legs}
        return {
            name: [(str(point["id"]), point["score"]) for point in answer["points"]]
            for name, answer in zip(legs, answers, strict=True)
        }

    def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """The result of a question to the collection; None where there is no collection."""
        answer = self._wire().send("POST", path, body)
        if answer.status_code == MISSING:
            return None
        if not answer.is_success:
            raise TgAssetsError(f"The vector server answers {answer.status_code} to a question about {COLLECTION}.")
        try:
            return answer.json()["result"]
        except (ValueError, LookupError, TypeError) as error:  # something else listens there
            raise silent(error) from None

    def payloads(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Payloads of points by id; other tenants' points are left out."""
        records = self._client.retrieve(COLLECTION, list(ids), with_payload=True)
        found = {str(record.id): dict(record.payload or {}) for record in records}
        return {point: payload for point, payload in found.items() if payload.get("tenant_id") == self.tenant}

    def exists(self) -> bool:
        """Whether the collection has been made."""
        return bool(self._client.collection_exists(COLLECTION))

    def count(self) -> int:
        """How many points the tenant has."""
        from qdrant_client import models

        return int(self._client.count(COLLECTION, models.Filter(must=[self._mine()]), exact=True).count)

    def _mine(self) -> Any:
        return {"key": "tenant_id", "match": {"value": self.tenant}}

    def _filter(self, narrow: Narrow) -> dict[str, Any]:
        must = [self._mine(), _one_of("owner_id", [NOBODY, *narrow.owners])]
        if narrow.feeds:
            must.append(_one_of("feed", narrow.feeds))
        if narrow.kind:
            must.append(_one_of("kind", [narrow.kind]))
        if narrow.album_id:
            must.append(_one_of("album_id", [narrow.album_id]))
        must += [_one_of("tags", [tag]) for tag in narrow.tags]
        span = {"gte": narrow.since, "lt": narrow.until}
        if any(span.values()):
            must.append({"key": "posted_at", "range": {end: at.isoformat() for end, at in span.items() if at}})
        return {"must": must}


def _one_of(key: str, values: Sequence[Any]) -> dict[str, Any]:
    return {"key": key, "match": {"any": list(values)}}


class VectorIndex:
    """A Qdrant server by URL; ``api_key`` may be empty."""

    url: str
    api_key: str

    def __init__(self, url: str, api_key: str = "") -> None:
        self.url, self.api_key = url, api_key

    @contextmanager
    def _client(self) -> "Iterator[QdrantClient]":
        import warnings

        from qdrant_client import QdrantClient
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        with warnings.catch_warnings():  # the client warns of a key over plain HTTP; the embedded server is loopback
            warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
            try:
                client = QdrantClient(
                    url=self.url, api_key=self.api_key or None, timeout=TIMEOUT_SECONDS, check_compatibility=False
                )
            except ValueError:
                raise unusable() from None
        try:
            yield client
        except ResponseHandlingException as error:
            raise silent(error.source) from None
        except UnexpectedResponse as error:
            if error.status_code not in REFUSED:
                raise
            raise refusing() from None
        finally:
            client.close()

    @contextmanager
    def tenant(self, tenant: UUID) -> Iterator[TenantIndex]:
        """The index as one tenant sees it."""
        with ExitStack() as opened:
            client = Lazy(lambda: opened.enter_context(self._client()))
            wire = Lazy(lambda: opened.enter_context(connected(self.url, self.api_key, COLLECTION)))
            yield TenantIndex(client, wire, tenant)

    def create_collection(self, dimension: int) -> None:
        """Create the collection and its payload indexes; raises when it holds vectors of another size.

        An older one in which the server weighs words by all tenants' texts is told not to.
        """
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        with self._client() as client:
            if client.collection_exists(COLLECTION):
                params = client.get_collection(COLLECTION).config.params
                size = params.vectors[DENSE].size if isinstance(params.vectors, dict) else None
                if size != dimension:
                    raise TgAssetsError(
                        f"The vector index holds vectors of {size} numbers, this model makes {dimension}. "
                        f"Delete the collection {COLLECTION} and materialize qdrant_points with force."
                    )
                if any(one.modifier == models.Modifier.IDF for one in (params.sparse_vectors or {}).values()):
                    unweighted = models.SparseVectorParams(modifier=models.Modifier.NONE)
                    client.update_collection(
                        COLLECTION, sparse_vectors_config=dict.fromkeys((LEMMAS, TRIGRAMS), unweighted)
                    )
                return
            try:
                client.create_collection(
                    COLLECTION,
                    vectors_config={DENSE: models.VectorParams(size=dimension, distance=models.Distance.COSINE)},
                    sparse_vectors_config=dict.fromkeys((LEMMAS, TRIGRAMS), models.SparseVectorParams()),
                )
            except UnexpectedResponse as error:
                if error.status_code != CONFLICT:  # another process has just made it
                    raise
            keyword = models.PayloadSchemaType.KEYWORD
            tenant_index = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            schemas: dict[str, Any] = dict.fromkeys(
                ("channel_id", "feed", "album_id", "tags", "source", "kind"), keyword
            )
            schemas |= {
                "tenant_id": tenant_index,
                "owner_id": models.PayloadSchemaType.INTEGER,
                "posted_at": models.PayloadSchemaType.DATETIME,
            }
            for field, schema in schemas.items():
                client.create_payload_index(COLLECTION, field, schema, wait=True)
