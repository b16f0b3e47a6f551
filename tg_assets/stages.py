"""All stages of an installation by asset, for whoever runs the engine without Dagster: the dry run.

A stage belongs to the module of its asset; this is only the list of them, in the order of the graph.
"""

from collections.abc import Mapping

from resources.embedder import Embedder
from resources.neo4j import Neo4j
from resources.object_store import ObjectStore
from resources.qdrant import Qdrant
from tg_assets import (
    album_summaries,
    feed_statistics,
    media_groups,
    media_objects,
    neo4j_nodes,
    posts,
    qdrant_points,
    tags,
    vision_summaries,
)
from tg_assets.engine import Stage
from tg_assets.vision.provider import VisionProvider


def all_stages(
    objects: ObjectStore, vision: VisionProvider, qdrant: Qdrant, embedder: Embedder, neo4j: Neo4j
) -> Mapping[str, tuple[Stage, ...]]:
    """Asset name to its stages."""
    return {
        "posts": (posts.STAGE,),
        "media_objects": (media_objects.stage(objects),),
        "media_groups": (media_groups.STAGE,),
        "vision_summaries": (vision_summaries.stage(vision, objects),),
        "album_summaries": (album_summaries.stage(objects),),
        "tags": (tags.STAGE,),
        "qdrant_points": qdrant_points.stages(qdrant, embedder),
        "neo4j_nodes": neo4j_nodes.stages(neo4j),
        "feed_statistics": (feed_statistics.STAGE,),
    }
