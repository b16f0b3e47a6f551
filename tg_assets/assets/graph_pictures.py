"""Pictures in the graph, a part of the asset ``neo4j_nodes``: what they show, and their labels.

A picture is one node for all posts that show it; what it shows is taken from one of them (``vision.policy.DESCRIBED``).
"""

from collections.abc import Collection

from sqlalchemy import Connection, text

from tg_assets.graph import leaving, rows
from tg_assets.graph import statements as cypher
from tg_assets.stores.graph import TenantGraph
from tg_assets.vision.policy import DESCRIBED


def write(graph: TenantGraph, connection: Connection, pictures: Collection[str]) -> int:
    """Say of pictures, given by their SHA-256, what they show; those without a node are left out. Counts labels."""
    if not pictures:
        return 0
    found = connection.execute(text(DESCRIBED), {"pictures": sorted(pictures)})
    seen = {row.sha256: row.data for row in found}
    graph.write(cypher.LOOKS, list(rows.look_rows(sorted(pictures), seen)))
    graph.write(leaving.FORGET_LABELS, [{"sha256": sha256} for sha256 in sorted(pictures)])
    labels = list(rows.label_rows(seen))
    graph.write(cypher.LABELS, labels)
    return len(labels)
