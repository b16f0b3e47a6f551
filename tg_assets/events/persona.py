"""A person's own dialogues: messages that were ingested, and what the graph made of them.

``user_id`` is the account's Telegram id as text. What does not belong here: messages of channels.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, StringConstraints, model_validator

from tg_assets.events.envelope import ChatEvent, Envelope
from tg_assets.events.fields import (
    CHANNELS_BEGIN,
    BigInt,
    ChatRef,
    Count,
    MessageId,
    Moment,
    Posted,
    Source,
    marked,
)  # fmt: skip
from tg_assets.events.posts import PostParsedEventV1

CONTENT = 500
"""Characters of a message that its event tells."""


def _known(source: Any) -> Any:
    """Producers wrote where they had a message from; only ``persona`` says more than ``dialog_type``."""
    return source if source == "persona" else "group"


Account = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}$")]


class PersonaMessageIngestedEventV1(ChatEvent):
    """A message of a private chat or a group as the account ``user_id`` sees it; its content may be cut short.

    It belongs to that account, in a group as well. The chat is ``tg_channel_id`` or ``peer_id``; without either, the
    sender of a private message who is not the account itself. An event that tells none of these has no ``chat``. A bare
    ``peer_id`` of a group that is no channel's is a small group's.
    """

    user_id: Account
    source: Annotated[Source, BeforeValidator(_known)] = "group"
    telegram_message_id: MessageId
    message_id: str | None = None
    peer_id: BigInt | None = None
    dialog_type: Literal["dm", "group"]
    content: str | None = None
    posted_at: Posted
    created_at: Moment | None = None
    sender_tg_id: BigInt | None = None
    sender_username: str | None = None
    has_media: bool = False

    @classmethod
    def of(cls, message: PostParsedEventV1, post: UUID, *, peer_id: int | None, title: str | None) -> Self:
        """What an account's own message tells, with the id of its post and of the peer, and what the chat is called."""
        return cls(
            tenant_id=message.tenant_id,
            user_id=str(message.owner_id),
            message_id=str(post),
            telegram_message_id=message.telegram_message_id,
            tg_channel_id=message.tg_channel_id,
            peer_id=peer_id,
            source=message.source,
            dialog_type="dm" if message.source == "dm" else "group",
            chat_title=title,
            content=message.text[:CONTENT],
            posted_at=message.posted_at,
            created_at=datetime.now(UTC),
            sender_tg_id=message.sender_tg_id,
            sender_username=message.sender_username,
            has_media=message.has_media,
        )

    @model_validator(mode="after")
    def _mark(self) -> Self:  # in place of the base's: which chat it is depends on more here
        if not self.telegram_message_id:
            raise ValueError("telegram_message_id is 0, which is no message")
        self.owner_id = int(self.user_id)
        if self.dialog_type == "dm":
            self.source = "dm"
        chat_id = self.tg_channel_id or self.peer_id
        if chat_id and not self.tg_channel_id and self.dialog_type == "group" and 0 < chat_id < CHANNELS_BEGIN:
            chat_id = -chat_id
        sender = self.sender_tg_id or 0
        if not chat_id and self.dialog_type == "dm" and sender > 0 and sender != self.owner_id:
            chat_id = sender
        self.tg_channel_id = marked(chat_id, self.source) if chat_id else None
        return self

    @property
    def chat(self) -> ChatRef | None:
        found = super().chat
        if found and not found.title and self.source == "dm" and self.sender_tg_id == -found.tg_channel_id:
            return found._replace(title=self.sender_username or None)
        return found

    @property
    def message_ids(self) -> Sequence[int]:
        return (self.telegram_message_id,)

    def default_key(self) -> str:
        return f"{self.tenant_id}:{self.user_id}:{self.tg_channel_id or self.dialog_type}:{self.telegram_message_id}"

    def shard_key(self) -> str:
        return str(self.tg_channel_id) if self.tg_channel_id is not None else self.user_id


class PersonaGraphUpdatedEventV1(Envelope):
    """The graph has a persona, a dialogue of it, or a message in one; node ids are the graph's keys."""

    user_id: str
    operation: Literal["persona_created", "dialogue_created", "message_linked"]
    persona_node_id: str | None = None
    dialogue_node_id: str | None = None
    message_node_id: str | None = None
    created_at: Moment | None = None
    relationships_created: Count = 0

    def default_key(self) -> str:
        node = self.message_node_id or self.dialogue_node_id or self.persona_node_id or self.user_id
        return f"{self.tenant_id}:{self.operation}:{node}"

    def shard_key(self) -> str:
        return self.user_id
