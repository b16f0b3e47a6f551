"""Private chats in the graph: writing again adds nothing, and the questions show them to their owners only."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.graph.test_graph_store import CHANNEL, counts, post
from tg_assets import ids
from tg_assets.graph import persona, rows, statements
from tg_assets.graph.questions import EVERY
from tg_assets.stores.graph import GraphStore, TenantGraph

ME, YOU = 900, 901


@pytest.fixture
def graph(store: GraphStore, tenant: str) -> Iterator[TenantGraph]:
    with store.tenant(ids.tenant_id(tenant)) as found:
        yield found


def owned(number: int, owner: int, channel: str = CHANNEL) -> dict[str, Any]:
    row = post(number, channel)
    return row | {"properties": row["properties"] | {"owner_id": owner}}


def dialogue(name: str, owner: int, kind: str = "dm") -> dict[str, Any]:
    return {
        "dialogue_id": name, "dialogue_type": kind, "peer_id": 500, "peer_name": f"peer of {name}",
        "user_id": str(owner), "telegram_id": owner, "name": f"account {owner}",
    }  # fmt: skip


def link(number: int, name: str, owner: int) -> dict[str, Any]:
    return {"post_id": f"post-{number}", "dialogue_id": name, "user_id": str(owner)}


def talk(graph: TenantGraph) -> int:
    """Two accounts, each with a dialogue of three messages, the second its own; nodes and relations made."""
    made = 0
    for first, name, owner in ((1, "mine", ME), (11, "yours", YOU)):
        numbers = (first + 2, first, first + 1)
        messages = [owned(number, owner, name) for number in numbers]
        made += graph.write(statements.POSTS, rows.gathered(messages, "channel_id"))
        made += graph.write(persona.DIALOGUES, [dialogue(name, owner)])
        links = [link(number, name, owner) for number in numbers]
        for statement in (persona.IN_DIALOGUE, persona.OWNS):
            made += graph.write(statement, links)
        made += graph.write(persona.SENT_MESSAGE, links[2:])
    return made


def test_writing_again_creates_nothing(graph: TenantGraph) -> None:
    talk(graph)
    assert counts(graph) == {
        "Post": 6, "Channel": 2, "HAS_POST": 6, "User": 2, "Persona": 2, "Dialogue": 2, "HAS_PERSONA": 2,
        "HAS_DIALOGUE": 2, "IN_DIALOGUE": 6, "OWNS": 6, "SENT_MESSAGE": 2,
    }  # fmt: skip
    assert talk(graph) == 0


def show(graph: TenantGraph, name: str, *owners: int, **given: Any) -> list[dict[str, Any]]:
    """Rows of a question's statement for somebody."""
    values = {"since": None, "until": None, "limit": 10, "channels": None, **given}
    return graph.show(EVERY[name].statement, owners=owners, **values)


def test_dialogues_are_those_of_the_persona(graph: TenantGraph) -> None:
    """Nobody else's, not even when asked for by id."""
    talk(graph)
    mine = show(graph, "dialogues", ME, account=[str(ME), str(YOU)])
    assert [(row["chat"], row["type"], row["peer_id"], row["messages"]) for row in mine] == [("mine", "dm", 500, 3)]
    assert show(graph, "dialogues", YOU, account=[str(ME)]) == show(graph, "dialogues", account=[str(ME)]) == []


def test_posts_of_a_dialogue_come_in_order(graph: TenantGraph) -> None:
    """And say which of them the persona itself sent."""
    talk(graph)
    found = show(graph, "dialogue", ME, channels=["mine", "yours"])
    assert [(row["post"], row["own"]) for row in found] == [("post-1", False), ("post-2", True), ("post-3", False)]
    assert len(show(graph, "dialogue", ME, channels=["mine"], limit=2)) == 2
    for owners in ((), (YOU,)):
        assert show(graph, "dialogue", *owners, channels=["mine"]) == []


def forward(number: int, name: str, private: bool) -> dict[str, Any]:
    return {
        "post_id": f"post-{number}", "source_id": "7", "source_type": "user", "name": name, "forward_date": None,
        "private": private, "named_at": None if private else datetime(2026, 1, number, tzinfo=UTC),
    }  # fmt: skip


def test_what_private_chats_forward_is_not_counted_for_others(graph: TenantGraph) -> None:
    """Nor does the name that one account has for a source reach another one."""
    talk(graph)
    graph.write(statements.POSTS, rows.gathered([owned(30, 0, "shared")], "channel_id"))
    graph.write(statements.FORWARDS, [forward(1, "дядя Олег", True), forward(11, "Олег с работы", True)])
    assert show(graph, "most-forwarded") == []
    seen = [[(row["source"], row["forwards"]) for row in show(graph, "most-forwarded", owner)] for owner in (ME, YOU)]
    assert seen == [[("post-1", 1)], [("post-11", 1)]]  # by which its row has the name
    graph.write(statements.FORWARDS, [forward(30, "Олег Д.", False), forward(2, "дядя", True)])
    assert [row["forwards"] for row in show(graph, "most-forwarded")] == [1]
    assert [row["forwards"] for row in show(graph, "most-forwarded", ME)] == [3]
    assert graph.read("MATCH (s:ForwardSource {tenant_id: $tenant}) RETURN s.name AS name") == [{"name": "Олег Д."}]


def test_an_author_has_the_name_that_everybody_knows(graph: TenantGraph) -> None:
    """Of the last post, whichever comes last; what an account calls a person is on its own message's relation."""
    talk(graph)
    graph.write(statements.POSTS, rows.gathered([owned(30, 0, "shared")], "channel_id"))
    author = {"author_id": 500, "author_type": "user"}
    for number, name, private in (
        (1, "Мама", True),
        (30, "Анна", False),
        (11, "Анна Петровна", True),
        (29, "Аня", False),
    ):
        said_by = {
            **author, "private": private, "name": None if private else name,
            "named_at": None if private else datetime(2026, 1, number, tzinfo=UTC),
            "posts": [{"post_id": f"post-{number}", "name": name if private else None}],
        }  # fmt: skip
        graph.write(statements.AUTHORS, [said_by])
    assert graph.read("MATCH (a:Author {tenant_id: $tenant}) RETURN a.name AS name") == [{"name": "Анна"}]
    found = graph.read(
        """MATCH (:Author {tenant_id: $tenant})-[r:AUTHOR_OF]->(p)
           RETURN p.telegram_message_id AS n, r.name AS name ORDER BY n"""
    )
    assert [row["name"] for row in found] == ["Мама", "Анна Петровна", None]
