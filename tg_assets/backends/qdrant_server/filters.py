"""Filters of Qdrant's REST interface as the engine's objects."""

from typing import Any

import numpy
import qdrant_edge as engine

from tg_assets.backends.qdrant_server.errors import unsupported, wrong_input

Json = dict[str, Any]
MATCHES = {
    "value": engine.MatchValue,
    "text": engine.MatchText,
    "text_any": engine.MatchTextAny,
    "phrase": engine.MatchPhrase,
    "any": engine.MatchAny,
    "except": engine.MatchExcept,
}


def to_filter(body: Json | None) -> engine.Filter | None:
    """A filter, or None for none."""
    if not body:
        return None
    unknown = body.keys() - {"must", "should", "must_not", "min_should"}
    if unknown:
        raise wrong_input(f"unknown filter clause {sorted(unknown)}")
    at_least = body.get("min_should")
    return engine.Filter(
        must=_conditions(body.get("must")),
        should=_conditions(body.get("should")),
        must_not=_conditions(body.get("must_not")),
        min_should=None
        if at_least is None
        else engine.MinShould(_conditions(at_least["conditions"]) or [], at_least["min_count"]),
    )


def to_condition(body: Json) -> Any:
    """One condition of a clause."""
    if "key" in body:
        return _field(body)
    if "has_id" in body:
        return engine.HasIdCondition(set(body["has_id"]))
    if "is_empty" in body:
        return engine.IsEmptyCondition(body["is_empty"]["key"])
    if "is_null" in body:
        return engine.IsNullCondition(body["is_null"]["key"])
    if "has_vector" in body:
        return engine.HasVectorCondition(body["has_vector"])
    if "nested" in body:
        inner = to_filter(body["nested"]["filter"])
        return engine.NestedCondition(body["nested"]["key"], inner or engine.Filter())
    inner = to_filter(body)
    if inner is None:
        raise wrong_input("an empty filter condition")
    return inner


def _conditions(body: Json | list[Json] | None) -> list[Any] | None:
    if body is None:
        return None
    return [to_condition(item) for item in (body if isinstance(body, list) else [body])]


def _field(body: Json) -> engine.FieldCondition:
    kinds = {name for name, value in body.items() if name != "key" and value is not None}
    unknown = kinds - {"match", "range", "values_count", "is_empty", "is_null"}
    if unknown:
        raise unsupported(f"the condition {sorted(unknown)}")
    if not kinds:
        raise wrong_input(f"no condition on key {body['key']!r}")
    count = body.get("values_count")
    return engine.FieldCondition(
        body["key"],
        match=_match(body.get("match")),
        range=_range(body.get("range")),
        values_count=None if count is None else engine.ValuesCount(**count),
        is_empty=body.get("is_empty"),
        is_null=body.get("is_null"),
    )


def _match(body: Json | None) -> Any:
    if body is None:
        return None
    if len(body) != 1 or not body.keys() <= MATCHES.keys():
        raise unsupported(f"the match {sorted(body)}")
    ((name, value),) = body.items()
    if isinstance(value, bool):
        # The binding takes a Python bool for the number 1, which matches no bool; numpy's it reads as a bool.
        return engine.MatchValue(numpy.bool_(value))  # type: ignore[arg-type]
    return MATCHES[name](value)


def _range(body: Json | None) -> Any:
    if body is None:
        return None
    bounds = {name: value for name, value in body.items() if value is not None}
    if any(isinstance(value, str) for value in bounds.values()):
        return engine.RangeDateTime(**bounds)
    return engine.RangeFloat(**bounds)
