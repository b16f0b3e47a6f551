"""Two accounts of two tenants that talk to the same person, through every asset and store: they share nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import pipeline
from tests.support.telegram import Loopback, loopback
from tests.telegram_server import World
from tg_assets.answers.ranked import ranked

START = datetime(2026, 1, 1, tzinfo=UTC)
PICTURE = b"the same picture in both chats"


@pytest.fixture(scope="module")
def both(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Loopback, Loopback]]:
    """Ann and Bob talk to Cid, who sends both the same file; each was sideloaded for a tenant of their own."""
    world = World()
    ann, bob, cid = (world.user(name, username=name.lower()) for name in ("Ann", "Bob", "Cid"))
    for owner, word in ((ann, "strawberries"), (bob, "locomotives")):
        world.send(owner, f"let us talk about {word}", sender=cid, date=START)
        world.send(cid, f"I have always liked {word}", sender=owner, date=START + timedelta(hours=1))
        world.send(owner, f"here are {word}", sender=cid, media=world.document(PICTURE, "same.bin"),
                   date=START + timedelta(hours=2))  # fmt: skip
    world.group("Garden", [ann, bob])
    world.clock = START + timedelta(days=90)
    with loopback(world, pipeline.new_tenant(), tmp_path_factory.mktemp("telegram")) as first:
        second = Loopback(world, first.server, pipeline.new_tenant())
        for loop, owner in ((first, ann), (second, bob)):
            loop.log_in(owner, "me")
            for feed in loop.sideload().feeds:
                assert pipeline.materialize(feed, "2026-01-01", "2026-01-02").success
        assert not first.errors()
        yield first, second


def everything(loop: Loopback) -> dict[str, set[str]]:
    """Ids of the tenant's rows by table, keys of its objects, ids of its points, keys of its nodes."""
    found: dict[str, set[str]] = {}
    for table, column in (("channels", "id"), ("telegram_messages", "id"), ("messages", "id"), ("media_objects", "id"),
                          ("media_objects", "s3_key"), ("post_enrichment", "post_id"), ("feeds", "key")):  # fmt: skip
        found[f"{table}.{column}"] = {str(row[0]) for row in loop.rows(f"SELECT {column} FROM {table}")}
    with pipeline.qdrant().tenant(loop.id) as index:
        found["points"] = set(index.payloads(list(found["messages.id"])))
    with pipeline.neo4j().tenant(loop.id) as graph:
        rows = graph.read("MATCH (n {tenant_id: $tenant}) RETURN elementId(n) AS id")
        found["nodes"] = {row["id"] for row in rows}
    return found


def answers(loop: Loopback, text: str, owner: int | None) -> list[str]:
    """Texts that a search of this owner finds."""
    archive = pipeline.archive(loop.tenant, *([owner] if owner else []))
    return [hit.snippet for hit in ranked(archive, text)]


def test_they_share_nothing(both: tuple[Loopback, Loopback]) -> None:
    """No row, object, point or node of one is the other's, though the person and the file are the same."""
    first, second = map(everything, both)
    for name, found in first.items():
        assert found, name
        assert not found & second[name], name


def test_neither_finds_the_others_messages(both: tuple[Loopback, Loopback]) -> None:
    """Each finds its own as its owner, nothing without saying so, and nothing of the other."""
    ann, bob = (one.account().telegram_id for one in both)
    first, second = both
    assert any("strawberries" in text for text in answers(first, "strawberries", ann))
    for loop, owner in ((first, None), (first, bob), (second, ann), (second, bob), (second, None)):
        assert not any("strawberries" in text for text in answers(loop, "strawberries", owner))


def test_the_graphs_checks_answer(both: tuple[Loopback, Loopback]) -> None:
    """The four queries return rows with what people ask for."""
    loop = both[0]
    account = loop.account().telegram_id
    with pipeline.neo4j().tenant(loop.id) as graph:
        ask: Any = graph.read
        (persona,) = ask("MATCH (p:Persona {tenant_id: $tenant}) RETURN p.user_id AS user_id, p.telegram_id AS "
                         "telegram_id, p.tenant_id AS tenant_id")  # fmt: skip
        assert persona == {"user_id": str(account), "telegram_id": account, "tenant_id": str(loop.id)}
        dialogues = ask("MATCH (d:Dialogue {tenant_id: $tenant}) RETURN d.dialogue_id AS dialogue_id, d.dialogue_type "
                        "AS dialogue_type, d.peer_id AS peer_id, d.peer_name AS peer_name")  # fmt: skip
        assert all(value is not None for row in dialogues for value in row.values())
        assert ("dm", "Cid") in {(row["dialogue_type"], row["peer_name"]) for row in dialogues}
        has = ask("MATCH (p:Persona {tenant_id: $tenant})-[:HAS_DIALOGUE]->(d:Dialogue) RETURN p.user_id AS user_id, "
                  "d.dialogue_id AS dialogue_id, d.dialogue_type AS dialogue_type")  # fmt: skip
        assert {row["dialogue_id"] for row in has} == {row["dialogue_id"] for row in dialogues}
        posts = ask("MATCH (p:Post {tenant_id: $tenant})-[:IN_DIALOGUE]->(d:Dialogue) RETURN p.post_id AS post_id, "
                    "d.dialogue_id AS dialogue_id, d.dialogue_type AS dialogue_type")  # fmt: skip
        assert {row["post_id"] for row in posts} == {str(row[0]) for row in loop.rows("SELECT id FROM messages")}
        sent = ask("MATCH (:Persona {tenant_id: $tenant})-[:SENT_MESSAGE]->(p:Post) RETURN p.post_id AS post_id")
    assert [row["post_id"] for row in sent] == [
        str(row[0]) for row in loop.rows("SELECT id FROM posts WHERE content LIKE 'I have always%'")
    ]
