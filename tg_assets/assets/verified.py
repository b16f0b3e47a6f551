"""What is compared of the assets: the stages of all of them with what those keep in the vector index and the graph.

Kinds of points and relations of the graph are those of ``qdrant_points.KINDS`` and ``graph.expected``; who adds one
there has it compared. What does not belong here: how it is compared (``tg_assets.verifying``).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tg_assets import assets, ids
from tg_assets.assets import neo4j_nodes, qdrant_points
from tg_assets.assets.order import ordered
from tg_assets.assets.tools import Tools
from tg_assets.graph.expected import Edge, post_edges
from tg_assets.graph.rows import post_rows
from tg_assets.stores.collections import maker
from tg_assets.stores.database import TenantConnection
from tg_assets.stores.embeddings import CachedEmbedder
from tg_assets.stores.graph import TenantGraph
from tg_assets.stores.vectors import TenantIndex
from tg_assets.verifying.findings import Findings
from tg_assets.verifying.keeper import Keeper, Part
from tg_assets.verifying.nodes import Content, Nodes
from tg_assets.verifying.objects import compare
from tg_assets.verifying.points import Points
from tg_assets.verifying.verify import SAMPLE, Verification

LIVE_POSTS = "SELECT m.id::text FROM work JOIN messages m ON m.id = work.item_id WHERE m.deleted_at IS NULL"
LIVE_ALBUMS = "SELECT g.id::text FROM work JOIN media_groups g ON g.id = work.item_id WHERE g.deleted_at IS NULL"
_ALBUMS = """
    SELECT g.id::text AS album_id, g.channel_id::text AS channel_id, g.grouped_id, c.owner_id, g.album_kind,
           g.items_count, g.caption_text AS caption, g.posted_at, g.meta->'enrichment'->>'vision_summary' AS summary,
           (SELECT coalesce(jsonb_object_agg(i.post_id, i.position), '{}') FROM media_group_items i
            WHERE i.group_id = g.id AND i.deleted_at IS NULL) AS items
    FROM chunk JOIN media_groups g ON g.id = chunk.item_id JOIN channels c ON c.id = g.channel_id
"""


@contextmanager
def parts(
    tools: Tools, tenant: UUID, feeds: Mapping[str, str], only: Collection[str] = ()
) -> Iterator[tuple[list[Part], TenantGraph | None]]:
    """All stages of a tenant, in their order, or those of ``only`` some assets; ``feeds`` is a chat's feed by its id.

    And the tenant's graph, where nodes may be that no post is related to, if it is compared.
    """
    chosen = [asset for asset in ordered(assets.ASSETS) if not only or asset.name in only]
    with ExitStack() as opened:
        keepers: dict[str, Keeper] = {}
        graph = None
        if any(asset.name == "qdrant_points" for asset in chosen):
            keepers |= _points(tools, tenant, opened.enter_context(tools.vectors.tenant(tenant)))
        if any(asset.name == "neo4j_nodes" for asset in chosen):
            graph = opened.enter_context(tools.graph.tenant(tenant))
            keepers |= _nodes(graph, tenant, feeds)
        found = [
            Part(name, of, keepers.get(name))
            for asset in chosen
            for name, of in zip(asset.ledger, asset.stages(tools), strict=False)  # one that is off is the last
        ]
        yield found, graph


def feeds_of(session: TenantConnection) -> dict[str, str]:
    """The feeds of a tenant's chats, by the chats' ids."""
    with session.transaction() as connection:
        return dict(connection.execute(text("SELECT id::text, feed FROM channels")).tuples().all())


def _points(tools: Tools, tenant: UUID, index: TenantIndex) -> dict[str, Keeper]:
    def expected(kind: qdrant_points.Kind) -> Callable[[Connection], Iterator[Mapping[str, Any]]]:
        def points(connection: Connection) -> Iterator[Mapping[str, Any]]:
            kept, _ = kind.documents(connection, tools.workers)
            model = maker(index.collection(), tools.embedder) or tools.embedder
            # To be compared is no use of a vector: nothing is kept, nor for longer.
            cached = CachedEmbedder(model, tools.database, tenant, keeps=False)
            for part in kind.points(kept, cached):
                yield from part

        return points

    first, *rest = qdrant_points.KINDS
    others = tuple(kind.kind for kind in rest)
    return {
        kind.stage: Points(index, kind.kind, expected(kind), others if kind is first else ())
        for kind in qdrant_points.KINDS
    }


def _nodes(graph: TenantGraph, tenant: UUID, feeds: Mapping[str, str]) -> dict[str, Keeper]:
    def posts(connection: Connection) -> Content:
        live = [post for post in neo4j_nodes._posts(connection) if post.deleted_at is None]
        return Content({row["post_id"]: row["properties"] for row in post_rows(live)}, post_edges(live, tenant))

    return {
        "neo4j_nodes": Nodes(graph, "Post", LIVE_POSTS, posts, feeds),
        "neo4j_nodes.albums": Nodes(graph, "Album", LIVE_ALBUMS, _albums, feeds),
    }


def _albums(connection: Connection) -> Content:
    rows = list(connection.execute(text(_ALBUMS)).mappings())
    told = ("grouped_id", "owner_id", "album_kind", "items_count", "caption", "posted_at", "summary")
    edges: dict[Edge, Mapping[str, Any]] = {
        Edge(row["album_id"], "HAS_ALBUM", "Channel", (row["channel_id"],)): {} for row in rows
    }
    edges |= {
        Edge(row["album_id"], "CONTAINS", "Post", (post,)): {"position": position}
        for row in rows
        for post, position in row["items"].items()
    }
    return Content({row["album_id"]: {name: row[name] for name in told} for row in rows}, edges)


def verify(
    tools: Tools,
    slug: str,
    *,
    feed: str | None = None,
    whole: bool = False,
    repair: bool = False,
    advance: Callable[[str, int, int], None] = lambda *_: None,
    run_id: str | None = None,
) -> Findings:
    """Compare a tenant, or one of its feeds, in all stores; ``whole`` compares every item in full, not some.

    Objects are a tenant's, not a feed's: they are compared where no feed is named.
    """
    tenant = ids.tenant_id(slug)
    for asset in assets.ASSETS if repair else ():
        if asset.prepare:
            asset.prepare(tools)
    with tools.database.tenant(tenant) as session, parts(tools, tenant, feeds_of(session)) as (found, graph):
        findings = Verification(
            session, found, graph=graph, feed=feed, sample=None if whole else SAMPLE, repair=repair, advance=advance,
            run_id=run_id,
        ).run()  # fmt: skip
        if feed is None:
            findings.update(compare(session, tools.objects, repair=repair))
    return findings
