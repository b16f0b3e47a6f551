"""``rebuild`` and ``verify`` as a person runs them, on what ``up`` started."""

import json
from typing import Any

from tests.support.installation import FEEDS, Installation
from tg_assets import ids
from tg_assets.stores.vectors import COLLECTION, VectorIndex

FEED = FEEDS[2]
QUESTION = ("search", "ремонт генератора", "--tenant", "demo", "--json")


def index(installed: Installation) -> VectorIndex:
    environment = dict(
        line.removeprefix("export ").split("=", 1)
        for line in installed.must("env").splitlines()
        if line.startswith("export TG_QDRANT")
    )
    clean = {name: value.strip("'\"") for name, value in environment.items()}
    return VectorIndex(clean["TG_QDRANT_URL"], clean["TG_QDRANT_API_KEY"])


def items(said: str) -> Any:
    return json.loads(said)["items"]


def answers(installed: Installation) -> list[dict[str, Any]]:
    """What is found, but for which run made what of it."""
    return [{**one, "lineage": None} for one in items(installed.must(*QUESTION))]


def test_vectors_and_graph_again(installed: Installation) -> None:
    """The alias moves to another collection, and what is found stays what it was; a pipe gets lines."""
    installed.must("backfill", FEED, "2026-01-01..2026-01-31")
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


def test_verify_ends_with_1_when_something_differs(installed: Installation) -> None:
    installed.must("backfill", FEED, "2026-01-01..2026-01-31")
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
    assert "1 differences were mended." in installed.must("verify", "--repair")
    assert items(installed.must("verify", "--tenant", "demo", "--json")) == []
    assert "no feed" in installed.run("verify", "--feed", "demo.nowhere").stderr
