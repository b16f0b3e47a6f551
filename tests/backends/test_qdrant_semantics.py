"""The embedded vector server answers as Qdrant's documentation says, operation by operation, with its numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.backends.clients import qdrant

NAME = "meanings"
UUID_1, UUID_2 = "00000000-0000-0000-0000-000000000001", "ffffffff-0000-0000-0000-000000000000"
PAYLOADS: dict[int | str, dict[str, Any]] = {
    1: {"city": "London", "n": 1, "x": 0.5, "flag": True, "at": "2024-01-01T00:00:00Z", "tags": ["a", "b"]},
    2: {"city": "Moscow", "n": 2, "x": 2.0, "flag": False, "at": "2024-01-01T03:00:00+03:00", "tags": ["b"]},
    3: {"city": "London", "n": 3, "x": 3.5, "flag": True, "at": "2024-06-01T12:00:00.123456Z", "tags": []},
    4: {"city": "Berlin", "n": None, "at": "2024-12-31T23:59:59.999999Z", "tags": None, "deep": {"key": ["v", "w"]}},
    UUID_1: {"city": ["Berlin", "Moscow"], "n": 5, "tags": ["a", "b", "c"]},
    UUID_2: {},
}
VECTORS = {
    1: [1.0, 0.0], 2: [0.8, 0.6], 3: [0.0, 1.0], 4: [-1.0, 0.0], UUID_1: [0.6, 0.8], UUID_2: [0.0, -1.0],
}  # fmt: skip


def point(id_: int | str) -> models.PointStruct:
    sparse = models.SparseVector(indices=[1, 2 + int(str(id_)[-1])], values=[1.0, 1.0])
    return models.PointStruct(id=id_, vector={"dense": VECTORS[id_], "words": sparse}, payload=PAYLOADS[id_])


@pytest.fixture(scope="module")
def connection(environment: dict[str, str]) -> Iterator[QdrantClient]:
    with qdrant(environment) as client:
        client.delete_collection(NAME)
        client.create_collection(
            NAME,
            vectors_config={"dense": models.VectorParams(size=2, distance=models.Distance.COSINE)},
            sparse_vectors_config={"words": models.SparseVectorParams()},
        )
        for field, schema in (("n", "integer"), ("at", "datetime"), ("city", "keyword"), ("x", "float")):
            client.create_payload_index(NAME, field, models.PayloadSchemaType(schema))
        yield client
        client.delete_collection(NAME)


@pytest.fixture
def client(connection: QdrantClient) -> QdrantClient:
    """The six points as they were."""
    connection.delete(NAME, models.FilterSelector(filter=models.Filter()))
    connection.upsert(NAME, [point(id_) for id_ in PAYLOADS])
    return connection


def ids(client: QdrantClient, query: Any, **more: Any) -> list[Any]:
    found = client.query_points(NAME, query=query, using=more.pop("using", "dense"), **more)
    return [hit.id for hit in found.points]


def recommend(positive: list[Any], negative: list[Any] | None = None, strategy: str | None = None) -> Any:
    chosen = None if strategy is None else models.RecommendStrategy(strategy)
    return models.RecommendQuery(
        recommend=models.RecommendInput(positive=positive, negative=negative or [], strategy=chosen)
    )


@pytest.mark.parametrize("strategy", [None, "average_vector", "best_score", "sum_scores"])
def test_examples_are_not_recommended(client: QdrantClient, strategy: str | None) -> None:
    """Neither liked nor disliked ones, in a query or in a prefetch; vectors given as such leave nothing out."""
    assert ids(client, recommend([1], strategy=strategy))[:2] == [2, UUID_1]
    assert set(ids(client, recommend([1], [3], strategy))) == {2, 4, UUID_1, UUID_2}
    prefetch = models.Prefetch(query=recommend([1], [3], strategy), using="dense", limit=10)
    fused = client.query_points(NAME, prefetch=[prefetch], query=models.FusionQuery(fusion=models.Fusion.RRF))
    assert {hit.id for hit in fused.points} == {2, 4, UUID_1, UUID_2}
    assert 1 in ids(client, recommend([VECTORS[1]], strategy=strategy))


def test_the_average_goes_towards_the_liked_and_away_from_the_disliked(client: QdrantClient) -> None:
    """``avg(positive) + avg(positive) - avg(negative)``; without a liked example there is no average."""
    assert ids(client, recommend([1, 3]))[0] in (2, UUID_1)
    found = client.query_points(NAME, query=recommend([1], [3]), using="dense", limit=1).points[0]
    assert (found.id, found.score) == (2, pytest.approx((2 * 0.8 - 0.6) / 5**0.5, abs=1e-5))
    assert ids(client, recommend([UUID_2], [], None), using="words")[0] != UUID_2
    with pytest.raises(UnexpectedResponse, match="At least one positive"):
        ids(client, recommend([], [3]))
    assert ids(client, recommend([], [3], "best_score"))[0] in (UUID_2, 1, 4)
    with pytest.raises(UnexpectedResponse, match="404"):
        ids(client, recommend([99]))


def test_a_query_by_id_leaves_the_point_out(client: QdrantClient) -> None:
    """As the nearest, as the target of a discovery, and in its context."""
    assert ids(client, 1, limit=2) == [2, UUID_1]
    assert 1 not in ids(client, models.NearestQuery(nearest=1, mmr=models.Mmr(diversity=0.5)))
    pair = models.ContextPair(positive=2, negative=4)
    found = ids(client, models.DiscoverQuery(discover=models.DiscoverInput(target=1, context=pair)))
    assert set(found) == {3, UUID_1, UUID_2}
    assert set(ids(client, models.ContextQuery(context=[pair]))) == {1, 3, UUID_1, UUID_2}


def where(**clauses: Any) -> models.Filter:
    return models.Filter(**clauses)


def field(key: str, **condition: Any) -> models.FieldCondition:
    return models.FieldCondition(key=key, **condition)


CASES: list[tuple[str, models.Filter, set[Any]]] = [
    ("a value", where(must=[field("city", match=models.MatchValue(value="London"))]), {1, 3}),
    ("of a list", where(must=[field("city", match=models.MatchValue(value="Moscow"))]), {2, UUID_1}),
    ("any", where(must=[field("city", match=models.MatchAny(any=["Berlin", "Paris"]))]), {4, UUID_1}),
    ("any number", where(must=[field("n", match=models.MatchAny(any=[1, 5]))]), {1, UUID_1}),
    ("any of none", where(must=[field("city", match=models.MatchAny(any=[]))]), set()),
    ("except", where(must=[field("city", match=models.MatchExcept(**{"except": ["London", "Moscow"]}))]), {4, UUID_1}),
    ("true", where(must=[field("flag", match=models.MatchValue(value=True))]), {1, 3}),
    ("false", where(must=[field("flag", match=models.MatchValue(value=False))]), {2}),
    ("words of a text", where(must=[field("city", match=models.MatchText(text="London"))]), {1, 3}),
    ("range", where(must=[field("n", range=models.Range(gt=1, lte=3))]), {2, 3}),
    ("range of floats", where(must=[field("x", range=models.Range(gte=0.5, lt=3.5))]), {1, 2}),
    ("time", where(must=[field("at", range=models.DatetimeRange(lt="2024-01-01T00:00:01Z"))]), {1, 2}),
    ("time of a zone", where(must=[field("at", range=models.DatetimeRange(gt="2024-06-01T15:00:00+03:00"))]), {3, 4}),
    ("to the microsecond", where(must=[field("at", range=models.DatetimeRange(gte="2024-12-31T23:59:59.999999Z"))]),
     {4}),
    ("count", where(must=[field("tags", values_count=models.ValuesCount(gte=2))]), {1, UUID_1}),
    ("nested key", where(must=[field("deep.key[]", match=models.MatchValue(value="w"))]), {4}),
    ("empty", where(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="tags"))]), {3, 4, UUID_2}),
    ("empty number", where(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="n"))]), {4, UUID_2}),
    ("null", where(must=[models.IsNullCondition(is_null=models.PayloadField(key="n"))]), {4}),
    ("ids", where(must=[models.HasIdCondition(has_id=[1, UUID_2, 77])]), {1, UUID_2}),
    ("no ids", where(must=[models.HasIdCondition(has_id=[])]), set()),
    ("vector", where(must=[models.HasVectorCondition(has_vector="words")]), set(PAYLOADS)),
    ("should", where(should=[field("n", match=models.MatchValue(value=1)), field("n", range=models.Range(gte=5))]),
     {1, UUID_1}),
    ("must not", where(must_not=[field("city", match=models.MatchValue(value="London"))]), {2, 4, UUID_1, UUID_2}),
    ("at least two", where(min_should=models.MinShould(min_count=2, conditions=[
        field("city", match=models.MatchValue(value="London")), field("n", range=models.Range(gte=2)),
        field("flag", match=models.MatchValue(value=True)),
    ])), {1, 3}),
    ("inside", where(must=[where(should=[where(must_not=[field("n", range=models.Range(gte=2))])])]), {1, 4, UUID_2}),
    ("nothing", where(), set(PAYLOADS)),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_filters(connection: QdrantClient, condition: models.Filter, found: set[Any]) -> None:
    """The same in counting, scrolling and querying."""
    if connection.count(NAME).count != len(PAYLOADS):
        connection.upsert(NAME, [point(id_) for id_ in PAYLOADS])
    assert connection.count(NAME, condition).count == len(found)
    assert {record.id for record in connection.scroll(NAME, condition, limit=99)[0]} == found
    assert set(ids(connection, [1.0, 0.0], query_filter=condition, limit=99)) == found


def test_scroll_goes_by_id_and_its_offset_is_the_next_one(client: QdrantClient) -> None:
    """Numbers before UUIDs; ordered by a key there are no pages, and points without the key are left out."""
    first, offset = client.scroll(NAME, limit=3)
    assert ([record.id for record in first], offset) == ([1, 2, 3], 4)
    rest, offset = client.scroll(NAME, limit=3, offset=offset)
    assert ([record.id for record in rest], offset) == ([4, UUID_1, UUID_2], None)
    for direction, order in ((models.Direction.ASC, [1, 2, 3, UUID_1]), (models.Direction.DESC, [UUID_1, 3, 2, 1])):
        found, offset = client.scroll(NAME, order_by=models.OrderBy(key="n", direction=direction))
        assert ([record.id for record in found], offset) == (order, None)
    later, _ = client.scroll(NAME, order_by=models.OrderBy(key="n", start_from=3))
    assert [record.id for record in later] == [3, UUID_1]
    assert ids(client, models.OrderByQuery(order_by="n"), using=None, limit=2) == [1, 2]


def test_threshold_limit_and_offset(client: QdrantClient) -> None:
    assert ids(client, [1.0, 0.0], score_threshold=0.6 - 1e-6) == [1, 2, UUID_1]
    assert ids(client, [1.0, 0.0], limit=2, offset=1) == [2, UUID_1]
    with pytest.raises(UnexpectedResponse, match="must be 1 or larger"):
        ids(client, [1.0, 0.0], limit=0)


def test_payload_selectors(client: QdrantClient) -> None:
    """Nothing by default in a query, everything in a scroll and a retrieval; keys reach into objects."""

    def shown(id_: int, selector: Any) -> Any:
        wanted = models.Filter(must=[models.HasIdCondition(has_id=[id_])])
        return client.query_points(
            NAME, query=[1.0, 0.0], using="dense", query_filter=wanted, with_payload=selector
        ).points[0].payload  # fmt: skip

    assert shown(4, False) is None
    assert shown(4, True) == PAYLOADS[4]
    assert shown(4, ["city", "n"]) == {"city": "Berlin", "n": None}
    assert shown(4, ["deep.key"]) == {"deep": {"key": ["v", "w"]}}
    assert shown(1, models.PayloadSelectorExclude(exclude=["tags", "at", "x"])) == {
        "city": "London",
        "n": 1,
        "flag": True,
    }
    [record] = client.retrieve(NAME, [1])
    assert (record.payload, record.vector) == (PAYLOADS[1], None)
    [record] = client.retrieve(NAME, [1], with_payload=False, with_vectors=["dense"])
    assert (record.payload, record.vector) == (None, {"dense": VECTORS[1]})
    assert client.retrieve(NAME, [77]) == []


def test_groups(client: QdrantClient) -> None:
    """Best group first; a point of several values is in each group; points without the key are in none."""
    found = client.query_points_groups(NAME, group_by="city", query=[1.0, 0.0], using="dense", group_size=1)
    assert [(group.id, [hit.id for hit in group.hits]) for group in found.groups] == [
        ("London", [1]), ("Moscow", [2]), ("Berlin", [UUID_1]),
    ]  # fmt: skip
    found = client.query_points_groups(NAME, group_by="city", query=[1.0, 0.0], using="dense", limit=1, group_size=5)
    assert [(group.id, [hit.id for hit in group.hits]) for group in found.groups] == [("London", [1, 3])]
    found = client.query_points_groups(NAME, group_by="n", query=4, using="dense")
    assert {group.id for group in found.groups} == {1, 2, 3, 5}


def test_an_upsert_replaces_the_whole_point(client: QdrantClient) -> None:
    """Payload and vectors that are not given are gone; of one id twice the last is kept; a merge keeps the rest."""
    client.upsert(NAME, [models.PointStruct(id=1, vector={"dense": [0.0, 5.0]}, payload={"a": 1})])
    [record] = client.retrieve(NAME, [1], with_vectors=True)
    assert (record.payload, record.vector) == ({"a": 1}, {"dense": [0.0, 1.0]})
    client.upsert(NAME, [models.PointStruct(id=1, vector={}, payload={"a": n}) for n in (2, 3)])
    client.set_payload(NAME, {"b": {"d": None}, "c": [1, 2.5, "x"]}, points=[1])
    client.set_payload(NAME, {"a": None}, points=[1])  # a merge takes null for removal
    assert client.retrieve(NAME, [1])[0].payload == {"b": {"d": None}, "c": [1, 2.5, "x"]}
    assert client.count(NAME).count == len(PAYLOADS)


def test_deletes(client: QdrantClient) -> None:
    """By filter, by id; what is not there is no error."""
    client.delete(NAME, models.FilterSelector(filter=where(must=[field("n", range=models.Range(gte=3))])))
    assert {record.id for record in client.scroll(NAME)[0]} == {1, 2, 4, UUID_2}
    client.delete(NAME, [1, 77])
    assert client.count(NAME, exact=True).count == 3


def test_small_copies_of_vectors_miss_nothing(client: QdrantClient) -> None:
    """The nearest by a byte a number, compared once more, are the nearest, with the same scores, in any subset."""
    name = "many"
    client.create_collection(
        name, vectors_config={"dense": models.VectorParams(size=64, distance=models.Distance.COSINE)}
    )
    draw = np.random.default_rng(3)
    vectors = draw.standard_normal((2000, 64))
    points = [
        models.PointStruct(id=number, vector={"dense": vector.tolist()}, payload={"even": number % 2 == 0})
        for number, vector in enumerate(vectors)
    ]
    client.upsert(name, points)
    client.delete(name, list(range(0, 2000, 3)))
    even = where(must=[field("even", match=models.MatchValue(value=True))])
    for query in draw.standard_normal((5, 64)).tolist():
        for only in (None, even):
            found, exact = (
                client.query_points(
                    name, query, using="dense", limit=50, query_filter=only,
                    search_params=models.SearchParams(exact=exact),
                ).points
                for exact in (False, True)
            )  # fmt: skip
            assert [hit.id for hit in found] == [hit.id for hit in exact]
            assert [hit.score for hit in found] == pytest.approx([hit.score for hit in exact], abs=1e-6)
    client.delete_collection(name)
