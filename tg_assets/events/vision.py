"""Pictures: stored and waiting to be looked at, and looked at, by us or by an outside worker.

``VisionAnalysis`` takes the shape of the system that came before as well as the contract's ``VisionResult``;
``VisionAnalyzedEventV1.result`` is always the latter. What does not belong here: looking at pictures.
"""

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tg_assets.events.envelope import ChatEvent, bad_event
from tg_assets.events.fields import Bytes, Count, MessageId, Moment, Name, Sha256
from tg_assets.telegram.desktop_media import MediaKind
from tg_assets.vision.result import VisionResult

UNKNOWN_VERSION = "unknown"


class MediaFile(BaseModel):
    """A file in the object store; ``position`` is its place in the message."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    sha256: Sha256
    s3_key: Name
    mime_type: str
    size_bytes: Bytes
    position: Count | None = None
    kind: MediaKind | None = None


class _VisionEvent(ChatEvent):
    """Which message it is about: by Telegram's ids, or by the sender's own ``post_id``."""

    post_id: str | None = None
    telegram_message_id: MessageId | None = None

    @model_validator(mode="after")
    def _names_a_post(self) -> Self:
        if not self.post_id and not (self.tg_channel_id and self.telegram_message_id):
            raise ValueError("post_id is missing, and tg_channel_id with telegram_message_id as well")
        return self

    @property
    def message_ids(self) -> Sequence[int]:
        return (self.telegram_message_id,) if self.telegram_message_id else ()

    @property
    def post_key(self) -> str:
        """The post in keys."""
        return self.post_id or f"{self.chat_key()}:{self.telegram_message_id}"

    def shard_key(self) -> str:
        return str(self.tg_channel_id) if self.tg_channel_id is not None else self.post_key


class VisionUploadedEventV1(_VisionEvent):
    """Files of a message are in the object store."""

    event_type: Literal["posts.vision.uploaded"] = "posts.vision.uploaded"
    media_files: list[MediaFile] = Field(min_length=1)
    requires_vision: bool = True

    def default_key(self) -> str:
        return f"{self.tenant_id}:{self.post_key}:vision_upload"


class VisionAnalysis(BaseModel):
    """What a vision worker says; everything that ``VisionResult`` knows may be in it."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    provider: str
    model: str
    classification: str | dict[str, Any]
    description: str
    ocr_text: str | None = None
    is_meme: bool = False
    context: dict[str, Any] = Field(default_factory=dict)
    tokens_used: Count = 0
    file_id: str | None = None
    analyzed_at: Moment | None = None


class VisionAnalyzedEventV1(_VisionEvent):
    """What was seen in the media of a message, or, as ``posts.vision.skipped``, why nobody looked."""

    event_type: Literal["posts.vision.analyzed", "posts.vision.skipped"] = "posts.vision.analyzed"
    schema_ref: str | None = None
    media: list[MediaFile] = Field(default_factory=list)
    vision: VisionAnalysis | None = None
    vision_version: str | None = None
    features_hash: str | None = None
    media_summary: Any = None
    analysis_duration_ms: Count | None = None
    reasons: list[dict[str, Any]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.vision is None and not self.skipped:
            raise ValueError("vision is missing")
        return self

    @property
    def skipped(self) -> bool:
        """Whether the media were not looked at."""
        return self.event_type == "posts.vision.skipped"

    @property
    def sha256(self) -> str | None:
        """Content of the first medium, which is the one that ``vision`` is about."""
        return self.media[0].sha256 if self.media else None

    def result(self) -> VisionResult | None:
        """The analysis in the contract's shape, None when skipped; raises BadEvent when it cannot have it."""
        if self.vision is None:
            return None
        said = self.vision.model_dump(exclude_none=True)
        kind = said["classification"]
        if isinstance(kind, dict):
            said["classification"] = kind.get("type")
            said.setdefault("labels", kind.get("tags") or [])
        if said.get("ocr_text") and not said.get("ocr"):
            said["ocr"] = {"text": said["ocr_text"], "engine": said["provider"]}
        said["vision_version"] = self.vision_version or said.get("vision_version") or UNKNOWN_VERSION
        try:
            return VisionResult.model_validate(said)
        except ValidationError as error:
            raise bad_event("vision", error) from None

    def default_key(self) -> str:
        version = f":{self.vision_version}" if self.vision_version else ""
        what = "vision_skipped:" + (self.sha256 or "")[:16] if self.skipped else self.sha256 or "none"
        return f"{self.tenant_id}:{self.post_key}:{what}{version}"
