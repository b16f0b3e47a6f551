"""Every statement begins at an index: no question and no write looks through all nodes, or all of a label."""

from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import GraphDatabase

from tg_assets.graph import leaving, persona, statements
from tg_assets.graph.questions import EVERY
from tg_assets.stores.graph import GraphStore

SCANS = ("AllNodesScan", "NodeByLabelScan", "DirectedAllRelationshipsScan", "UndirectedAllRelationshipsScan")
VALUES: dict[str, Any] = {
    "tenant": "t", "rows": [], "made": {"run_id": "", "version": ""}, "limit": 10, "owners": [0], "channels": ["c"],
    "since": None, "until": None, "post": "p", "source": ["s"], "person": [1], "picture": [], "album": "a",
    "tags": [], "topic": ["t"], "entity": ["e"], "label": ["l"], "least": 1, "page": ["w"], "account": ["1"],
}  # fmt: skip


def every_statement() -> Iterator[tuple[str, str]]:
    for module in (statements, persona, leaving):
        for name, found in vars(module).items():
            if name.isupper():
                several = found.values() if isinstance(found, dict) else found if isinstance(found, tuple) else [found]
                yield from ((f"{module.__name__.rpartition('.')[2]}.{name}", one) for one in several)
    yield from ((name, question.statement) for name, question in EVERY.items())


def operators(plan: dict[str, Any]) -> Iterator[str]:
    yield str(plan["operatorType"]).split("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)


@pytest.mark.parametrize("limited", [True, False])
def test_no_statement_scans(both: dict[str, GraphStore], limited: bool) -> None:
    """As Neo4j's planner says. The embedded server explains in words, which do not tell how it finds a node by key."""
    address = both["real"].url.replace("neo4j:unused@", "")
    values = VALUES | {"channels": ["c"] if limited else None}
    found = {}
    with GraphDatabase.driver(address, auth=("neo4j", ""), notifications_min_severity="OFF") as driver:
        for name, statement in every_statement():
            plan = driver.execute_query(f"EXPLAIN {statement}", values).summary.plan
            assert plan, name
            used = set(operators(plan))
            if scans := used.intersection(SCANS):
                found[name] = scans
            elif "rows" in statement or name in EVERY:
                assert any("Index" in one for one in used), (name, used)
    assert found == {}


def test_a_scan_would_be_seen(both: dict[str, GraphStore]) -> None:
    address = both["real"].url.replace("neo4j:unused@", "")
    with GraphDatabase.driver(address, auth=("neo4j", ""), notifications_min_severity="OFF") as driver:
        plan = driver.execute_query("EXPLAIN MATCH (p:Post {tenant_id: 't'}) RETURN p").summary.plan
    assert plan
    assert set(SCANS).intersection(operators(plan))
