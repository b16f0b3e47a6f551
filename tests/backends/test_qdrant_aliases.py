"""Aliases of the embedded vector server, as the real server's REST interface has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.backends.clients import qdrant
from tg_assets.backends.qdrant_server.store import Store

ONE, OTHER, ALIAS = "one", "other", "named"


def create(collection: str, alias: str) -> Any:
    return models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=alias))


def rename(old: str, new: str) -> Any:
    return models.RenameAliasOperation(rename_alias=models.RenameAlias(old_alias_name=old, new_alias_name=new))


def remove(alias: str) -> Any:
    return models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[QdrantClient]:
    """Two collections, of a point each, and no alias."""
    with qdrant(environment) as found:
        for number, name in enumerate((ONE, OTHER)):
            found.create_collection(name, models.VectorParams(size=2, distance=models.Distance.DOT))
            found.upsert(name, [models.PointStruct(id=number, vector=[1.0, 0.0], payload={"of": name})])
        yield found
        for one in found.get_collections().collections:
            found.delete_collection(one.name)


def change(client: QdrantClient, *actions: Any) -> Any:
    return client.update_collection_aliases(change_aliases_operations=list(actions))


def aliases(client: QdrantClient) -> dict[str, str]:
    return {one.alias_name: one.collection_name for one in client.get_aliases().aliases}


def test_an_alias_is_a_name_of_its_collection(client: QdrantClient) -> None:
    """For what is asked and written; the list of collections has it not."""
    assert change(client, create(ONE, ALIAS)) is True
    assert aliases(client) == {ALIAS: ONE}
    assert client.collection_exists(ALIAS)
    assert client.get_collection(ALIAS).points_count == 1
    client.upsert(ALIAS, [models.PointStruct(id=7, vector=[0.0, 1.0])])
    assert client.count(ONE).count == client.count(ALIAS).count == 2
    assert [hit.id for hit in client.query_points(ALIAS, query=[0.0, 1.0], limit=1).points] == [7]
    assert {one.name for one in client.get_collections().collections} == {ONE, OTHER}
    assert [one.alias_name for one in client.get_collection_aliases(ONE).aliases] == [ALIAS]
    assert client.get_collection_aliases(OTHER).aliases == []


def test_it_moves_in_one_request(client: QdrantClient) -> None:
    change(client, create(ONE, ALIAS))
    change(client, remove(ALIAS), create(OTHER, ALIAS))
    assert aliases(client) == {ALIAS: OTHER}
    change(client, create(ONE, ALIAS))
    assert aliases(client) == {ALIAS: ONE}
    change(client, rename(ALIAS, "renamed"))
    assert aliases(client) == {"renamed": ONE}
    change(client, remove("never"))
    assert aliases(client) == {"renamed": ONE}


def test_all_actions_are_done_or_none(client: QdrantClient) -> None:
    change(client, create(ONE, ALIAS))
    for bad, said in (
        (create("nothing", "x"), "404.*nothing.*exist"),
        (create(ONE, OTHER), "400.*other.*already exists"),
        (create(ALIAS, "x"), "404"),
        (rename("never", "x"), "404.*never does not exists"),
    ):
        with pytest.raises(UnexpectedResponse, match=f"(?s){said}"):
            change(client, remove(ALIAS), bad)
        assert aliases(client) == {ALIAS: ONE}


def test_names_of_collections_and_aliases_are_apart(client: QdrantClient) -> None:
    change(client, create(ONE, ALIAS))
    with pytest.raises(UnexpectedResponse, match=r"(?s)400.*Alias with the same name"):
        client.create_collection(ALIAS, models.VectorParams(size=2, distance=models.Distance.DOT))
    with pytest.raises(UnexpectedResponse, match="404"):
        client.get_collection_aliases("nothing")
    client.delete_collection(ALIAS)  # an alias is no collection
    assert client.collection_exists(ONE)
    client.delete_collection(ONE)
    assert aliases(client) == {}
    assert not client.collection_exists(ALIAS)


def test_when_graphs_are_built_may_be_said(client: QdrantClient) -> None:
    """No graph is built here, so it changes nothing; other changes are refused by name."""
    client.create_collection(
        "bulk",
        models.VectorParams(size=2, distance=models.Distance.DOT),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=1_000_000_000),
    )
    assert client.update_collection("bulk", models.OptimizersConfigDiff(indexing_threshold=10_000))
    assert client.get_collection("bulk").status == models.CollectionStatus.GREEN
    with pytest.raises(UnexpectedResponse, match=r"quantization_config.*not supported"):
        client.update_collection("bulk", quantization_config=models.Disabled.DISABLED)


def test_they_are_there_after_a_restart(tmp_path: Path) -> None:
    """Of a collection that is gone, none."""
    first = Store(tmp_path)
    first.open()
    body = {"vectors": {"size": 2, "distance": "Dot"}}
    for name in (ONE, OTHER):
        first.create(name, body)
    first.change_aliases({"actions": [
        {"create_alias": {"collection_name": one, "alias_name": f"{one}-now"}} for one in (ONE, OTHER)
    ]})  # fmt: skip
    first.close()
    kept = tmp_path / "aliases.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text("utf-8")), "lost": "nothing"}), "utf-8")
    again = Store(tmp_path)
    again.open()
    assert again.aliases() == {"aliases": [
        {"alias_name": "one-now", "collection_name": ONE}, {"alias_name": "other-now", "collection_name": OTHER},
    ]}  # fmt: skip
    assert again.get("one-now") is again.get(ONE)
    again.close()
