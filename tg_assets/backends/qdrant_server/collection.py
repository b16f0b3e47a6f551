"""One collection: a shard of the engine, its definition on disk, and who may touch it when.

Writes are serialised, and so are reads, which hold the interpreter's lock anyway; reads run beside writes. The
write-ahead log survives a killed process; ``flush`` bounds how much of it is replayed at the next start. ``optimize``
(vacuum of deleted points) stops the whole interpreter while it works, so it is called when opened and when nobody has
asked for anything for a while. After many writes the collection is then opened anew: the engine keeps what was written
since in other forms than what it has opened, in which looks at 100,000 vectors take 41 ms instead of 15.
"""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import qdrant_edge as engine

from tg_assets.backends.qdrant_server.errors import not_found, unsupported, wrong_input
from tg_assets.backends.qdrant_server.filters import Json, to_filter
from tg_assets.backends.qdrant_server.groups import gather, values_at
from tg_assets.backends.qdrant_server.queries import (
    is_bare,
    to_order,
    to_payload_selector,
    to_query_request,
    to_vector_selector,
)
from tg_assets.backends.qdrant_server.replies import point_id, record, scored_points
from tg_assets.backends.qdrant_server.schema import (
    SMALL,
    SMALL_BEFORE,
    collection_info,
    index_schema,
    to_config,
    to_index,
)

DEFINITION = "collection.json"
WRITTEN, SHARE = 5000, 0.1
"""Points written since it was opened, and their share of all, from which on it is opened anew."""
GROUPS, GROUP_SIZE = 10, 3
"""Qdrant's numbers of groups and of hits in each when a query names none."""


class Collection:
    """A loaded collection."""

    def __init__(self, path: Path, shard: engine.EdgeShard, definition: Json) -> None:
        self.path = path
        self._shard = shard
        self._definition = definition
        self._write = threading.Lock()
        self._read = threading.Lock()
        self._define = threading.Lock()
        self._operations = 0
        self._is_open, self._dirty = True, False
        self._vacuum_due = False
        self._written, self._size = 0, shard.info().points_count
        self._last_used = time.monotonic()

    @classmethod
    def create(cls, path: Path, body: Json) -> "Collection":
        """Make the shard, then the definition: a directory without one was never finished."""
        config = to_config(body, SMALL)
        path.mkdir(parents=True)
        shard = engine.EdgeShard.create(str(path / "shard"), config)
        definition = {"config": body, "indexes": {}, "bits": SMALL}
        _save(path, definition)
        return cls(path, shard, definition)

    @classmethod
    def load(cls, path: Path) -> "Collection":
        """Open what is on disk; replays the write-ahead log."""
        definition = json.loads((path / DEFINITION).read_text())
        return cls(path, _opened(path, definition), definition)

    def close(self) -> None:
        """Write everything out and release the files, which may be another collection's from now on."""
        with self._write, self._read:
            self._shut()
            self._written, self._vacuum_due = 0, False

    def _shut(self) -> None:
        if self._is_open:
            self._shard.flush()
            self._shard.close()
            self._is_open = False

    def flush(self) -> None:
        """Write out changes."""
        with self._write:
            if self._dirty and self._is_open:
                self._shard.flush()
                self._dirty = False

    def tidy(self, idle_seconds: float) -> None:
        """Vacuum deleted points, or open it anew after many writes, when nobody has asked for anything for a while."""
        if self._is_open and time.monotonic() - self._last_used <= idle_seconds:
            return
        with self._write:
            if self._written >= max(WRITTEN, SHARE * self._size):
                with self._read:
                    self._shut()
                    self._shard, self._is_open = _opened(self.path, self._definition), True
                    self._written, self._size, self._vacuum_due = 0, self._shard.info().points_count, False
            elif self._vacuum_due:
                self._vacuum_due = False
                self._shard.optimize()

    def info(self) -> Json:
        """``GET /collections/{name}``."""
        with self._read:
            return collection_info(self._definition["config"], self._definition["indexes"], self._shard.info())

    def reconfigure(self, body: Json) -> bool:
        """``PATCH /collections/{name}``: when and how graphs are built, which none is here; all else is refused."""
        if others := sorted((body or {}).keys() - {"optimizers_config", "hnsw_config"}):
            raise unsupported(f"a change of {', '.join(others)}")
        return True

    def create_index(self, field: str, schema: Any) -> Json:
        """Index a payload field; the same definition again does nothing."""
        wanted = index_schema(schema)
        with self._define:
            if self._definition["indexes"].get(field) == wanted:
                return self._acknowledge(0)
            reply = self.update(engine.UpdateOperation.create_field_index(field, to_index(wanted)))
            self._definition["indexes"][field] = wanted
            _save(self.path, self._definition)
        return reply

    def delete_index(self, field: str) -> Json:
        """Forget an index."""
        with self._define:
            reply = self.update(engine.UpdateOperation.delete_field_index(field))
            self._definition["indexes"].pop(field, None)
            _save(self.path, self._definition)
        return reply

    def update(self, operation: engine.UpdateOperation, *, written: int = 0, vacuum: bool = False) -> Json:
        """Apply a change, of which so many points are new; done when this returns."""
        self._last_used = time.monotonic()
        with self._write:
            self._dirty = True
            self._shard.update(operation)
            self._vacuum_due |= vacuum
            self._written += written
            self._operations += 1
            return self._acknowledge(self._operations)

    def query(self, body: Json) -> Json:
        """``points/query``."""
        self._last_used = time.monotonic()
        request = to_query_request(body, self._vector)
        with self._read:
            return {"points": scored_points(self._shard.query(request), bare=is_bare(body))}

    def query_batch(self, searches: list[Json]) -> list[Json]:
        """``points/query/batch``: planned by the engine as one."""
        self._last_used = time.monotonic()
        requests = [to_query_request(body, self._vector) for body in searches]
        with self._read:
            found = self._shard.query_batch(engine.QueryBatchRequest(requests))
        return [
            {"points": scored_points(hits, bare=is_bare(body))} for body, hits in zip(searches, found, strict=True)
        ]  # fmt: skip

    def query_groups(self, body: Json) -> Json:
        """``points/query/groups``: asks for more and more hits until the best groups are full or there are none."""
        if body.get("with_lookup") is not None:
            raise unsupported("with_lookup")
        key, size, limit = body["group_by"], body.get("group_size") or GROUP_SIZE, body.get("limit") or GROUPS
        asked = size * limit
        while True:
            hits = self.query({**body, "limit": asked})["points"]
            with self._read:
                payloads = self._shard.retrieve(
                    [hit["id"] for hit in hits], engine.PayloadSelector.Include([key]), False
                )
            keys = {point.id: values_at(point.payload, key) for point in payloads}
            groups = gather([(hit, keys.get(hit["id"], [])) for hit in hits], size, limit)
            if len(hits) < asked or (len(groups) == limit and all(len(group["hits"]) == size for group in groups)):
                return {"groups": groups}
            asked *= 4

    def scroll(self, body: Json) -> Json:
        """``points/scroll``."""
        self._last_used = time.monotonic()
        order = body.get("order_by")
        request = engine.ScrollRequest(
            offset=body.get("offset"),
            limit=10 if body.get("limit") is None else body["limit"],
            filter=to_filter(body.get("filter")),
            with_payload=to_payload_selector(body.get("with_payload"), default=True),
            with_vector=to_vector_selector(body.get("with_vector")),
            order_by=None if order is None else to_order(order),
        )
        with self._read:
            points, following = self._shard.scroll(request)
        return {
            "points": [record(point) for point in points],
            "next_page_offset": None if following is None else point_id(following),
        }

    def retrieve(self, body: Json) -> list[Json]:
        """``POST points``: by ids."""
        self._last_used = time.monotonic()
        payload = to_payload_selector(body.get("with_payload"), default=True)
        with self._read:
            found = self._shard.retrieve(body["ids"], payload, to_vector_selector(body.get("with_vector")))
        return [record(point) for point in found]

    def count(self, body: Json) -> Json:
        """``points/count``."""
        exact = body.get("exact")
        request = engine.CountRequest(exact=exact is None or exact, filter=to_filter(body.get("filter")))
        with self._read:
            return {"count": self._shard.count(request)}

    def facet(self, body: Json) -> Json:
        """``facet``: values of an indexed key with their counts."""
        request = engine.FacetRequest(
            body["key"], body.get("limit") or 10, bool(body.get("exact")), to_filter(body.get("filter"))
        )
        with self._read:
            found = self._shard.facet(request).hits
        return {"hits": [{"value": hit.value, "count": hit.count} for hit in found]}

    def _vector(self, id_: Any, using: str) -> Any:
        with self._read:
            found = self._shard.retrieve([id_], False, [using])
        if not found:
            raise not_found(f"No point with id {id_} found")
        vector = found[0].vector
        chosen = vector.get(using) if isinstance(vector, dict) else vector
        if chosen is None:
            raise wrong_input(f"point {id_} has no vector {using!r}")
        return chosen

    @staticmethod
    def _acknowledge(operation: int) -> Json:
        return {"operation_id": operation, "status": "completed"}


def _opened(path: Path, definition: Json) -> engine.EdgeShard:
    """The shard, with the write-ahead log replayed and deleted points gone."""
    before = SMALL_BEFORE if definition.get("quantized") else None
    config = to_config(definition["config"], definition.get("bits", before))
    shard = engine.EdgeShard.load(str(path / "shard"), config)
    shard.optimize()
    return shard


def _save(path: Path, definition: Json) -> None:
    temporary = path / f"{DEFINITION}.tmp"
    with temporary.open("w") as handle:
        json.dump(definition, handle)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path / DEFINITION)
