"""Private chats in the graph, a part of the asset ``neo4j_nodes``: personas, their dialogues, whose messages are whose.

A dialogue is in the graph while a message of it is, a persona while a dialogue of it is. What is new is told to the
outbox in the transaction that records it: messages with the chunk they are in, personas and dialogues once, as long as
they stay what they are; the ledger knows which have been told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from sqlalchemy import Connection, text

from tg_assets.events.content import digest
from tg_assets.events.persona import PersonaGraphUpdatedEventV1
from tg_assets.graph import persona as cypher
from tg_assets.graph.rows import Row, dialogue_rows
from tg_assets.ledger import outbox
from tg_assets.ledger.stage import Chunk
from tg_assets.stores.graph import TenantGraph

PERSONAS, DIALOGUES = "neo4j_nodes.personas", "neo4j_nodes.dialogues"
# Relations of a message in a dialogue: IN_DIALOGUE and OWNS, and SENT_MESSAGE when it is the persona's own.
LINKS = 2

_DIALOGUES = """
    SELECT c.id::text AS dialogue_id, CASE c.source WHEN 'dm' THEN 'dm' ELSE 'group' END AS dialogue_type,
           CASE c.source WHEN 'dm' THEN abs(c.tg_channel_id) ELSE c.tg_channel_id END AS peer_id, c.title AS peer_name,
           c.owner_id::text AS user_id, c.owner_id AS telegram_id,
           coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username) AS name
    FROM channels c
    LEFT JOIN identities i ON i.telegram_id = c.owner_id LEFT JOIN users u ON u.identity_id = i.id
    WHERE c.id = ANY(CAST(:channels AS uuid[]))
"""


@dataclass(frozen=True, slots=True)
class _Thing:
    """A persona or a dialogue: ``item`` is its id in the ledger, ``hash`` that of what the graph has of it."""

    item: UUID
    hash: str
    user_id: str
    dialogue_id: str | None = None


def write(graph: TenantGraph, chunk: Chunk, posts: Sequence[Any]) -> dict[str, int]:
    """Write what a chunk's posts say of private chats; counts of relations. Their ``Post`` nodes are there.

    ``posts`` have ``owner_id`` (0: not private), ``deleted_at``, and ``input_hash`` as in the ledger.
    """
    private = [post for post in posts if post.owner_id]
    if not private:
        return {}
    live = [post for post in private if post.deleted_at is None]
    rows = list(dialogue_rows(live))
    found = _dialogues(chunk.connection, {row["dialogue_id"] for row in rows})
    own = [row for row in rows if row["own"]]
    graph.write(cypher.DIALOGUES, found)
    graph.write(cypher.IN_DIALOGUE, rows)
    graph.write(cypher.OWNS, rows)
    graph.write(cypher.SENT_MESSAGE, own)
    _drop(graph, chunk, [post for post in private if post.deleted_at is not None])
    at = min(post.posted_at for post in private)
    personas = _untold(chunk.connection, PERSONAS, _personas(found, chunk.scope.tenant), at)
    dialogues = _untold(chunk.connection, DIALOGUES, _told_as(found), at)
    outbox.send(chunk.connection, _events(chunk.scope.tenant, personas, dialogues, rows, live))
    return {"IN_DIALOGUE": len(rows), "SENT_MESSAGE": len(own)}


def _dialogues(connection: Connection, channels: set[str]) -> list[Row]:
    return [dict(row._mapping) for row in connection.execute(text(_DIALOGUES), {"channels": sorted(channels)})]


def _drop(graph: TenantGraph, chunk: Chunk, deleted: Sequence[Any]) -> None:
    """Dialogues whose last message went, and personas whose last dialogue went, leave the graph and the ledger."""
    touched = {str(post.channel_id): str(post.owner_id) for post in deleted}
    if not touched:
        return
    rows = [{"dialogue_id": dialogue, "user_id": user} for dialogue, user in sorted(touched.items())]
    for statement in cypher.DROP_ALONE.values():
        graph.write(statement, rows)
    gone: set[UUID] = set()
    for row in graph.read(cypher.THERE, rows=rows):
        gone |= set() if row["dialogue"] else {UUID(row["dialogue_id"])}
        gone |= set() if row["persona"] else {_persona_id(chunk.scope.tenant, row["user_id"])}
    chunk.connection.execute(
        text("DELETE FROM derivations WHERE stage = ANY(:stages) AND item_id = ANY(CAST(:gone AS uuid[]))"),
        {"stages": [PERSONAS, DIALOGUES], "gone": sorted(map(str, gone))},
    )


def _persona_id(tenant: UUID, user_id: str) -> UUID:
    return uuid5(tenant, f"persona:{user_id}")


def _personas(found: Sequence[Row], tenant: UUID) -> list[_Thing]:
    """The personas of dialogues, each once."""
    named = {row["user_id"]: row["name"] for row in found}
    return [_Thing(_persona_id(tenant, user), digest([user, name]), user) for user, name in named.items()]


def _told_as(found: Sequence[Row]) -> list[_Thing]:
    names = ("dialogue_type", "peer_id", "peer_name")
    hashes = [digest([row[name] for name in names]) for row in found]
    return [
        _Thing(UUID(row["dialogue_id"]), content, row["user_id"], row["dialogue_id"])
        for row, content in zip(found, hashes, strict=True)
    ]


def _untold(connection: Connection, stage: str, things: Sequence[_Thing], at: datetime) -> list[_Thing]:
    """Those that the ledger does not have as they are now; it has them afterwards. Other feeds may ask at once."""
    rows = connection.execute(
        text("""
            INSERT INTO derivations AS d (tenant_id, stage, item_id, at, input_hash, version)
            SELECT current_tenant(), :stage, item_id, :at, hash, ''
            FROM unnest(CAST(:items AS uuid[]), CAST(:hashes AS text[])) AS thing (item_id, hash) ORDER BY item_id
            ON CONFLICT (tenant_id, stage, item_id) DO UPDATE SET input_hash = excluded.input_hash, made_at = now()
            WHERE d.input_hash <> excluded.input_hash
            RETURNING item_id::text
        """),
        {
            "stage": stage,
            "at": at,
            "items": [str(thing.item) for thing in things],
            "hashes": [thing.hash for thing in things],
        },
    )
    new = set(rows.scalars())
    return [thing for thing in things if str(thing.item) in new]


def _events(
    tenant: UUID, personas: Sequence[_Thing], dialogues: Sequence[_Thing], rows: Sequence[Row], live: Sequence[Any]
) -> Iterator[PersonaGraphUpdatedEventV1]:
    """What to tell; the key of an event has the hash of what it is about, so what changed is told again."""
    for thing in personas:
        yield _event(tenant, "persona_created", thing.hash, thing.user_id)
    for thing in dialogues:
        yield _event(tenant, "dialogue_created", thing.hash, thing.user_id, {"dialogue_node_id": thing.dialogue_id})
    for row, post in zip(rows, live, strict=True):
        nodes = {"dialogue_node_id": row["dialogue_id"], "message_node_id": row["post_id"]}
        yield _event(tenant, "message_linked", post.input_hash, row["user_id"], nodes, LINKS + row["own"])


def _event(
    tenant: UUID,
    operation: Literal["persona_created", "dialogue_created", "message_linked"],
    content: str,
    user_id: str,
    nodes: Mapping[str, str | None] | None = None,
    relations: int = 1,
) -> PersonaGraphUpdatedEventV1:
    event = PersonaGraphUpdatedEventV1(
        tenant_id=str(tenant),
        user_id=user_id,
        operation=operation,
        persona_node_id=user_id,
        created_at=datetime.now(UTC),
        relationships_created=relations,
        **(nodes or {}),
    )
    event.idempotency_key = f"{event.default_key()}:{content}"
    return event
