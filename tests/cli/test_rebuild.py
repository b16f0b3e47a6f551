"""``rebuild`` and ``verify`` as a person runs them, on what ``up`` started."""

import json
from typing import Any

import pytest

from tests.support.installation import FEEDS, Installation
from tg_assets import ids
from tg_assets.stores.vectors import COLLECTION, VectorIndex

FEED = FEEDS[2]
QUESTION = ("search", "ремонт генератора", "--tenant", "demo", "--json")


@pytest.fixture(scope="module")
def filled(installed: Installation) -> Installation:
    """With a week of a feed in all stores."""
    installed.must("backfill", FEED, "2026-01-05..2026-01-11")
    return installed


def index(installed: Installation) -> VectorIndex:
    return VectorIndex(installed.variables["TG_QDRANT_URL"], installed.variables["TG_QDRANT_API_KEY"])


def items(said: str) -> Any:
    return json.loads(said)["items"]


def answers(installed: Installation) -> list[dict[str, Any]]:
    """What is found, but for which run made what of it."""
    return [{**one, "lineage": None} for one in items(installed.must(*QUESTION))]


def test_vectors_and_graph_again(filled: Installation) -> None:
    """The alias moves to another collection, and what is found stays what it was; a pipe gets lines."""
    installed = filled
    before = answers(installed)
    assert before
    with index(installed).collections() as collections:
        old = collections.answering()
    said = installed.must("rebuild", "qdrant")
    assert f"{old} answers meanwhile" in said
    assert said.rstrip().endswith("Done.")
    with index(installed).collections() as collections:
        new = collections.answering()
        assert collections.versions() == [new]
        assert collections.aliases()[COLLECTION] == new
    assert new != old
    assert answers(installed) == before
    assert "demo" in installed.must("rebuild", "neo4j", "--tenant", "demo")
    assert "items are made again" in installed.must("rebuild", "qdrant", "--tenant", "demo")
    assert answers(installed) == before


def test_verify_ends_with_1_when_something_differs(filled: Installation) -> None:
    installed = filled
    assert "Nothing differs." in installed.must("verify", "--tenant", "demo")
    with index(installed).tenant(ids.tenant_id("demo")) as points:
        gone = next(points.scroll({"key": "feed", "match": {"value": FEED}}))[0]
        points._delete({"has_id": [gone["id"]]})
    done = installed.run("verify", "--feed", FEED, "--json")
    assert done.returncode == 1
    (told,) = items(done.stdout)
    assert (told["tenant"], told["feed"], told["store"], told["kind"], told["count"]) == (
        "demo", FEED, "qdrant", "missing", 1,
    )  # fmt: skip
    assert told["examples"] == [gone["id"]]
    shown = installed.run("verify", "--tenant", "demo")
    assert shown.returncode == 1
    assert "`tg-assets verify --repair` mends them" in shown.stdout
    assert "1 difference was mended." in installed.must("verify", "--repair")
    assert items(installed.must("verify", "--tenant", "demo", "--json")) == []
    assert "no feed" in installed.run("verify", "--feed", "demo.nowhere").stderr
