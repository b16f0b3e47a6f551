"""Several searches of points as one request: each asks legs, which are vectors by name, of what it is limited to.

What does not belong here: HTTP, whose points they are, making vectors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tg_assets.stores.collections import DENSE
from tg_assets.stores.narrow import Narrow, filtered

CANDIDATES = 200
"""Neighbours that a search in a graph of dense vectors keeps in view: it finds .993 of the ten nearest, .978 with
Qdrant's own 100 (``docs/ranking.md``)."""

Search = tuple[Mapping[str, Any], Narrow, int]
"""Legs, what they are limited to, hits of each. A leg is a vector as in JSON, a function that makes one, or None."""
Hits = dict[str, list[tuple[str, float]]]
"""Of each leg its points by id with their scores, best first."""
Places = list[tuple[int, str]]


def request(
    searches: Sequence[Search], tenant: str, made: Callable[[Any], Any], *, scoped: bool
) -> tuple[dict[str, Any], Places]:
    """The request's body, and of which search and leg each of its parts is; ``made`` gives a leg's vector or None.

    ``scoped`` is whether the points that are asked have a scope.
    """
    parts, places = [], Places()
    for number, (legs, narrow, limit) in enumerate(searches):
        limited = {"filter": filtered(tenant, narrow, scoped=scoped), "limit": limit, "with_payload": False}
        for name, leg in legs.items():
            if (query := made(leg)) is not None:
                places.append((number, name))
                deep = {"params": {"hnsw_ef": CANDIDATES}} if name == DENSE else {}
                parts.append({"query": query, "using": name, **limited, **deep})
    return {"searches": parts}, places


def hits(searches: Sequence[Search], places: Places, answers: Sequence[Any]) -> list[Hits]:
    """What was found by each search; nothing where there is no answer."""
    found: list[Hits] = [{name: [] for name in legs} for legs, _, _ in searches]
    for (number, name), answer in zip(places, answers, strict=False):
        found[number][name] = [(str(point["id"]), point["score"]) for point in answer["points"]]
    return found
