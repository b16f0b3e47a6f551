"""Queries of Qdrant's REST interface (``points/query``) as the engine's requests."""

from collections.abc import Callable, Iterator
from typing import Any

import qdrant_edge as engine

from tg_assets.backends.qdrant_server.errors import RequestError, unsupported, wrong_input
from tg_assets.backends.qdrant_server.filters import Json, to_filter
from tg_assets.backends.qdrant_server.means import towards

DEFAULT_LIMIT = 10
OVERSAMPLING, LEAST = 2.0, 100
"""How many times as many as are wanted, and how many at least, are found by their small copies."""
RRF_K = 2
"""Qdrant's constant of reciprocal rank fusion when a query names none."""

FetchVector = Callable[[Any, str], Any]
"""Vector of a stored point by id and vector name."""


def to_query_request(body: Json, fetch: FetchVector) -> engine.QueryRequest:
    """The body of ``points/query``, or one search of ``points/query/batch``."""
    if body.get("lookup_from") is not None:
        raise unsupported("lookup_from")
    return engine.QueryRequest(
        limit=_limit(body),
        offset=body.get("offset") or 0,
        query=_scoring(body, fetch),
        prefetches=_prefetches(body, fetch),
        filter=_filter(body),
        params=_params(body),
        score_threshold=body.get("score_threshold"),
        with_payload=to_payload_selector(body.get("with_payload"), default=False),
        with_vector=to_vector_selector(body.get("with_vector")),
    )


def is_bare(body: Json) -> bool:
    """Whether hits are asked for without anything beside their scores."""
    ordered = isinstance(query := body.get("query"), dict) and "order_by" in query
    return not (body.get("with_payload") or body.get("with_vector") or ordered)


def to_order(body: str | Json) -> engine.OrderBy:
    """``order_by`` of a scroll or a query."""
    if isinstance(body, str):
        return engine.OrderBy(body)
    direction = body.get("direction")
    return engine.OrderBy(
        body["key"],
        None if direction is None else {"asc": engine.Direction.Asc, "desc": engine.Direction.Desc}[direction],
        body.get("start_from"),
    )


def to_payload_selector(value: Any, *, default: bool) -> Any:
    """``with_payload``: a flag, a list of keys, or include/exclude."""
    if value is None:
        return default
    if isinstance(value, dict):
        if "include" in value:
            return engine.PayloadSelector.Include(value["include"])
        return engine.PayloadSelector.Exclude(value["exclude"])
    return value


def to_vector_selector(value: Any) -> bool | list[str]:
    """``with_vector``: a flag or a list of names."""
    return value if isinstance(value, list) else bool(value)


def to_vector(value: Any) -> Any:
    """One dense or sparse vector."""
    if isinstance(value, dict):
        if value.keys() != {"indices", "values"}:
            raise unsupported("inference from text or images")
        return engine.SparseVector(value["indices"], value["values"])
    return value


def _limit(body: Json) -> int:
    limit = body.get("limit")
    if limit is not None and limit < 1:
        raise RequestError(422, f"Validation error in JSON body: [limit: value {limit} invalid, must be 1 or larger]")
    return DEFAULT_LIMIT if limit is None else int(limit)


def _filter(body: Json) -> engine.Filter | None:
    """The filter; points that a query names by id are left out of its answer, as Qdrant does."""
    given = to_filter(body.get("filter"))
    named: set[Any] = set(_named(body.get("query")))
    if not named:
        return given
    return engine.Filter(must=None if given is None else [given], must_not=[engine.HasIdCondition(named)])


def _named(query: Any) -> Iterator[str | int]:
    """Ids of points in a query: of the nearest, of examples, of a target and its context."""
    if isinstance(query, (str, int)):
        yield query
    elif isinstance(query, list):
        for item in query:
            if not isinstance(item, float):  # not a vector
                yield from _named(item)
    elif isinstance(query, dict):
        for name in ("nearest", "recommend", "positive", "negative", "discover", "target", "context"):
            if name in query:
                yield from _named(query[name])


def _prefetches(body: Json, fetch: FetchVector) -> list[engine.Prefetch]:
    given = body.get("prefetch") or []
    return [
        engine.Prefetch(
            limit=_limit(item),
            query=_scoring(item, fetch),
            prefetches=_prefetches(item, fetch),
            filter=_filter(item),
            params=_params(item),
            score_threshold=item.get("score_threshold"),
        )
        for item in (given if isinstance(given, list) else [given])
    ]


def _scoring(body: Json, fetch: FetchVector) -> Any:
    """The ``query`` field: a vector, a point id, or an object that says how to score."""
    query, using = body.get("query"), body.get("using") or ""
    if query is None:
        return None
    if not isinstance(query, dict) or "indices" in query:
        return _nearest(query, using, fetch)
    if "nearest" in query:
        mmr = query.get("mmr")
        if mmr is None:
            return _nearest(query["nearest"], using, fetch)
        diversity = mmr.get("diversity")
        return engine.Mmr(
            _resolve(query["nearest"], using, fetch),
            1.0 - (0.5 if diversity is None else diversity),
            mmr.get("candidates_limit") or _limit(body),
            using,
        )
    if "fusion" in query:
        return engine.Fusion.Rrf(k=RRF_K) if query["fusion"] == "rrf" else engine.Fusion.Dbsf()
    if "rrf" in query:
        return engine.Fusion.Rrf(k=query["rrf"].get("k") or RRF_K, weights=query["rrf"].get("weights"))
    if "order_by" in query:
        return to_order(query["order_by"])
    if "recommend" in query:
        return _recommend(query["recommend"], using, fetch)
    if "discover" in query:
        return _discover(query["discover"], using, fetch)
    if "context" in query:
        return engine.Query.Context(engine.ContextQuery(_pairs(query["context"], using, fetch)), using or None)
    raise unsupported(f"the query {sorted(query)}")


def _nearest(value: Any, using: str, fetch: FetchVector) -> Any:
    return engine.Query.Nearest(_resolve(value, using, fetch), using or None)


def _recommend(body: Json, using: str, fetch: FetchVector) -> Any:
    """By the mean of the examples unless a strategy is named."""
    positive = [_resolve(item, using, fetch) for item in body.get("positive") or []]
    negative = [_resolve(item, using, fetch) for item in body.get("negative") or []]
    strategy = body.get("strategy") or "average_vector"
    if strategy == "average_vector":
        if not positive:
            raise wrong_input("At least one positive vector ID required with this strategy")
        return engine.Query.Nearest(towards(positive, negative), using or None)
    if not positive and not negative:
        raise wrong_input("At least one positive or negative vector ID required with this strategy")
    request = engine.RecommendQuery(positive, negative)
    if strategy == "best_score":
        return engine.Query.RecommendBestScore(request, using or None)
    if strategy == "sum_scores":
        return engine.Query.RecommendSumScores(request, using or None)
    raise unsupported(f"the recommend strategy {strategy}")


def _discover(body: Json, using: str, fetch: FetchVector) -> Any:
    pairs = _pairs(body.get("context"), using, fetch)
    return engine.Query.Discover(
        engine.DiscoverQuery(_resolve(body["target"], using, fetch), pairs), using or None
    )  # fmt: skip


def _pairs(body: Any, using: str, fetch: FetchVector) -> list[Any]:
    given = body if isinstance(body, list) else [] if body is None else [body]
    return [
        engine.ContextPair(_resolve(pair["positive"], using, fetch), _resolve(pair["negative"], using, fetch))
        for pair in given
    ]


def _resolve(value: Any, using: str, fetch: FetchVector) -> Any:
    """A vector as it is, or the stored vector of a point id."""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return fetch(value, using)
    if isinstance(value, (list, dict)):
        return to_vector(value)
    raise wrong_input(f"a query cannot be {type(value).__name__}")


def _params(body: Json) -> engine.SearchParams:
    """What is nearest by the small copies is compared once more by the vectors themselves.

    Of 40,000 real messages .999 of the ten nearest are found so, and all of the hundred, for a quarter of the time.
    """
    given = body.get("params") or {}
    exact = bool(given.get("exact"))
    more = max(OVERSAMPLING, LEAST / _limit(body))
    small = engine.QuantizationSearchParams(ignore=exact, rescore=True, oversampling=more)
    return engine.SearchParams(hnsw_ef=given.get("hnsw_ef"), exact=exact, quantization=small)
