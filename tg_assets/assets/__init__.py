"""The assets, a module each, and the one list of them: who adds one writes its module and its line here.

``asset`` says what an asset is, ``tools`` what stages are made of, ``order`` what follows from the list,
``materialize`` how Dagster runs one, ``checks`` what is checked; ``rehearsal`` and ``stand_ins`` are the dry run.
"""

from tg_assets.assets import (
    album_summaries,
    conversations,
    feed_statistics,
    media_groups,
    media_objects,
    neo4j_nodes,
    posts,
    qdrant_points,
    tags,
    telegram_messages,
    transcripts,
    vision_summaries,
)
from tg_assets.assets.asset import Asset

ASSETS: tuple[Asset, ...] = (
    telegram_messages.ASSET,
    posts.ASSET,
    media_objects.ASSET,
    media_groups.ASSET,
    vision_summaries.ASSET,
    transcripts.ASSET,
    conversations.ASSET,
    album_summaries.ASSET,
    tags.ASSET,
    qdrant_points.ASSET,
    neo4j_nodes.ASSET,
    feed_statistics.ASSET,
)
