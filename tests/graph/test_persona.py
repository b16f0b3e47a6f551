"""Private chats in the graph: writing again adds nothing, and the questions show them to their owners only."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.graph.test_graph_store import CHANNEL, counts, post
from tests.support import pipeline
from tg_assets import ids
from tg_assets.graph import persona, queries, rows, schema, statements
from tg_assets.stores.graph import TenantGraph

ME, YOU = 900, 901


@pytest.fixture
def graph(tenant: str) -> Iterator[TenantGraph]:
    store = pipeline.neo4j()
    store.create_schema(schema.CONSTRAINTS)
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


def test_dialogues_are_those_of_the_persona(graph: TenantGraph) -> None:
    """In order of their peers; nobody else's, not even when asked for by name."""
    talk(graph)
    graph.write(persona.DIALOGUES, [dialogue("group", ME, "group")])
    mine = graph.read(queries.DIALOGUES_OF_PERSONA, owners=[ME], user_id=str(ME))
    assert [(row["dialogue_id"], row["type"], row["peer_id"], row["peer"]) for row in mine] == [
        ("group", "group", 500, "peer of group"),
        ("mine", "dm", 500, "peer of mine"),
    ]
    assert graph.read(queries.DIALOGUES_OF_PERSONA, owners=[YOU], user_id=str(ME)) == []
    assert graph.read(queries.DIALOGUES_OF_PERSONA, user_id=str(ME)) == []


def test_posts_of_a_dialogue_come_in_order(graph: TenantGraph) -> None:
    """And say which of them the persona itself sent."""
    talk(graph)
    found = graph.read(queries.POSTS_OF_DIALOGUE, owners=[ME], dialogue_id="mine", limit=10)
    assert [(row["message_id"], row["own"]) for row in found] == [(1, False), (2, True), (3, False)]
    assert len(graph.read(queries.POSTS_OF_DIALOGUE, owners=[ME], dialogue_id="mine", limit=2)) == 2
    for owners in ([], [YOU]):
        assert graph.read(queries.POSTS_OF_DIALOGUE, owners=owners, dialogue_id="mine", limit=10) == []


def forward(number: int, name: str, private: bool) -> dict[str, Any]:
    return {
        "post_id": f"post-{number}", "source_id": "7", "source_type": "user", "name": name, "forward_date": None,
        "private": private,
    }  # fmt: skip


def test_what_private_chats_forward_is_not_counted_for_others(graph: TenantGraph) -> None:
    """Nor does the name that one account has for a source reach another one."""
    talk(graph)
    graph.write(statements.POSTS, rows.gathered([owned(30, 0, "shared")], "channel_id"))
    graph.write(statements.FORWARDS, [forward(1, "дядя Олег", True), forward(11, "Олег с работы", True)])
    assert graph.read(queries.MOST_FORWARDED, limit=5) == []
    assert [
        [(row["source"], row["forwards"]) for row in graph.read(queries.MOST_FORWARDED, owners=[owner], limit=5)]
        for owner in (ME, YOU)
    ] == [[("дядя Олег", 1)], [("Олег с работы", 1)]]
    graph.write(statements.FORWARDS, [forward(30, "Олег Д.", False), forward(2, "дядя", True)])
    assert graph.read(queries.MOST_FORWARDED, limit=5) == [{"source": "Олег Д.", "type": "user", "forwards": 1}]
    assert graph.read(queries.MOST_FORWARDED, owners=[ME], limit=5) == [
        {"source": "Олег Д.", "type": "user", "forwards": 3}
    ]


def test_an_author_has_the_name_that_everybody_knows(graph: TenantGraph) -> None:
    """What an account calls a person is on its own message's relation."""
    talk(graph)
    graph.write(statements.POSTS, rows.gathered([owned(30, 0, "shared")], "channel_id"))
    author = {"author_id": 500, "author_type": "user"}
    for number, name, private in ((1, "Мама", True), (30, "Анна", False), (11, "Анна Петровна", True)):
        said_by = {**author, "private": private, "posts": [{"post_id": f"post-{number}", "name": name}]}
        graph.write(statements.AUTHORS, [said_by])
    assert graph.read("MATCH (a:Author {tenant_id: $tenant}) RETURN a.name AS name") == [{"name": "Анна"}]
    said = graph.read(
        """MATCH (:Author {tenant_id: $tenant})-[r:AUTHOR_OF]->(p)
           RETURN p.telegram_message_id AS n, r.name AS name ORDER BY n"""
    )
    assert [row["name"] for row in said] == ["Мама", "Анна Петровна", None]


def test_albums_of_private_chats_are_their_owners(graph: TenantGraph) -> None:
    talk(graph)
    graph.write(
        statements.ALBUMS,
        [{"album_id": "a", "channel_id": "mine", "properties": {"items_count": 1, "owner_id": ME}}],
    )
    graph.write(statements.ALBUM_ITEMS, [{"album_id": "a", "post_id": "post-1", "position": 0}])
    graph.write(statements.TAGS, [{"post_id": "post-1", "tags": [{"name": "море", "confidence": 1.0}]}])
    for query, values in (
        (queries.ALBUMS_OF_CHANNEL, {"channel_id": "mine", "limit": 5}),
        (queries.ALBUMS_BY_TAGS, {"tags": ["море"], "limit": 5}),
        (queries.POSTS_OF_ALBUM, {"album_id": "a"}),
    ):
        assert [len(graph.read(query, owners=owners, **values)) for owners in ([], [YOU], [ME])] == [0, 0, 1]


def test_every_question_names_whose_private_chats_it_shows() -> None:
    for name, query in vars(queries).items():
        if name.isupper():
            assert "$owners" in query, name
