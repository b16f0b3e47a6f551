"""Albums: told of by a producer, and put together by us.

What does not belong here: which messages form an album (``tg_assets.albums``).
"""

from collections.abc import Sequence

from pydantic import Field

from tg_assets.events.envelope import ChatEvent
from tg_assets.events.fields import BigInt, Count, MessageId, Moment


class _AlbumEvent(ChatEvent):
    """What both say of the album; ``album_id`` is the sender's own."""

    album_id: str | None = None
    grouped_id: BigInt
    album_kind: str | None = None
    items_count: Count
    posted_at: Moment | None = None
    telegram_message_ids: list[MessageId] = Field(default_factory=list)

    @property
    def message_ids(self) -> Sequence[int]:
        return self.telegram_message_ids

    def default_key(self) -> str:
        return f"{self.tenant_id}:{self.chat_key()}:{self.grouped_id}"


class AlbumParsedEventV1(_AlbumEvent):
    """Messages that form an album: by ``telegram_message_ids``, or by the sender's ``post_ids``."""

    items_count: Count = 0
    caption_text: str | None = None
    post_ids: list[str] = Field(default_factory=list)
    cover_media_id: str | None = None
    content_hash: str | None = None


class AlbumAssembledEventV1(_AlbumEvent):
    """What an album shows, once all its items have been looked at."""

    items_analyzed: Count
    vision_summary: str | None = None
    vision_labels: list[str] = Field(default_factory=list)
    vision_ocr_text: str | None = None
    vision_tags: list[str] = Field(default_factory=list)
    has_meme: bool = False
    has_text: bool = False
    s3_key: str | None = None
    first_analyzed_at: Moment | None = None
    last_analyzed_at: Moment | None = None
    assembly_completed_at: Moment
    assembly_lag_seconds: float | None = None

    def default_key(self) -> str:
        return f"{super().default_key()}:assembled"
