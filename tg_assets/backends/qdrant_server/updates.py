"""Changes to points in Qdrant's REST interface as the engine's update operations."""

from typing import Any

import qdrant_edge as engine

from tg_assets.backends.qdrant_server.errors import unsupported, wrong_input
from tg_assets.backends.qdrant_server.filters import Json, to_filter
from tg_assets.backends.qdrant_server.queries import to_vector

Operation = engine.UpdateOperation


def upsert(body: Json) -> engine.UpdateOperation:
    """``{"points": […]}`` or ``{"batch": {"ids", "vectors", "payloads"}}``."""
    if body.get("update_filter") is not None or body.get("update_mode") not in (None, "upsert"):
        raise unsupported("a conditional upsert")
    if "batch" in body:
        return Operation.upsert_points(_from_columns(body["batch"]))
    point = engine.Point
    return Operation.upsert_points(
        [point(item["id"], _vectors(item["vector"]), item.get("payload") or {}) for item in body["points"]]
    )


def delete(body: Json) -> engine.UpdateOperation:
    """Points by id or by filter."""
    if "points" in body:
        return Operation.delete_points(body["points"])
    return Operation.delete_points_by_filter(_required_filter(body))


def set_payload(body: Json) -> engine.UpdateOperation:
    """Merge keys into payloads."""
    if body.get("points") is not None:
        return Operation.set_payload(body["points"], body["payload"], body.get("key"))
    return Operation.set_payload_by_filter(_required_filter(body), body["payload"], body.get("key"))


def overwrite_payload(body: Json) -> engine.UpdateOperation:
    """Replace payloads."""
    if body.get("points") is not None:
        return Operation.overwrite_payload(body["points"], body["payload"], body.get("key"))
    return Operation.overwrite_payload_by_filter(_required_filter(body), body["payload"], body.get("key"))


def delete_payload(body: Json) -> engine.UpdateOperation:
    """Remove keys from payloads."""
    if body.get("points") is not None:
        return Operation.delete_payload(body["points"], body["keys"])
    return Operation.delete_payload_by_filter(_required_filter(body), body["keys"])


def _vectors(value: Any) -> Any:
    if isinstance(value, dict):
        sparse = engine.SparseVector
        return {
            name: sparse(item["indices"], item["values"])
            if isinstance(item, dict) and "indices" in item
            else to_vector(item)
            for name, item in value.items()
        }
    return value


def _from_columns(body: Json) -> list[engine.Point]:
    ids, vectors = body["ids"], body["vectors"]
    payloads = body.get("payloads") or [None] * len(ids)
    if isinstance(vectors, dict):
        rows = [{name: column[row] for name, column in vectors.items()} for row in range(len(ids))]
    else:
        rows = vectors
    return [
        engine.Point(id_, _vectors(row), payload or {}) for id_, row, payload in zip(ids, rows, payloads, strict=True)
    ]


def _required_filter(body: Json) -> engine.Filter:
    given = body.get("filter")
    if given is None:
        raise wrong_input("either points or a filter is needed")
    return to_filter(given) or engine.Filter()
