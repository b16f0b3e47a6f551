"""Pictures in the graph, a part of the asset ``neo4j_nodes``: what they show, and their labels.

A picture is one node for all posts that show it. What it shows is taken from one of them, always the same one whichever
of them is written first or last: a post that everybody sees rather than a private one, then the oldest.
"""

from collections.abc import Collection

from sqlalchemy import Connection, text

from tg_assets.graph import leaving, rows
from tg_assets.graph import statements as cypher
from tg_assets.stores.graph import TenantGraph
from tg_assets.vision.policy import IS_PICTURE

_SEEN = f"""
    SELECT DISTINCT ON (p.sha256) p.sha256, v.data
    FROM post_media_map p
    JOIN post_enrichment v ON v.post_id = p.post_id AND v.kind = 'vision' AND v.status IN ('ok', 'partial')
    JOIN messages m ON m.id = p.post_id AND m.deleted_at IS NULL JOIN channels c ON c.id = m.channel_id
    WHERE p.sha256 = ANY(:pictures) AND p.position = 0 AND {IS_PICTURE}
    ORDER BY p.sha256, c.owner_id <> 0, m.posted_at, m.id
"""  # noqa: S608 - a constant


def write(graph: TenantGraph, connection: Connection, pictures: Collection[str]) -> int:
    """Say of pictures, given by their SHA-256, what they show; those without a node are left out. Counts labels."""
    if not pictures:
        return 0
    found = connection.execute(text(_SEEN), {"pictures": sorted(pictures)})
    seen = {row.sha256: row.data for row in found}
    graph.write(cypher.LOOKS, list(rows.look_rows(sorted(pictures), seen)))
    graph.write(leaving.FORGET_LABELS, [{"sha256": sha256} for sha256 in sorted(pictures)])
    labels = list(rows.label_rows(seen))
    graph.write(cypher.LABELS, labels)
    return len(labels)
