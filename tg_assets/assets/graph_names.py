"""Names of authors and sources of forwards, a part of the asset ``neo4j_nodes``: when the post that gave one has gone.

A node has the name that its newest shared post gives it. As long as posts come, the newer one wins; when that post is
deleted, or says something else now, the name is that of the newest of those that are left.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.graph import leaving
from tg_assets.graph.rows import Row
from tg_assets.stores.graph import TenantGraph

_NAMES_OF_AUTHORS = """
    SELECT id::text, author_name AS name, posted_at AS named_at FROM messages WHERE id = ANY(CAST(:ids AS uuid[]))
"""
_NAMES_OF_SOURCES = _NAMES_OF_AUTHORS.replace("author_name", "forward_from_name")
# Label: its key, the names that posts give, the statements that find the newest post and that name the node.
_NAMED = {
    "Author": (("author_id", "author_type"), _NAMES_OF_AUTHORS, leaving.NEWEST_OF_AUTHORS, leaving.NAME_AUTHORS),
    "ForwardSource": (
        ("source_id", "source_type"), _NAMES_OF_SOURCES, leaving.NEWEST_OF_SOURCES, leaving.NAME_SOURCES,
    ),
}  # fmt: skip


def renew(
    graph: TenantGraph, connection: Connection, around: Sequence[Row], posts: Iterable[Any], written: Iterable[Row]
) -> None:
    """Name those of ``around`` anew whose name one of the ``posts`` gave that does not any more.

    ``written`` are the rows of authors and forwards that were written since, with their ``named_at``.
    """
    times = {post.posted_at for post in posts}
    given: dict[tuple[Any, ...], datetime] = {}
    for row in written:
        if (at := row["named_at"]) is not None:
            keyed = next(key for key, *_ in _NAMED.values() if key[0] in row)
            named = tuple(row[name] for name in keyed)
            given[named] = max(at, given.get(named, at))
    for label, (key, names, newest, name) in _NAMED.items():
        lost = [
            {part: node[part] for part in key}
            for node in (row["node"] for row in around if row["label"] == label)
            if (at := _time(node)) in times and given.get(tuple(node[part] for part in key)) != at
        ]
        if not lost:
            continue
        last = {tuple(row[part] for part in key): row["last"][1] for row in graph.read(newest, rows=lost)}
        said = _names(connection, names, sorted(last.values()))
        nobody = {"name": None, "named_at": None}
        graph.write(name, [{**node, **said.get(last.get(tuple(node.values()), ""), nobody)} for node in lost])


def _time(node: Mapping[str, Any]) -> datetime | None:
    return node["named_at"].to_native() if node.get("named_at") is not None else None


def _names(connection: Connection, statement: str, posts: Sequence[str]) -> dict[str, Row]:
    found = connection.execute(text(statement), {"ids": list(posts)}) if posts else ()
    return {row.id: {"name": row.name, "named_at": row.named_at} for row in found}
