"""A collection that was written to a lot is opened anew while nobody asks, and nobody notices but by the time."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from tg_assets.backends.qdrant_server import collection, schema, updates
from tg_assets.backends.qdrant_server.collection import Collection

BODY = {"vectors": {"dense": {"size": 4, "distance": "Cosine"}}, "sparse_vectors": {}}
FIRST = {"query": [1.0, 0.0, 0.0, 0.0], "using": "dense", "limit": 3}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    """Twenty points, of which ten are enough to be opened anew."""
    monkeypatch.setattr(collection, "WRITTEN", 10)
    made = Collection.create(tmp_path / "points", BODY)
    write(made, 0, 20)
    yield made
    made.close()


def write(made: Collection, first: int, last: int) -> None:
    points = [
        {"id": str(UUID(int=number + 1)), "vector": {"dense": [1.0, number / 10, 0.0, 0.0]}, "payload": {"n": number}}
        for number in range(first, last)
    ]
    made.update(updates.upsert({"points": points}), written=len(points))


def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one with each time that a shard is opened."""
    seen: list[Any] = []
    load = collection._opened

    def noted(*given: Any) -> Any:
        seen.append(given)
        return load(*given)

    monkeypatch.setattr(collection, "_opened", noted)
    return seen


def test_it_is_opened_anew_once_after_many_writes(written: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same points and answers; not while it is used, and not again before as many were written."""
    seen, before = opened(monkeypatch), written.query(FIRST)
    written.tidy(3600)
    assert not seen
    written.tidy(-1)
    written.tidy(-1)
    write(written, 20, 25)
    written.tidy(-1)
    assert len(seen) == 1
    assert (written.count({}), written.query(FIRST)) == ({"count": 25}, before)


def test_whoever_asks_meanwhile_is_answered(written: Collection) -> None:
    """Reads and writes of other threads wait, and none is lost."""
    stop = Event()

    def ask() -> set[str]:
        found = set()
        while not stop.is_set():
            found.add(str(written.query(FIRST)))
        return found

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask) for _ in range(2)]
        for begin in range(20, 220, 20):
            write(written, begin, begin + 20)
            written.tidy(-1)
        stop.set()
        assert [len(one.result()) for one in asked] == [1, 1]
    assert written.count({}) == {"count": 220}


def test_it_is_tried_again_where_it_could_not_be_opened(written: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed for a moment, as for want of memory, is not the end of the collection."""
    load = collection._opened
    monkeypatch.setattr(collection, "_opened", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        written.tidy(-1)
    monkeypatch.setattr(collection, "_opened", load)
    written.tidy(-1)
    assert written.count({}) == {"count": 20}


def test_one_that_was_deleted_is_not_opened_again(written: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever still looks after it leaves the files alone, which are those of a new one of its name by then."""
    written.close()
    shutil.rmtree(written.path)
    Collection.create(written.path, BODY).close()
    seen = opened(monkeypatch)
    with pytest.raises(Exception, match=r"."):
        write(written, 20, 40)
    written.tidy(-1)
    assert not seen


@pytest.mark.parametrize("said", [{"quantized": True}, {"quantized": False}, {}], ids=["bytes", "none", "older"])
def test_one_with_other_copies_of_its_vectors_answers_as_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, bool]
) -> None:
    """As earlier releases made them: with a byte a number, or with none; they stay so."""
    bits = schema.SMALL_BEFORE if said.get("quantized") else None
    configs = list[Any]()
    to_config = schema.to_config

    def noted(body: Any, given: int | None) -> Any:
        configs.append(given)
        return to_config(body, given)

    with monkeypatch.context() as patch:
        patch.setattr(collection, "to_config", lambda body, _: to_config(body, bits))
        made = Collection.create(tmp_path / "points", BODY)
    write(made, 0, 20)
    before = made.query(FIRST)
    made.close()
    path = tmp_path / "points" / collection.DEFINITION
    path.write_text(json.dumps({"config": BODY, "indexes": {}, **said}))
    monkeypatch.setattr(collection, "to_config", noted)
    again = Collection.load(tmp_path / "points")
    write(again, 20, 30)
    again.tidy(-1)
    assert again.query(FIRST) == before
    assert again.count({}) == {"count": 30}
    again.close()
    assert configs == [bits]
