"""Chats in the graph, a part of the asset ``neo4j_nodes``: those whose posts or albums a chunk has."""

from sqlalchemy import Connection, text

from tg_assets.graph import statements as cypher
from tg_assets.stores.graph import TenantGraph


def write(graph: TenantGraph, connection: Connection) -> None:
    """Make the nodes of the chunk's chats what the registry says of them."""
    found = connection.execute(
        text("""
            SELECT id::text AS channel_id, title, username, tg_channel_id, source, owner_id, feed FROM channels
            WHERE id IN (SELECT m.channel_id FROM chunk JOIN messages m ON m.id = chunk.item_id
                         UNION SELECT g.channel_id FROM chunk JOIN media_groups g ON g.id = chunk.item_id)
        """)
    )
    chats = [dict(row._mapping) for row in found]
    graph.write(cypher.CHANNELS, chats)
    graph.write(cypher.GROUPS, [chat for chat in chats if chat["source"] in ("group", "persona")])
