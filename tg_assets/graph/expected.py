"""What the graph should hold of posts and albums: the relations that each has, by the rows that statements are given.

Each relation has one owner, the post or album whose making writes it; another end is a label with its key. Who adds a
relation to the graph adds its line here, so that ``verify`` knows it; relations without a line are not looked at. What
does not belong here: what the graph holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from tg_assets.graph import rows
from tg_assets.graph.rows import Row
from tg_assets.graph.schema import KEYS


class Edge(NamedTuple):
    """A relation of a post or album (``owner``): its type, and the label and key of its other end."""

    owner: str
    type: str
    label: str
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A type of relation. ``rows`` gives what there is of it for posts of a tenant, ``key`` the names of the columns
    that are the key of the other end, ``says`` those that are its properties, called alike; by which run and version it
    was written is not compared."""

    type: str
    label: str
    key: tuple[str, ...]
    rows: Callable[[Sequence[Any], UUID], Iterable[Row]]
    says: tuple[str, ...] = ()


def _of(made: Callable[[Iterable[Any]], Iterable[Row]]) -> Callable[[Sequence[Any], UUID], Iterable[Row]]:
    return lambda posts, _tenant: made(posts)


def _own(posts: Sequence[Any], _tenant: UUID) -> Iterator[Row]:
    return (row for row in rows.dialogue_rows(posts) if row["own"])


def _authors(posts: Sequence[Any], _tenant: UUID) -> Iterator[Row]:
    return ({**row, **post} for row in rows.author_rows(posts) for post in row["posts"])


def _tags(posts: Sequence[Any], _tenant: UUID) -> Iterator[Row]:
    return ({**row, **tag} for row in rows.tag_rows(posts) for tag in row["tags"])


POST_RELATIONS = (
    Relation("HAS_POST", "Channel", ("channel_id",), _of(rows.post_rows)),
    Relation("HAS_POST", "Group", ("group_id",), _of(rows.group_rows)),
    Relation("AUTHOR_OF", "Author", ("author_id", "author_type"), _authors, ("name",)),
    Relation("OWNS", "User", ("user_id",), _of(rows.dialogue_rows)),
    Relation("SENT_MESSAGE", "Persona", ("user_id",), _own),
    Relation("IN_DIALOGUE", "Dialogue", ("dialogue_id",), _of(rows.dialogue_rows)),
    Relation("TAGGED_AS", "Tag", ("name",), _tags, ("confidence", "model")),
    Relation("HAS_TOPIC", "Topic", ("name",), _of(rows.topic_rows), ("weight", "model")),
    Relation("MENTIONS", "Entity", ("name", "type"), _of(rows.entity_rows), ("confidence", "model")),
    Relation("REPLIES_TO", "Post", ("target_id",), rows.reply_rows, ("thread_id",)),
    Relation(
        "FORWARDED_FROM",
        "ForwardSource",
        ("source_id", "source_type"),
        _of(rows.forward_rows),
        ("forward_date", "name"),
    ),
    Relation("FORWARDED_FROM_POST", "Post", ("target_id",), rows.forwarded_post_rows),
    Relation("HAS_IMAGE", "Image", ("sha256",), _of(rows.image_rows), ("model",)),
    Relation("REFERS_TO", "WebPage", ("url",), _of(rows.link_rows)),
)
ALBUM_RELATIONS = ("HAS_ALBUM", "CONTAINS")


def post_edges(posts: Sequence[Any], tenant: UUID) -> dict[Edge, Row]:
    """All relations that posts should have, and what each says; ``posts`` are rows as the stage has them, deleted ones
    left out."""
    return {
        Edge(row["post_id"], one.type, one.label, tuple(row[name] for name in one.key)): {
            name: row[name] for name in one.says
        }
        for one in POST_RELATIONS
        for row in one.rows(posts, tenant)
    }


# The key of a node ``n`` as a list, whatever it is.
_KEY = "CASE labels(n)[0] {} END".format(
    " ".join(f"WHEN '{label}' THEN [{', '.join(f'n.{name}' for name in key)}]" for label, key in KEYS.items())
)
# Relations of posts by their owners: what others say of a post is theirs.
FROM_POSTS = f"""
UNWIND $rows AS row
MATCH (p:Post {{tenant_id: $tenant, post_id: row.post_id}})-[r]->(n)
RETURN p.post_id AS owner, type(r) AS type, labels(n)[0] AS label, {_KEY} AS key, properties(r) AS says
"""
TO_POSTS = f"""
UNWIND $rows AS row
MATCH (p:Post {{tenant_id: $tenant, post_id: row.post_id}})<-[r]-(n)
WHERE NOT n:Post AND NOT n:Album
RETURN p.post_id AS owner, type(r) AS type, labels(n)[0] AS label, {_KEY} AS key, properties(r) AS says
"""
OF_ALBUMS = f"""
UNWIND $rows AS row
MATCH (a:Album {{tenant_id: $tenant, album_id: row.album_id}})-[r]-(n)
RETURN a.album_id AS owner, type(r) AS type, labels(n)[0] AS label, {_KEY} AS key, properties(r) AS says
"""
POSTS = """
UNWIND $rows AS row
MATCH (p:Post {tenant_id: $tenant, post_id: row.post_id})
RETURN p.post_id AS id, properties(p) AS node
"""
ALBUMS = """
UNWIND $rows AS row
MATCH (a:Album {tenant_id: $tenant, album_id: row.album_id})
RETURN a.album_id AS id, properties(a) AS node
"""
# Everything, to be read page by page.
ALL_POSTS = """
MATCH (p:Post {tenant_id: $tenant})
WHERE NOT coalesce(p.placeholder, false) AND ($channels IS NULL OR p.channel_id IN $channels)
RETURN p.post_id AS id, p.channel_id AS channel_id, p.posted_at AS posted_at
"""
ALL_ALBUMS = """
MATCH (a:Album {tenant_id: $tenant})
OPTIONAL MATCH (a)<-[:HAS_ALBUM]-(c:Channel)
WITH a, c WHERE $channels IS NULL OR c.channel_id IN $channels
RETURN a.album_id AS id, c.channel_id AS channel_id, a.posted_at AS posted_at
"""


def cut(owner: str, label: str) -> str:
    """The statement that removes relations which are too much, of a ``Post`` or an ``Album`` to nodes of a label.

    Its rows have ``owner``, ``type``, and the other end's key by the names of its properties.
    """
    (own,) = KEYS[owner]
    key = ", ".join(f"{name}: row.{name}" for name in KEYS[label])
    arrow = "->" if owner == label else "-"  # what the other one says of this one is the other's
    return f"""
UNWIND $rows AS row
MATCH (p:{owner} {{tenant_id: $tenant, {own}: row.owner}})-[r]{arrow}(n:{label} {{tenant_id: $tenant, {key}}})
WHERE type(r) = row.type
DELETE r
"""
