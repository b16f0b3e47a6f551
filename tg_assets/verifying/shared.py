"""Nodes that several posts share, and chats: what is in the graph although nothing is there because of which it would
be. That one is missing is seen at the relations that posts should have to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.graph import leaving, persona
from tg_assets.graph import statements as cypher
from tg_assets.graph.schema import ALONE, KEYS, REPLIED
from tg_assets.stores.graph import TenantGraph
from tg_assets.vision.policy import DESCRIBED

Row = dict[str, Any]

# Nodes of chats, by the id that the registry knows them by.
_CHATS = ("Channel", "Group")
_DROP_CHAT = """
UNWIND $rows AS row
MATCH (n:{label} {{tenant_id: $tenant, {key}: row.{key}}})
DETACH DELETE n
"""
_PICTURES = """
MATCH (i:Image {tenant_id: $tenant})
OPTIONAL MATCH (i)-[:HAS_LABEL]->(l:Label)
RETURN i.sha256 AS sha256, collect(l.name) AS names
"""
_CUT_LABEL = """
UNWIND $rows AS row
MATCH (i:Image {tenant_id: $tenant, sha256: row.sha256})-[r:HAS_LABEL]->(l:Label {tenant_id: $tenant, name: row.name})
DELETE r
"""
# As the stage of posts takes them.
_LABELS = f"""
    SELECT sha256, label, data->>'vision_version' AS model FROM ({DESCRIBED}) described
    CROSS JOIN jsonb_array_elements_text(
        CASE jsonb_typeof(data->'labels') WHEN 'array' THEN data->'labels' END) AS label
"""  # noqa: S608 - a constant

# Replies of which both authors are known, and what is said of whom they answer; and those that say so and are not.
_REPLIES = f"""
MATCH (p:Post {{tenant_id: $tenant}})-[:REPLIES_TO]->(q:Post)<-[:AUTHOR_OF]-(b:Author)
MATCH (p)<-[:AUTHOR_OF]-(a:Author)
OPTIONAL MATCH (p)-[r:REPLIES_TO_AUTHOR]->(b)
RETURN p.post_id AS post_id, {{{", ".join(f"{name}: {of}" for name, of in REPLIED.items())}}} AS wanted,
       collect(properties(r)) AS says
"""
_NO_REPLIES = """
MATCH (p:Post {tenant_id: $tenant})-[:REPLIES_TO_AUTHOR]->(b:Author)
WHERE NOT EXISTS { (p)-[:REPLIES_TO]->(:Post)<-[:AUTHOR_OF]-(b) } OR NOT EXISTS { (p)<-[:AUTHOR_OF]-() }
RETURN DISTINCT p.post_id AS post_id
"""


def alone(graph: TenantGraph) -> Iterator[tuple[str, Row]]:
    """Nodes that nothing is related to, as label and key."""
    for label, condition in ALONE.items():
        returned = ", ".join(f"n.{name} AS {name}" for name in KEYS[label])
        statement = f"MATCH (n:{label} {{tenant_id: $tenant}}) WHERE {condition} RETURN {returned}"
        for page in graph.pages(statement):
            yield from ((label, row) for row in page)


def unknown_chats(graph: TenantGraph, connection: Connection) -> Iterator[tuple[str, Row]]:
    """Nodes of chats that the tenant does not have, as label and key."""
    for label in _CHATS:
        (key,) = KEYS[label]
        for page in graph.pages(f"MATCH (n:{label} {{tenant_id: $tenant}}) RETURN n.{key} AS {key}"):
            known = connection.execute(
                text("SELECT id::text FROM channels WHERE id::text = ANY(:ids)"), {"ids": [row[key] for row in page]}
            )
            there = set(known.scalars())
            yield from ((label, row) for row in page if row[key] not in there)


def labels(graph: TenantGraph, connection: Connection) -> Iterator[tuple[str, Row]]:
    """Labels that a picture has in the graph and should not (``extra``), or the other way round (``missing``)."""
    for page in graph.pages(_PICTURES):
        rows = connection.execute(text(_LABELS), {"pictures": [row["sha256"] for row in page]})
        wanted = {(row.sha256, row.label): row.model for row in rows}
        found = {(row["sha256"], name) for row in page for name in row["names"]}
        for kind, pairs in (("extra", found - wanted.keys()), ("missing", wanted.keys() - found)):
            for sha256, name in sorted(pairs):
                yield kind, {"sha256": sha256, "name": name, "model": wanted.get((sha256, name))}


def mend_labels(graph: TenantGraph, found: Sequence[tuple[str, Row]]) -> None:
    """Give pictures the labels they should have, and no others."""
    graph.write(cypher.LABELS, [row for kind, row in found if kind == "missing"])
    extra = [row for kind, row in found if kind == "extra"]
    graph.write(_CUT_LABEL, extra)
    graph.write(leaving.DROP_ALONE["Label"], extra)


def replies(graph: TenantGraph) -> Iterator[tuple[str, Row]]:
    """Replies of which the graph has otherwise, or not, whom they answer, or has it and should not."""
    for page in graph.pages(_REPLIES):
        for row in page:
            says = row["says"]
            if len(says) != 1:
                yield "extra" if says else "missing", {"post_id": row["post_id"]}
            elif any(says[0].get(name) != value for name, value in row["wanted"].items()):
                yield "different", {"post_id": row["post_id"]}
    for page in graph.pages(_NO_REPLIES):
        yield from (("extra", {"post_id": row["post_id"]}) for row in page)


def mend_replies(graph: TenantGraph, found: Sequence[tuple[str, Row]]) -> None:
    """Make anew whom replies answer."""
    rows = [row for _, row in found]
    graph.write(leaving.FORGET_REPLIES_TO_AUTHOR, rows)
    graph.write(cypher.REPLIES_TO_AUTHOR, rows)


def drop(graph: TenantGraph, nodes: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Remove nodes that are alone still, and those of unknown chats."""
    for label, statement in (leaving.DROP_ALONE | persona.DROP_ALONE).items():
        graph.write(statement, [row for one, row in nodes if one == label])
    for label in _CHATS:
        statement = _DROP_CHAT.format(label=label, key=KEYS[label][0])
        graph.write(statement, [row for one, row in nodes if one == label])
