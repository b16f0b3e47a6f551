"""The engine's answers in the shape of Qdrant's REST interface."""

from __future__ import annotations  # some of the engine's classes are in its stubs only

from collections.abc import Iterable
from typing import Any

import qdrant_edge as engine

from tg_assets.backends.qdrant_server.filters import Json


def scored_points(points: Iterable[engine.ScoredPoint], *, bare: bool) -> list[Json]:
    """Hits of a query; ``bare`` ones were asked for without payload, vectors or order. UUIDs stay what they are."""
    if bare:
        return [{"id": point.id, "version": point.version, "score": point.score} for point in points]
    return [
        _with_parts({"id": point.id, "version": point.version, "score": point.score}, point) for point in points
    ]  # fmt: skip


def record(point: engine.Record) -> Json:
    """One point of a scroll or a retrieval."""
    return _with_parts({"id": point_id(point.id)}, point)


def point_id(value: Any) -> str | int:
    """A number as it is, a UUID as text."""
    return value if isinstance(value, int) else str(value)


def _with_parts(reply: Json, point: engine.ScoredPoint | engine.Record) -> Json:
    if point.payload is not None:
        reply["payload"] = point.payload
    if point.vector is not None:
        reply["vector"] = _vectors(point.vector)
    if point.order_value is not None:
        reply["order_value"] = point.order_value
    return reply


def _vectors(value: Any) -> Any:
    if isinstance(value, dict):
        named = {name: _vector(item) for name, item in value.items()}
        return named[""] if named.keys() == {""} else named
    return _vector(value)


def _vector(value: Any) -> Any:
    if isinstance(value, engine.SparseVector):
        return {"indices": value.indices, "values": value.values}
    return value
