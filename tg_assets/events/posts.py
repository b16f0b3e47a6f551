"""Messages: parsed, edited, deleted.

``PostParsedEventV1`` and ``PostEditedEventV1`` are a whole message as it is at that moment. What does not belong
here: parts of a message (``parts``), making a row of it (``post_row``).
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from tg_assets.events.content import content_digest
from tg_assets.events.envelope import ChatEvent
from tg_assets.events.fields import BigInt, ChatRef, Count, MessageId, Moment, Posted, Sha256
from tg_assets.events.parts import Beside, Poll, PostMedia, Reaction

# Predecessor's events name a message twice; either name will do.
_EITHER_ID: JsonDict = {"anyOf": [{"required": ["telegram_message_id"]}, {"required": ["tg_message_id"]}]}


class PostParsedEventV1(ChatEvent):
    """A message as its source showed it. Peers are ``{type, id}``, or Telethon's ``{user_id}`` and the like.

    An id of another chat without its peer (``forward_from_chat_id``, ``reply_to_chat_id``) is marked, or a channel's
    bare one. ``text`` is without the texts of ``poll`` and ``beside``, which are below it in this order; offsets of
    ``entities`` count from the beginning of ``text`` through all of them. A service message has words in ``beside``
    only. ``grouped_id`` is shared by the messages of an album.
    """

    model_config = ConfigDict(json_schema_extra=_EITHER_ID)

    tg_channel_id: BigInt
    telegram_message_id: MessageId = 0
    tg_message_id: MessageId = 0
    post_id: str | None = None
    text: str
    posted_at: Posted
    edited_at: Moment | None = None
    is_edited: bool = False
    is_pinned: bool = False
    entities: list[dict[str, Any]] = Field(default_factory=list)
    urls: list[str] = Field(default_factory=list)
    link_count: Count = 0
    content_hash: str | None = None
    telegram_post_url: str | None = None
    grouped_id: BigInt | None = None
    has_media: bool = False
    media: list[PostMedia] = Field(default_factory=list)
    media_sha256_list: list[Sha256] = Field(default_factory=list)
    media_urls: list[str] = Field(default_factory=list)
    views_count: Count = 0
    forwards_count: Count = 0
    reactions_count: Count = 0
    replies_count: Count = 0
    reactions: list[Reaction] = Field(default_factory=list)
    post_author: str | None = None
    author_peer_id: dict[str, Any] | None = None
    author_name: str | None = None
    author_type: str | None = None
    sender_tg_id: BigInt | None = None
    sender_username: str | None = None
    forward_from_peer_id: dict[str, Any] | None = None
    forward_from_chat_id: BigInt | None = None
    forward_from_message_id: BigInt | None = None
    forward_date: Moment | None = None
    forward_from_name: str | None = None
    reply_to_message_id: BigInt | None = None
    reply_to_chat_id: BigInt | None = None
    reply_to_peer_id: dict[str, Any] | None = None
    thread_id: BigInt | None = None
    forum_topic_id: BigInt | None = None
    is_service: bool = False
    action_type: str | None = None
    service: dict[str, Any] | None = None
    poll: Poll | None = None
    beside: list[Beside] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_id(self) -> Self:
        first, second = self.telegram_message_id, self.tg_message_id
        if first != second:
            if first and second:
                raise ValueError("telegram_message_id and tg_message_id differ")
            # Not by attribute: pydantic's way costs as much as validating the rest of the message.
            self.__dict__["telegram_message_id"] = self.__dict__["tg_message_id"] = first or second
        elif not first:
            raise ValueError("telegram_message_id is missing")
        return self

    @property
    def chat(self) -> ChatRef:
        title, username = self.chat_title or None, self.chat_username or None
        return ChatRef(self.tg_channel_id, self.source, self.owner, title, username)

    @property
    def message_ids(self) -> Sequence[int]:
        return (self.telegram_message_id,)

    def default_key(self) -> str:
        return f"{self.tenant_id}:{self.chat_key()}:{self.telegram_message_id}"


class PostEditedEventV1(PostParsedEventV1):
    """The whole message after an edit, which also is every change of counters and reactions."""

    edited_at: Moment

    def default_key(self) -> str:
        return f"{super().default_key()}:edited:{content_digest(self)[:16]}"


class PostDeletedEventV1(ChatEvent):
    """Messages that are gone. The chat is required: message ids repeat between chats."""

    tg_channel_id: BigInt
    telegram_message_id: MessageId | None = None
    tg_message_id: MessageId | None = None
    telegram_message_ids: list[MessageId] = Field(default_factory=list)
    post_id: str | None = None
    deleted_at: Moment | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _any_id(self) -> Self:
        if not self.message_ids:
            raise ValueError("telegram_message_ids is missing: a deletion names at least one message")
        return self

    @property
    def message_ids(self) -> Sequence[int]:
        named = (self.telegram_message_id, self.tg_message_id, *self.telegram_message_ids)
        return tuple(dict.fromkeys(one for one in named if one))

    def default_key(self) -> str:
        named = ",".join(map(str, sorted(self.message_ids)))
        short = named if len(named) <= 40 else blake2b(named.encode(), digest_size=16).hexdigest()
        return f"{self.tenant_id}:{self.chat_key()}:{short}:deleted"
