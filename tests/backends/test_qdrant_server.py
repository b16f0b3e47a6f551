"""What an unmodified ``QdrantClient`` may rely on, from two processes at once, over restarts and kills."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.backends.clients import qdrant
from tg_assets.backends import status, stop_service, up
from tg_assets.settings import Settings

NAME = "posts"
START = datetime(2024, 1, 1, tzinfo=UTC)


def point(number: int) -> models.PointStruct:
    return models.PointStruct(
        id=str(UUID(int=number + 1)),
        vector={
            "dense": [1.0, number / 100, 0.5, 0.25],
            "lemmas": models.SparseVector(indices=[number % 5, 50], values=[1.0, 0.5]),
            "trigrams": models.SparseVector(indices=[number % 7, 90], values=[1.0, 0.1]),
        },
        payload={
            "tenant_id": f"t{number % 2}",
            "feed": f"t{number % 2}.news",
            "number": number,
            "posted_at": (START + timedelta(days=number)).isoformat(),
            "tags": ["odd"] if number % 2 else ["even", "все"],
            "vision": {"is_meme": number == 3, "score": 0.5},
        },
    )


def write(first: int, last: int) -> None:
    """Entry point of the second process."""
    with qdrant(dict(os.environ)) as client:
        for number in range(first, last):
            client.upsert(NAME, [point(number)])


def tenant(slug: str, *more: models.Condition) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="tenant_id", match=models.MatchValue(value=slug)), *more])


def days(since: int, until: int) -> models.FieldCondition:
    span = models.DatetimeRange(gte=START + timedelta(days=since), lt=START + timedelta(days=until))
    return models.FieldCondition(key="posted_at", range=span)


def legs(where: models.Filter | None) -> list[models.Prefetch]:
    return [
        models.Prefetch(query=[1.0, 0.2, 0.5, 0.25], using="dense", filter=where, limit=20),
        models.Prefetch(query=models.SparseVector(indices=[2], values=[1.0]), using="lemmas", filter=where, limit=20),
        models.Prefetch(query=models.SparseVector(indices=[3], values=[1.0]), using="trigrams", filter=where, limit=20),
    ]


def create(client: QdrantClient) -> None:
    """The collection, empty."""
    client.delete_collection(NAME)
    assert not client.collection_exists(NAME)
    idf = models.SparseVectorParams(modifier=models.Modifier.IDF)
    client.create_collection(
        NAME,
        vectors_config={"dense": models.VectorParams(size=4, distance=models.Distance.COSINE)},
        sparse_vectors_config={"lemmas": idf, "trigrams": idf},
    )
    keyword = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    for _ in range(2):
        client.create_payload_index(NAME, "tenant_id", keyword)
    client.create_payload_index(NAME, "posted_at", models.PayloadSchemaType.DATETIME)
    client.create_payload_index(NAME, "number", models.PayloadSchemaType.INTEGER)
    client.create_payload_index(NAME, "tags", models.PayloadSchemaType.KEYWORD)


@pytest.fixture(scope="module")
def connection(environment: dict[str, str]) -> Iterator[QdrantClient]:
    """40 points of two tenants, half of them written by another process at the same time."""
    with qdrant(environment) as client:
        create(client)
        program = "from tests.backends.test_qdrant_server import write; write(20, 40)"
        path = {"PYTHONPATH": str(Path(__file__).parents[2])}
        other = subprocess.Popen([sys.executable, "-c", program], env=os.environ | environment | path)
        client.upload_points(NAME, [point(number) for number in range(20)], batch_size=7, wait=True)
        assert other.wait(60) == 0
        assert client.count(NAME).count == 40
        yield client
        client.delete_collection(NAME)


@pytest.fixture
def client(connection: QdrantClient) -> QdrantClient:
    """The same points whatever the test before did."""
    if connection.count(NAME).count != 40:
        create(connection)
    connection.upsert(NAME, [point(number) for number in range(40)])
    return connection


def numbers(points: list[models.ScoredPoint] | list[models.Record]) -> list[int]:
    return [item.payload["number"] for item in points if item.payload]


def test_filters_count_and_facet(client: QdrantClient) -> None:
    assert client.count(NAME).count == 40
    assert client.count(NAME, tenant("t1", days(4, 14))).count == 5
    meme = models.FieldCondition(key="vision.is_meme", match=models.MatchValue(value=True))
    assert client.count(NAME, models.Filter(must=[meme])).count == 1
    tags = models.FieldCondition(key="tags", match=models.MatchAny(any=["все", "none"]))
    assert client.count(NAME, models.Filter(must=[tags], must_not=[days(0, 20)])).count == 10
    numbered = models.FieldCondition(key="number", range=models.Range(gt=37))
    either = models.Filter(should=[numbered, models.HasIdCondition(has_id=[point(0).id])])
    assert client.count(NAME, either).count == 3
    empty = models.IsEmptyCondition(is_empty=models.PayloadField(key="expires_at"))
    assert client.count(NAME, models.Filter(must=[empty])).count == 40
    facets = {hit.value: hit.count for hit in client.facet(NAME, "tags").hits}
    assert facets == {"odd": 20, "even": 20, "все": 20}
    with pytest.raises(UnexpectedResponse, match="Wrong input"):
        client.facet(NAME, "nothing")


@pytest.mark.parametrize("fusion", [models.Fusion.RRF, models.Fusion.DBSF])
def test_hybrid_search_stays_within_the_tenant(client: QdrantClient, fusion: models.Fusion) -> None:
    request = models.QueryRequest(
        prefetch=legs(tenant("t1")), query=models.FusionQuery(fusion=fusion), limit=100, with_payload=True
    )
    first, second = client.query_batch_points(NAME, [request, request])
    assert numbers(first.points) == numbers(second.points)
    assert {item.payload["tenant_id"] for item in first.points if item.payload} == {"t1"}
    outer = client.query_points(
        NAME, prefetch=legs(None), query=models.FusionQuery(fusion=fusion), query_filter=tenant("t0"), with_payload=True
    )
    assert {item.payload["tenant_id"] for item in outer.points if item.payload} == {"t0"}


def test_single_legs_and_selectors(client: QdrantClient) -> None:
    [best] = client.query_points(
        NAME, query=[1.0, 0.2, 0.5, 0.25], using="dense", limit=1, with_payload=["number"], with_vectors=["lemmas"]
    ).points
    assert best.payload == {"number": 20}
    assert best.score == pytest.approx(1.0, abs=1e-6)
    assert best.vector == {"lemmas": models.SparseVector(indices=[0, 50], values=[1.0, 0.5])}
    rare = models.SparseVector(indices=[4], values=[1.0])
    hits = client.query_points(NAME, query=rare, using="lemmas", limit=100, with_payload=True).points
    assert sorted(numbers(hits)) == list(range(4, 40, 5))
    near = client.query_points(NAME, query=point(20).id, using="dense", limit=2, with_payload=True).points
    assert sorted(numbers(near)) == [19, 21]
    with pytest.raises(UnexpectedResponse, match="dimension"):
        client.query_points(NAME, query=[1.0], using="dense")


def test_scroll_pages_through_everything_once_and_in_order(client: QdrantClient) -> None:
    seen, offset = list[int](), None
    while True:
        page, offset = client.scroll(NAME, limit=7, offset=offset)
        seen += numbers(page)
        if offset is None:
            break
    assert sorted(seen) == list(range(40))
    newest, _ = client.scroll(
        NAME, tenant("t0"), limit=3, order_by=models.OrderBy(key="posted_at", direction=models.Direction.DESC)
    )
    assert numbers(newest) == [38, 36, 34]


def test_payload_changes_and_deletes(client: QdrantClient) -> None:
    one, two = point(1).id, point(2).id
    client.set_payload(NAME, {"lang": "ru"}, points=[one])
    client.overwrite_payload(NAME, {"tenant_id": "t0", "number": 2}, points=[two])
    client.delete_payload(NAME, ["tags"], points=[one])
    first, second = sorted(client.retrieve(NAME, [one, two]), key=lambda item: str(item.id))
    assert first.payload is not None
    assert first.payload["lang"] == "ru"
    assert "tags" not in first.payload
    assert second.payload == {"tenant_id": "t0", "number": 2}
    client.delete(NAME, models.FilterSelector(filter=tenant("t1", days(0, 10))))
    assert client.count(NAME).count == 35
    client.delete(NAME, [two])
    assert client.retrieve(NAME, [two]) == []


def test_collections_and_their_description(client: QdrantClient) -> None:
    info = client.get_collection(NAME)
    assert info.points_count == 40
    assert info.payload_schema["posted_at"].data_type == models.PayloadSchemaType.DATETIME
    assert [item.name for item in client.get_collections().collections] == [NAME]
    with pytest.raises(UnexpectedResponse, match="409"):
        client.create_collection(NAME, vectors_config={})
    with pytest.raises(UnexpectedResponse, match="404"):
        client.get_collection("другая")


def test_what_is_not_offered_is_refused_by_name(client: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse, match="matrix/pairs is not offered by the embedded"):
        client.search_matrix_pairs(NAME, sample=2, using="dense")
    for path, change in (
        ("points/vectors", lambda: client.delete_vectors(NAME, ["dense"], [point(1).id])),
        ("points/payload/clear", lambda: client.clear_payload(NAME, [point(1).id])),
        (
            "points/batch",
            lambda: client.batch_update_points(
                NAME, [models.DeleteOperation(delete=models.PointIdsList(points=[point(1).id]))]
            ),
        ),
    ):
        with pytest.raises(UnexpectedResponse, match=rf"{path}\S* is not offered by the embedded"):
            change()
    for name, query in (
        ("formula", models.FormulaQuery(formula=models.SumExpression(sum=["$score", 1.0]))),
        ("sample", models.SampleQuery(sample=models.Sample.RANDOM)),
    ):
        with pytest.raises(UnexpectedResponse, match=rf"{name}.*is not supported by the embedded"):
            client.query_points(NAME, prefetch=legs(None), query=query)
    many = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    several = models.VectorParams(size=4, distance=models.Distance.DOT, multivector_config=many)
    with pytest.raises(UnexpectedResponse, match="multivector_config is not supported by the embedded"):
        client.create_collection("several", vectors_config={"dense": several})
    assert client.count(NAME).count == 40


@pytest.mark.parametrize("kill", [True, False])
def test_acknowledged_points_survive(client: QdrantClient, settings: Settings, kill: bool) -> None:
    """SIGKILL right after the acknowledgement, and an orderly stop."""
    client.upsert(NAME, [point(40)])
    client.delete(NAME, [point(0).id])
    if kill:
        [pid] = [server.pid for server in status(settings) if server.name == "qdrant"]
        victim = psutil.Process(pid)
        victim.kill()
        victim.wait(10)
    else:
        stop_service(settings, "qdrant")
    up(settings)
    assert client.count(NAME).count == 40
    assert client.get_collection(NAME).payload_schema.keys() == {"tenant_id", "posted_at", "number", "tags"}
    request = client.query_points(
        NAME,
        prefetch=legs(tenant("t1")),
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=100,
        with_payload=True,
    )
    assert set(numbers(request.points)) == set(range(1, 40, 2))
