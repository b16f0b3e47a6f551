"""The vector index: a client that cannot ask without a tenant.

Reads also name the owner accounts whose private messages may be seen; shared messages carry owner 0. Each
point has three named vectors: ``dense`` and the sparse ``lemmas`` and ``trigrams``, whose products the server leaves
as they are: it would count words over all tenants (``word_counts`` counts them for each). The index is an alias; what
is asked and written goes to the collection that answers to it, by its own name, so that a question's vector and the
points it is compared with are of one model (``collections``). What does not belong here: making vectors, deciding how
legs are weighed, HTTP, making collections.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tg_assets.embedder import Embedder
from tg_assets.encrypted import shows_certificate
from tg_assets.errors import TgAssetsError
from tg_assets.lazy import Lazy
from tg_assets.stores.collections import DENSE as DENSE
from tg_assets.stores.collections import LEMMAS as LEMMAS
from tg_assets.stores.collections import TRIGRAMS as TRIGRAMS
from tg_assets.stores.collections import Collection, Collections, Version, answering, fingerprint_of, is_scoped
from tg_assets.stores.legs import Hits, Places, Search, hits, request
from tg_assets.stores.narrow import NOBODY as NOBODY
from tg_assets.stores.narrow import Narrow as Narrow
from tg_assets.stores.narrow import matches, one_of, with_scope, without_scope
from tg_assets.stores.qdrant_http import REFUSED, TIMEOUT_SECONDS, Wire, connected, kept, refusing, silent, unusable

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

MISSING = 404
COLLECTION = "tg_assets"
"""The name that people query by."""
BATCH = 256
PAGE = 1000
LATELY_SECONDS = 1.0
"""How long a process that asks again and again takes the index to be the collection that it was."""


class PointsRefused(Exception):
    """The vector server does not want what it was given; ``status_code`` is its answer's."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"The vector server answers {status_code} to a change of {COLLECTION}.")
        self.status_code = status_code


@contextmanager
def without_missing() -> Iterator[None]:
    """Let a change of a collection pass that somebody has removed meanwhile."""
    try:
        yield
    except PointsRefused as refused:
        if refused.status_code != MISSING:
            raise


class Answering:
    """The name of the collection that answered ``seconds`` ago or less, for whoever asks again and again.

    One that was replaced meanwhile is gone, which is how that is noticed. The index's own name is not kept: whatever
    is put in its place answers to it.
    """

    def __init__(self, alias: str, seconds: float) -> None:
        self._alias, self._seconds, self._kept = alias, seconds, (alias, 0.0)

    def known(self) -> str | None:
        """The name, if it is known."""
        name, at = self._kept
        return name if name != self._alias and monotonic() - at <= self._seconds else None

    def keep(self, name: str) -> None:
        """As it was found now."""
        self._kept = name, monotonic()

    def forget(self) -> None:
        """It may be another one."""
        self._kept = self._alias, 0.0


class TenantIndex:
    """Points of one tenant, in the collection that answers when it is first asked, or in ``into``."""

    def __init__(
        self, wire: "Lazy[Wire]", tenant: UUID, alias: str, into: str | None = None, answers: Answering | None = None
    ) -> None:
        self._wire, self._alias, self._into = wire, alias, into
        self._answers = answers or Answering(alias, 0.0)
        self._name = into or self._answers.known()
        self.tenant = str(tenant)

    @property
    def name(self) -> str:
        """The collection's own name; that of the index where there is none."""
        if self._name is None:
            found = self._wire().send("GET", "aliases")
            listed = self._result(found)["aliases"]
            self._name = answering(self._alias, {one["alias_name"]: one["collection_name"] for one in listed})
            self._answers.keep(self._name)
        return self._name

    def collection(self) -> Collection | None:
        """Whose vectors it holds; None where there is none."""
        name = self.name
        if name != self._alias:
            return Collection(name, fingerprint_of(self._alias, name))
        about = self._wire().send("GET", f"collections/{name}")
        if about.status_code == MISSING:
            return None
        vectors = self._result(about)["config"]["params"]["vectors"]
        some = self._ask("points/scroll", {"limit": 1, "with_payload": ["embedding_model"]}) or {"points": []}
        models = [(point.get("payload") or {}).get("embedding_model") for point in some["points"]]
        return Collection(name, None, next(iter(models), None), (vectors.get(DENSE) or {}).get("size"))

    def upsert(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Write points, as in JSON but for vectors that are arrays of float32; each payload must carry this tenant."""
        for point in points:
            if (point.get("payload") or {}).get("tenant_id") != self.tenant:
                raise TgAssetsError(f"Point {point['id']} belongs to another tenant; it is not written.")
        if self._is_scoped:
            points = [{**point, "payload": with_scope(point["payload"])} for point in points]
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

    def delete(self, ids: Sequence[UUID | int]) -> None:
        """Remove points by id, if they are this tenant's."""
        if ids:
            self._delete({"has_id": [one if isinstance(one, int) else str(one) for one in ids]})

    def delete_chats(self, channels: Sequence[UUID]) -> None:
        """Remove all points of chats, if they are this tenant's."""
        if channels:
            self._delete(one_of("channel_id", [str(one) for one in channels]))

    def _delete(self, which: Mapping[str, Any]) -> None:
        self._change("POST", "points/delete", {"filter": {"must": [self._mine(), which]}})

    def _change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        answer = self._wire().send(method, f"collections/{self.name}/{path}?wait=true", body)
        if not answer.is_success:
            raise PointsRefused(answer.status_code)

    def expired(self, moment: datetime) -> list[UUID]:
        """Ids of this tenant's points whose payload says that they end before a moment, at most 10,000."""
        ended = {"key": "expires_at", "range": {"lt": moment.isoformat()}}
        body = {"filter": {"must": [self._mine(), ended]}, "limit": 10_000, "with_payload": False}
        found = self._ask("points/scroll", body) or {"points": []}
        return [UUID(str(point["id"])) for point in found["points"]]

    def search(self, legs: Mapping[str, Any], narrow: Narrow, limit: int) -> Hits:
        """Ask each leg (vector name to query vector as in JSON); its (point id, score) lists.

        A leg may be a function of the collection that answers, which gives its vector, or None to leave it out. Where
        another collection answers meanwhile the question is put to that one.
        """
        return self.search_all([(legs, narrow, limit)])[0]

    def search_all(self, searches: Sequence[Search]) -> list[Hits]:
        """Several searches in one round trip."""
        places: Places = []

        def body() -> Mapping[str, Any]:
            asked, places[:] = request(searches, self.tenant, self._vector, scoped=self._is_scoped)
            return asked

        answers = self._ask("points/query/batch", body) or []  # none where nothing was ever indexed
        return hits(searches, places, answers)

    @property
    def _is_scoped(self) -> bool:
        return is_scoped(self._alias, self.name)

    def _vector(self, leg: Any) -> Any:
        return leg(self.collection()) if callable(leg) else leg

    def _ask(self, path: str, body: Mapping[str, Any] | Callable[[], Mapping[str, Any]]) -> Any:
        """The result of a question to the collection; None where there is no collection."""
        while True:
            asked = self.name
            answer = self._wire().send("POST", f"collections/{asked}/{path}", body() if callable(body) else body)
            if answer.is_success:
                return self._result(answer)
            if asked == self._again():
                break
        if answer.status_code == MISSING:
            return None
        raise TgAssetsError(f"The vector server answers {answer.status_code} to a question about {COLLECTION}.")

    def _again(self) -> str:
        """The collection that answers now, which may be another one than before."""
        self._answers.forget()
        self._name = self._into
        return self.name

    @staticmethod
    def _result(answer: Any) -> Any:
        import orjson

        try:
            return orjson.loads(answer.content)["result"]
        except (ValueError, LookupError, TypeError) as error:  # something else listens there
            raise silent(error) from None

    def payloads(self, ids: Sequence[str], keys: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Payloads of points by id, or some keys of them, ``tenant_id`` among these; other tenants' are left out."""
        wanted = True if keys is None else list(keys)
        records = self._ask("points", {"ids": list(ids), "with_payload": wanted, "with_vector": False}) or []
        found = {str(record["id"]): dict(record.get("payload") or {}) for record in records}
        mine = {point: payload for point, payload in found.items() if payload.get("tenant_id") == self.tenant}
        is_whole = keys is None and self._is_scoped
        return {point: without_scope(payload) for point, payload in mine.items()} if is_whole else mine

    def scroll(self, *which: Mapping[str, Any], payload: Any = True, vectors: bool = False) -> Iterator[list[Any]]:
        """Pages of this tenant's points, in JSON, that meet all conditions; in the order of their ids.

        ``payload`` may be a list of the keys that are wanted.
        """
        wanted = {"must": [self._mine(), *which]}
        offset: Any = None
        while True:
            body = {"filter": wanted, "limit": PAGE, "with_payload": payload, "with_vector": vectors, "offset": offset}
            found = self._ask("points/scroll", body)
            if found is None:
                return
            if payload is True and self._is_scoped:
                for point in found["points"]:
                    point["payload"] = without_scope(point["payload"])
            yield found["points"]
            if (offset := found["next_page_offset"]) is None:
                return

    def names(self) -> list[str]:
        """Names of all collections of the server, of whichever index."""
        return [one["name"] for one in self._result(self._wire().send("GET", "collections"))["collections"]]

    def exists(self) -> bool:
        """Whether there is an index."""
        return self.collection() is not None

    def count(self, *which: Mapping[str, Any]) -> int:
        """How many points the tenant has that meet all conditions."""
        found = self._ask("points/count", {"filter": {"must": [self._mine(), *which]}, "exact": True})
        return int(found["count"]) if found else 0

    def _mine(self) -> dict[str, Any]:
        return matches("tenant_id", self.tenant)


class VectorIndex:
    """An index on a Qdrant server by URL; ``api_key`` may be empty, ``alias`` is the index's name."""

    url: str
    api_key: str
    alias: str

    def __init__(self, url: str, api_key: str = "", alias: str = COLLECTION) -> None:
        self.url, self.api_key, self.alias = url, api_key, alias

    def _wire(self, opened: ExitStack) -> "Lazy[Wire]":
        return Lazy(lambda: opened.enter_context(connected(self.url, self.api_key)))

    @contextmanager
    def _client(self) -> "Iterator[QdrantClient]":
        import warnings

        from qdrant_client import QdrantClient
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        with warnings.catch_warnings():  # the client warns of a key over plain HTTP; the embedded server is loopback
            warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
            try:
                client = QdrantClient(
                    url=self.url, api_key=self.api_key or None, timeout=TIMEOUT_SECONDS, check_compatibility=False,
                    verify=shows_certificate(self.url),
                )  # fmt: skip
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
    def tenant(self, tenant: UUID, into: str | None = None) -> Iterator[TenantIndex]:
        """The index as one tenant sees it, or a collection that does not answer yet by its own name."""
        with ExitStack() as opened:
            yield TenantIndex(self._wire(opened), tenant, self.alias, into)

    @contextmanager
    def collections(self) -> Iterator[Collections]:
        """The index's versions, whoever's points they hold."""
        with self._client() as client:
            yield Collections(client, self.alias)

    def create_collection(self, embedder: Embedder) -> None:
        """Make the index where there is none, for the vectors of an embedder. What is there stays as it is."""
        with self.collections() as versions:
            versions.first(Version.of(embedder))


class KeptIndex(VectorIndex):
    """The same for a process that asks again and again: connections stay open, and are shared by threads."""

    def __init__(self, url: str, api_key: str = "", alias: str = COLLECTION) -> None:
        super().__init__(url, api_key, alias)
        self._kept = Lazy(lambda: kept(url, api_key))
        self._answers = Answering(self.alias, LATELY_SECONDS)

    @contextmanager
    def tenant(self, tenant: UUID, into: str | None = None) -> Iterator[TenantIndex]:
        """As ``VectorIndex``."""
        yield TenantIndex(self._kept, tenant, self.alias, into, self._answers)

    def _wire(self, opened: ExitStack) -> Lazy[Wire]:
        return self._kept
