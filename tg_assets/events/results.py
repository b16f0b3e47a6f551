"""What we tell others of a post: its tags, and that it can be found.

What does not belong here: tagging, indexing.
"""

from typing import Any, Literal

from pydantic import Field

from tg_assets.events.envelope import Envelope
from tg_assets.events.fields import BigInt, Count, Moment, Name

Trigger = Literal["initial", "vision_retag", "manual"]


class _PostEvent(Envelope):
    """The post by our id, where it is on Telegram, and the account that its chat belongs to, if it is private."""

    post_id: Name
    user_id: str | None = None
    channel_id: str | None = None
    tg_channel_id: BigInt | None = None
    telegram_message_id: BigInt | None = None
    owner_id: BigInt | None = None

    def shard_key(self) -> str:
        return str(self.tg_channel_id) if self.tg_channel_id is not None else self.post_id


class PostTaggedEventV1(_PostEvent):
    """The tags of a post, and why it was tagged. ``tags_hash`` as by ``tags_hash``."""

    tags: list[str]
    tags_hash: str
    topics: list[str] = Field(default_factory=list)
    provider: str = "tg_assets"
    latency_ms: Count | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    trigger: Trigger = "initial"
    vision_version: str | None = None

    def default_key(self) -> str:
        return f"{self.post_id}:tagged:{self.tags_hash}:{self.trigger}"


class PostIndexedEventV1(_PostEvent):
    """A post is in the index and the graph."""

    vector_id: str | None = None
    indexed_at: Moment
    embedding_provider: str | None = None
    embedding_dim: Count | None = None
    qdrant_collection: str | None = None
    embedding_status: str | None = None
    graph_status: str | None = None
    neo4j_nodes_created: Count | None = None

    def default_key(self) -> str:
        return f"{self.post_id}:indexed:{self.indexed_at.timestamp():.6f}"
