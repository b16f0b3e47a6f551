"""Whom replies answer, a part of the asset ``neo4j_nodes``: relations of a reply to the author of what it answers.

They are made of what the graph has of both posts, and made anew whichever of the two is written, so they come out the
same in any order. What does not belong here: that a post replies to another one, which the reply alone says.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from tg_assets.graph import leaving
from tg_assets.graph import statements as cypher
from tg_assets.graph.rows import Row
from tg_assets.stores.graph import TenantGraph


def write(graph: TenantGraph, connection: Connection, posts: Iterable[Any], replies: Iterable[Row]) -> int:
    """Make what ``replies`` answer, and what answers ``posts``; all of these are written. Returns how many replies."""
    touched = [{"post_id": str(post.id)} for post in posts]
    with _alone(connection, graph.tenant):
        again = {row["post_id"] for row in graph.read(cypher.REPLYING, rows=touched)} if touched else set()
        rows = [{"post_id": post} for post in sorted(again.union(row["post_id"] for row in replies))]
        graph.write(leaving.FORGET_REPLIES_TO_AUTHOR, rows)
        graph.write(cypher.REPLIES_TO_AUTHOR, rows)
    return len(rows)


@contextmanager
def _alone(connection: Connection, tenant: str) -> Iterator[None]:
    """One at a time in a tenant: runs of two chats may write a reply and what it answers at the same moment, and
    whoever comes second sees what both wrote. Nothing waits for the database in here, so nobody waits for ever."""
    values = {"name": f"{tenant}/neo4j_nodes/replies"}
    connection.execute(text("SELECT true FROM pg_advisory_lock(hashtextextended(:name, 0))"), values)
    try:
        yield
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), values)
