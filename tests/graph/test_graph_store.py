"""The graph on a real server: order does not matter, writers may meet, questions of the contract are answered."""

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from neo4j.exceptions import ConstraintError

from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.graph import leaving, persona, rows, schema, statements
from tg_assets.graph.questions import EVERY
from tg_assets.stores.graph import GraphStore, TenantGraph, _batches

CHANNEL = "channel-1"


@pytest.fixture
def graph(store: GraphStore, tenant: str) -> Iterator[TenantGraph]:
    with store.tenant(ids.tenant_id(tenant)) as found:
        yield found


def posts(*numbers: int, channel: str = CHANNEL) -> list[dict[str, Any]]:
    return rows.gathered((post(number, channel) for number in numbers), "channel_id")


def post(number: int, channel: str) -> dict[str, Any]:
    at = datetime(2026, 1, 1, 12, number, tzinfo=UTC)
    return {
        "post_id": f"post-{number}",
        "channel_id": channel,
        "properties": {"telegram_message_id": number, "channel_id": channel, "posted_at": at, "owner_id": 0},
    }


def tagged(tags: Iterable[tuple[int, str, float]]) -> list[dict[str, Any]]:
    flat = (
        {"post_id": f"post-{number}", "model": "m", "name": name, "confidence": confidence}
        for number, name, confidence in tags
    )
    return rows.gathered(flat, "post_id", "model", into="tags")


def reply(number: int, target: int) -> dict[str, Any]:
    return {"post_id": f"post-{number}", "target_id": f"post-{target}", "target_message_id": target, "thread_id": None}


def counts(graph: TenantGraph) -> dict[str, int]:
    found = graph.read("MATCH (n {tenant_id: $tenant}) RETURN labels(n)[0] AS name, count(n) AS n")
    found += graph.read("MATCH ({tenant_id: $tenant})-[r]->() RETURN type(r) AS name, count(r) AS n")
    return {row["name"]: row["n"] for row in found}


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_an_edge_appears_whichever_side_arrives_first(graph: TenantGraph, order: tuple[int, ...]) -> None:
    """2 replies to 1 and is forwarded as 3: placeholders are filled, none is left, nothing is doubled."""
    for number in order:
        graph.write(statements.POSTS, posts(number))
        if number == 2:
            graph.write(statements.REPLIES, [reply(2, 1)])
        if number == 3:
            graph.write(statements.FORWARDED_POSTS, [{k: v for k, v in reply(3, 2).items() if k != "thread_id"}])
    assert counts(graph) == {"Post": 3, "Channel": 1, "HAS_POST": 3, "REPLIES_TO": 1, "FORWARDED_FROM_POST": 1}
    assert graph.read("MATCH (p:Post {tenant_id: $tenant}) WHERE p.placeholder RETURN p") == []
    numbers = graph.read("MATCH (p:Post {tenant_id: $tenant}) RETURN p.telegram_message_id AS n ORDER BY n")
    assert [row["n"] for row in numbers] == [1, 2, 3]


def test_writing_again_creates_nothing(graph: TenantGraph) -> None:
    written = posts(*range(50))
    assert graph.write(statements.POSTS, written) == 50 + 50 + 1
    assert graph.write(statements.POSTS, written) == 0
    assert graph.write(statements.NEW_POSTS, written, met=statements.POSTS) == 0
    replies = [reply(number, number - 1) for number in range(1, 50)]
    assert graph.write(statements.REPLIES, replies) == 49
    assert graph.write(statements.REPLIES, replies) == 0
    tags = tagged((number, f"tag {number % 5}", 0.5) for number in range(50))
    assert graph.write(statements.TAGS, tags) == 50 + 5
    assert graph.write(statements.TAGS, tags) == 0


def test_new_posts_among_which_one_is_there(graph: TenantGraph) -> None:
    """Another writer pointed at it meanwhile: all are written, as they would have been if it had been seen."""
    graph.write(statements.POSTS, posts(1))
    graph.write(statements.REPLIES, [reply(1, 3)])
    assert [row["post_id"] for row in graph.read(statements.THERE, rows=[reply(n, 0) for n in (2, 3)])] == ["post-3"]
    with pytest.raises(ConstraintError):
        graph.write(statements.NEW_POSTS, posts(2, 3))
    assert graph.write(statements.NEW_POSTS, posts(2, 3), met=statements.POSTS) == 1 + 2
    found = graph.read("MATCH (p:Post {tenant_id: $tenant}) RETURN properties(p) AS post ORDER BY p.post_id")
    assert [set(row["post"]) for row in found] == [set(found[0]["post"])] * 3
    assert [row["post"]["placeholder"] for row in found] == [False] * 3


def test_a_batch_is_as_large_as_what_its_rows_carry(graph: TenantGraph) -> None:
    """A chat of more posts than a batch has is one of several rows, each of a size that the server can hold."""
    many = rows.gathered(({"channel_id": CHANNEL, "post_id": str(number)} for number in range(4500)), "channel_id")
    assert [len(row["posts"]) for row in many] == [1000, 1000, 1000, 1000, 500]
    assert [len(batch) for batch in _batches(many)] == [2, 2, 1]
    assert [len(batch) for batch in _batches([{"n": number} for number in range(4500)])] == [2000, 2000, 500]


def test_writers_that_meet_make_one_node(store: GraphStore, tenant: str) -> None:
    """Four threads merge the same tags and sources at once: constraints and retries leave one of each."""
    start = threading.Barrier(4)
    problems: list[Exception] = []

    def write(first: int) -> None:
        try:
            with store.tenant(ids.tenant_id(tenant)) as graph:
                numbers = range(first, first + 12)
                tags = tagged((number, f"tag {n}", 0.5) for number in numbers for n in range(9))
                start.wait(timeout=600)
                graph.write(statements.NEW_POSTS, posts(*numbers), met=statements.POSTS)
                graph.write(statements.TAGS, tags)
        except Exception as problem:  # noqa: BLE001 - looked at below
            problems.append(problem)

    threads = [threading.Thread(target=write, args=(12 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=900)
    assert problems == []
    with store.tenant(ids.tenant_id(tenant)) as graph:
        assert counts(graph) == {"Post": 48, "Channel": 1, "HAS_POST": 48, "Tag": 9, "TAGGED_AS": 48 * 9}


@pytest.mark.parametrize("label", list(schema.KEYS))
def test_every_key_is_unique_with_its_tenant(store: GraphStore, graph: TenantGraph, label: str) -> None:
    """The same key twice in a tenant is refused by the server; in two tenants it is two nodes."""
    from neo4j.exceptions import Neo4jError

    key = ", ".join(f"{name}: 'same'" for name in schema.KEYS[label])
    create = f"CREATE (:{label} {{tenant_id: $tenant, {key}}})"
    graph.read(create)
    with pytest.raises(Neo4jError):
        graph.read(create)
    with store.tenant(uuid4()) as other:
        other.read(create)
        assert other.read("MATCH (n {tenant_id: $tenant}) RETURN count(n) AS n") == [{"n": 1}]
        other.read("MATCH (n {tenant_id: $tenant}) DELETE n")
    assert graph.read("MATCH (n {tenant_id: $tenant}) RETURN count(n) AS n") == [{"n": 1}]


def test_text_is_data(graph: TenantGraph) -> None:
    """What a message says never becomes part of a statement."""
    graph.write(statements.POSTS, posts(1))
    odd = "x'}) DETACH DELETE p //"
    graph.write(statements.TAGS, tagged([(1, odd, 1.0)]))
    assert graph.read("MATCH (t:Tag {tenant_id: $tenant}) RETURN t.name AS name") == [{"name": odd}]


def test_every_statement_binds_the_tenant() -> None:
    """Of each node pattern that names a label, so that no MATCH or MERGE can reach another tenant's node."""
    for module in (statements, persona, leaving):
        for name, found in vars(module).items():
            if name.isupper():
                several = found.values() if isinstance(found, dict) else found if isinstance(found, tuple) else [found]
                assert all("$tenant" in one for one in several), name
    for name, question in EVERY.items():
        assert "$tenant" in question.statement, name


def test_what_people_see_is_bound(graph: TenantGraph) -> None:
    """A statement for people that forgets owners or chats is not run, and no parameter can name them."""
    for statement in ("MATCH (p:Post {tenant_id: $tenant}) WHERE p.owner_id IN $owners RETURN p", "RETURN $tenant"):
        with pytest.raises(TgAssetsError, match=r"without \$\w+ is not run"):
            graph.show(statement, owners=[], channels=None)
    found = graph.show(
        "RETURN $tenant AS tenant, $owners AS owners, $channels AS channels", owners=[5], channels=None, tenant="other"
    )
    assert found == [{"tenant": graph.tenant, "owners": [0, 5], "channels": None}]


def test_a_wrong_password_or_address_is_a_sentence_without_it(servers: dict[str, str]) -> None:
    user, rest = servers["TG_NEO4J_URL"].split("://")[1].split(":", 1)
    password, address = rest.split("@")
    for url, said in (
        (f"bolt://{user}:wrong-{password[:3]}@{address}", "graph server is there but does not let us in"),
        (f"bolt://{user}:{password}@127.0.0.1:1", "graph server does not answer"),
    ):
        with (
            pytest.raises(TgAssetsError, match=said) as raised,
            GraphStore(url=url).tenant(uuid4()),
        ):
            pass
        assert password not in str(raised.value)
