"""Every property has the value and the type that GraphStore gives it: a query finds the same on either server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tg_assets import ids
from tg_assets.errors import TgAssetsError
from tg_assets.graph import persona, rows, schema, statements
from tg_assets.stores.graph import GraphStore, TenantGraph

MOSCOW = timezone(timedelta(hours=3))
AT = datetime(2026, 1, 1, 2, 59, 58, 123456, tzinfo=MOSCOW)
POSTED = datetime(2025, 12, 31, 23, 59, 58, 123456, tzinfo=UTC)
TENANT = ids.tenant_id("values")
CHANNEL, POST, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
PEER, FAR = 7_000_000_001, -1_000_000_000_042


@pytest.fixture
def graph(store: GraphStore, tenant: str) -> Iterator[TenantGraph]:
    with store.tenant(ids.tenant_id(tenant), run_id="run", version="7") as found:
        yield found


VISION = {
    "classification": "photo", "labels": ["boat"], "dominant_colors": ["grey", "blue"], "is_meme": False, "objects": [],
    "scene": None, "description": "a boat", "vision_version": "eyes-2",
}  # fmt: skip


def post() -> SimpleNamespace:
    """A row of a message that says everything a message can."""
    return SimpleNamespace(
        id=POST, channel_id=CHANNEL, tg_channel_id=FAR, telegram_message_id=2**40, posted_at=AT, source="group",
        owner_id=PEER, telegram_post_url=None, is_service=False, lang="ru", sender_tg_id=PEER, author_type=None,
        author_name="Аня", reply_to_message_id=1, reply_to_chat_id=None, thread_id=5, forward_from_peer_id=None,
        forward_from_chat_id=FAR, forward_from_message_id=3, forward_from_name="Маяк", forward_date=AT,
        tags=[
            {"name": "море", "confidence": 1, "origin": "text"},
            {"name": "2026", "confidence": 0.25, "origin": "topic"},
            {"name": "мурманск", "confidence": 0.8, "origin": "entity", "type": "place"},
        ],
        tagger="tagger-1", urls=["https://example.org/"], picture="ab" * 32, vision=VISION,
    )  # fmt: skip


def write(graph: TenantGraph) -> None:
    """Each statement once, from rows as the asset makes them."""
    chat: dict[str, Any] = {
        "channel_id": str(CHANNEL), "title": "123", "username": None, "tg_channel_id": FAR, "source": "group",
        "feed": "f", "owner_id": 0,
    }  # fmt: skip
    talk = {
        "user_id": str(PEER), "telegram_id": PEER, "name": None, "dialogue_id": str(CHANNEL), "dialogue_type": "group",
        "peer_id": FAR, "peer_name": "123",
    }  # fmt: skip
    album = {
        "grouped_id": 2**53, "channel_id": str(CHANNEL), "owner_id": 0, "album_kind": "photo", "items_count": 1,
        "caption": "", "posted_at": AT, "summary": None,
    }  # fmt: skip
    answered = {
        "author_id": FAR, "author_type": "channel", "private": True, "name": None, "named_at": None,
        "posts": [{"post_id": str(ids.post_id(CHANNEL, 1)), "name": None}],
    }  # fmt: skip
    one = [post()]
    dialogues = list(rows.dialogue_rows(one))
    for statement, given in (
        (statements.CHANNELS, [chat]),
        (statements.GROUPS, [chat]),
        (statements.NEW_POSTS, rows.gathered(rows.post_rows(one), "channel_id")),
        (statements.POSTS, rows.gathered(rows.post_rows(one), "channel_id")),
        (statements.GROUP_POSTS, rows.gathered(rows.group_rows(one), "group_id")),
        (statements.AUTHORS, rows.author_rows(one)),
        (statements.REPLIES, rows.reply_rows(one, TENANT)),
        (statements.AUTHORS, [answered]),
        (statements.REPLIES_TO_AUTHOR, [{"post_id": str(POST)}]),
        (statements.FORWARDS, rows.forward_rows(one)),
        (statements.FORWARDED_POSTS, rows.forwarded_post_rows(one, TENANT)),
        (statements.TAGS, rows.tag_rows(one)),
        (statements.TOPICS, rows.topic_rows(one)),
        (statements.ENTITIES, rows.entity_rows(one)),
        (statements.IMAGES, rows.image_rows(one)),
        (statements.LOOKS, rows.look_rows([one[0].picture], {one[0].picture: VISION})),
        (statements.LABELS, rows.label_rows({one[0].picture: VISION})),
        (statements.WEB_PAGES, rows.link_rows(one)),
        (statements.ALBUMS, [{"album_id": "a", "channel_id": str(CHANNEL), "properties": album}]),
        (statements.ALBUM_ITEMS, [{"album_id": "a", "post_id": str(POST), "position": 0}]),
        (persona.DIALOGUES, [talk]),
        (persona.IN_DIALOGUE, dialogues),
        (persona.OWNS, dialogues),
        (persona.SENT_MESSAGE, dialogues),
    ):
        graph.write(statement, list(given))


NODES: list[tuple[str, dict[str, Any]]] = [
    ("Album", {"album_id": "a", "grouped_id": 2**53, "channel_id": str(CHANNEL), "owner_id": 0, "album_kind": "photo",
               "items_count": 1, "caption": "", "posted_at": POSTED}),
    ("Author", {"author_id": FAR, "author_type": "channel"}),
    ("Author", {"author_id": PEER, "author_type": "user"}),
    ("Channel", {"channel_id": str(CHANNEL), "title": "123", "tg_channel_id": FAR, "source": "group", "feed": "f",
                 "owner_id": 0}),
    ("Dialogue", {"dialogue_id": str(CHANNEL), "dialogue_type": "group", "peer_id": FAR, "peer_name": "123",
                  "user_id": str(PEER), "owner_id": PEER, "channel_id": str(CHANNEL)}),
    ("Entity", {"name": "мурманск", "type": "place"}),
    ("ForwardSource", {"source_id": str(FAR), "source_type": "channel"}),
    ("Group", {"group_id": str(CHANNEL), "title": "123", "tg_channel_id": FAR, "owner_id": 0}),
    ("Image", {"sha256": "ab" * 32, "classification": "photo", "description": "a boat", "is_meme": False, "objects": [],
               "dominant_colors": ["grey", "blue"]}),
    ("Label", {"name": "boat"}),
    ("Persona", {"user_id": str(PEER), "telegram_id": PEER}),
    ("Post", {"post_id": str(POST), "telegram_message_id": 2**40, "channel_id": str(CHANNEL), "posted_at": POSTED,
              "source": "group", "owner_id": PEER, "is_service": False, "lang": "ru", "placeholder": False}),
    ("Post", {"post_id": str(ids.post_id(CHANNEL, 1)), "telegram_message_id": 1, "placeholder": True}),
    ("Post", {"post_id": str(ids.post_id(CHANNEL, 3)), "telegram_message_id": 3, "placeholder": True}),
    ("Tag", {"name": "2026"}),
    ("Tag", {"name": "море"}),
    ("Tag", {"name": "мурманск"}),
    ("Topic", {"name": "2026"}),
    ("User", {"user_id": str(PEER)}),
    ("WebPage", {"url": "https://example.org/"}),
]  # fmt: skip
RELATIONS: list[tuple[str, dict[str, Any]]] = [
    ("AUTHOR_OF", {"name": "Аня"}),
    ("AUTHOR_OF", {}),
    ("CONTAINS", {"position": 0}),
    ("FORWARDED_FROM", {"forward_date": POSTED, "name": "Маяк"}),
    ("FORWARDED_FROM_POST", {}),
    ("HAS_ALBUM", {}),
    ("HAS_DIALOGUE", {}),
    ("HAS_IMAGE", {"model": "eyes-2"}),
    ("HAS_LABEL", {"model": "eyes-2"}),
    ("HAS_PERSONA", {}),
    ("HAS_POST", {}),
    ("HAS_POST", {}),
    ("HAS_TOPIC", {"weight": 0.25, "model": "tagger-1"}),
    ("IN_DIALOGUE", {}),
    ("MENTIONS", {"confidence": 0.8, "model": "tagger-1"}),
    ("OWNS", {}),
    ("REFERS_TO", {}),
    ("REPLIES_TO", {"thread_id": 5}),
    (
        "REPLIES_TO_AUTHOR",
        {
            "author_id": PEER,
            "owner_id": PEER,
            "channel_id": str(CHANNEL),
            "posted_at": POSTED,
            "dated": f"1767225598 {POST} {ids.post_id(CHANNEL, 1)}",
        },
    ),
    ("SENT_MESSAGE", {}),
    ("TAGGED_AS", {"confidence": 0.25, "model": "tagger-1"}),
    ("TAGGED_AS", {"confidence": 0.8, "model": "tagger-1"}),
    ("TAGGED_AS", {"confidence": 1.0, "model": "tagger-1"}),
]


def made(found: list[tuple[str, dict[str, Any]]], **version: str) -> list[tuple[str, dict[str, Any]]]:
    """With the run that made each, and of relations the ``version``, or the model they have already."""
    return [
        (name, {**properties, "run_id": "run", **({} if "model" in properties else version)})
        for name, properties in found
    ]


def typed(found: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Comparable with the types of values: 1 is not 1.0, and a time has its zone."""
    return sorted(
        [name, sorted((key, type(value).__name__, repr(value)) for key, value in properties.items())]
        for name, properties in found
    )


def native(properties: dict[str, Any]) -> dict[str, Any]:
    """The driver's times as Python's."""
    return {
        key: value.to_native().astimezone(value.tzinfo and UTC) if hasattr(value, "to_native") else value
        for key, value in properties.items()
        if key != "tenant_id"
    }


def test_every_property_of_every_node_and_relation(graph: TenantGraph) -> None:
    """Null is no property, a number stays one, an empty text too; times are aware and in UTC."""
    write(graph)
    nodes = graph.read("MATCH (n {tenant_id: $tenant}) RETURN labels(n)[0] AS name, properties(n) AS properties")
    assert typed([(row["name"], native(row["properties"])) for row in nodes]) == typed(made(NODES))
    assert {row["name"] for row in nodes} == set(schema.KEYS)
    relations = graph.read("MATCH ({tenant_id: $tenant})-[r]->() RETURN type(r) AS name, properties(r) AS properties")
    assert typed([(row["name"], native(row["properties"])) for row in relations]) == typed(made(RELATIONS, version="7"))
    assert all(
        row["properties"][key].tzinfo is not None
        for row in [*nodes, *relations]
        for key in ("posted_at", "forward_date")
        if key in row["properties"]
    )


CONDITIONS = (
    "p.posted_at = datetime('2025-12-31T23:59:58.123456Z')",
    "p.posted_at = $at",
    "p.posted_at >= datetime('2025-12-31') AND p.posted_at < datetime('2026-01-01')",
    "p.posted_at < datetime() - duration('P1D')",
    "p.posted_at.year = 2025",
    "p.posted_at.epochSeconds = 1767225598",
    "date(p.posted_at) = date('2025-12-31')",
    "toString(p.posted_at) = '2025-12-31T23:59:58.123456Z'",
    "p.url IS NULL AND NOT p.is_service AND p.telegram_message_id > 1099511627775",
)


def test_a_query_by_time_finds_the_post(graph: TenantGraph) -> None:
    """In every way that people ask, whatever the zone of the parameter."""
    graph.write(statements.POSTS, rows.gathered(rows.post_rows([post()]), "channel_id"))
    for condition in CONDITIONS:
        found = graph.read(f"MATCH (p:Post {{tenant_id: $tenant}}) WHERE {condition} RETURN p.post_id AS id", at=AT)
        assert found == [{"id": str(POST)}], condition


def test_a_time_without_a_zone_is_refused(graph: TenantGraph) -> None:
    with pytest.raises(TgAssetsError, match="has no zone"):
        graph.read("RETURN $tenant AS tenant, $at AS at", at=datetime(2026, 1, 1))  # noqa: DTZ001 - meant
