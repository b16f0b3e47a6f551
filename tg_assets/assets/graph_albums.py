"""Albums in the graph, a part of the asset ``neo4j_nodes``: a stage of its own, for an album changes without its posts
changing."""

from typing import Any

from sqlalchemy import Connection, text

from tg_assets.assets.media_groups import IN_WINDOW
from tg_assets.graph import leaving
from tg_assets.graph import statements as cypher
from tg_assets.ledger.stage import Outcome
from tg_assets.stores.graph import TenantGraph

INPUTS = f"""
    SELECT g.id AS item_id, g.posted_at AS at, 0 AS tokens,
           md5(concat_ws('/', g.content_hash, g.deleted_at, g.meta->'enrichment'->>'vision_summary')) AS input_hash
    FROM media_groups g
    WHERE {IN_WINDOW}
"""  # noqa: S608 - a constant
_ALBUMS = """
    SELECT g.*, c.owner_id FROM chunk JOIN media_groups g ON g.id = chunk.item_id
    JOIN channels c ON c.id = g.channel_id
"""
_ITEMS = """
    SELECT i.group_id::text AS album_id, i.post_id::text AS post_id, i.position
    FROM chunk JOIN media_group_items i ON i.group_id = chunk.item_id WHERE i.deleted_at IS NULL
"""


def write(graph: TenantGraph, connection: Connection) -> Outcome:
    """Write the chunk's albums; their chats are there. Posts that are not there yet become placeholders."""
    albums = connection.execute(text(_ALBUMS)).all()
    live = [album for album in albums if album.deleted_at is None]
    every = [{"album_id": str(album.id)} for album in albums]
    before = graph.read(leaving.ITEMS_AROUND, rows=every)
    graph.write(leaving.DROP_ALBUMS, [{"album_id": str(album.id)} for album in albums if album.deleted_at is not None])
    graph.write(leaving.FORGET_ITEMS, every)
    graph.write(cypher.ALBUMS, list(map(_row, live)))
    items = [dict(item._mapping) for item in connection.execute(text(_ITEMS))]
    graph.write(cypher.ALBUM_ITEMS, items)
    graph.write(leaving.DROP_ALONE["Post"], before)
    outcome = Outcome()
    outcome.counts.update(albums=len(live), CONTAINS=len(items))
    return outcome


def _row(album: Any) -> dict[str, Any]:
    return {
        "album_id": str(album.id),
        "channel_id": str(album.channel_id),
        "properties": {
            "grouped_id": album.grouped_id,
            "channel_id": str(album.channel_id),
            "owner_id": album.owner_id,
            "album_kind": album.album_kind,
            "items_count": album.items_count,
            "caption": album.caption_text,
            "posted_at": album.posted_at,
            "summary": (album.meta.get("enrichment") or {}).get("vision_summary"),
        },
    }
