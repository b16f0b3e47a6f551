"""All stages of an installation by asset, for whoever runs the engine without Dagster: the dry run.

A stage belongs to the module of its asset; this is only the list of them, in the order of the graph.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from resources.embedder import Embedder
from resources.neo4j import Neo4j
from resources.object_store import ObjectStore
from resources.qdrant import Qdrant
from resources.speech import SpeechResource
from resources.tagger import TaggerResource
from resources.vision import VisionResource
from tg_assets.assets import (
    album_summaries,
    feed_statistics,
    media_groups,
    media_objects,
    neo4j_nodes,
    posts,
    qdrant_points,
    tags,
    transcripts,
    vision_summaries,
)
from tg_assets.ledger.stage import StageOf

if TYPE_CHECKING:
    from redis import Redis as RedisClient


def all_stages(
    objects: ObjectStore,
    vision: VisionResource,
    qdrant: Qdrant,
    embedder: Embedder,
    neo4j: Neo4j,
    *,
    redis: "RedisClient | None" = None,
    album_quiet: float = 0.0,
    album_summary: str = "weighted",
    tagger: TaggerResource | None = None,
    speech: SpeechResource | None = None,
    rehearsed: bool = False,
) -> Mapping[str, tuple[StageOf, ...]]:
    """Asset name to its stages, in the order of the graph.

    ``album_quiet`` is for live traffic: seconds after which an album is whole. In a rehearsal nobody is asked and
    nothing is written outside of PostgreSQL, so that it can be taken back.
    """
    taggers, ears = tagger or TaggerResource(), speech or SpeechResource()
    if rehearsed:
        from tg_assets.assets.stand_ins import UnaskedSpeech, UnaskedVision, UnwrittenObjects

        objects, vision, ears = UnwrittenObjects(url=objects.url), UnaskedVision.of(vision), UnaskedSpeech.of(ears)
    return {
        "posts": (posts.STAGE,),
        "media_objects": (media_objects.stage(objects),),
        "media_groups": (media_groups.stage(album_quiet),),
        "vision_summaries": (lambda scope: vision_summaries.stage(vision.seeing(scope.tenant_slug), objects),),
        "transcripts": (lambda scope: transcripts.stage(ears.hearing(), objects),),
        "album_summaries": (
            lambda scope: album_summaries.stage(objects, redis, album_summary, vision.seeing(scope.tenant_slug).writer),
        ),
        "tags": (lambda scope: tags.stage(taggers.tagging(scope.tenant_slug, embedder), rehearsed=rehearsed),),
        "qdrant_points": qdrant_points.stages(qdrant, embedder),
        "neo4j_nodes": neo4j_nodes.stages(neo4j),
        "feed_statistics": (feed_statistics.STAGE,),
    }
