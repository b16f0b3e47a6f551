"""The envelope that every event has, what events of a chat share, and the error of an unusable one.

Events written before a field existed are accepted, so nearly everything is optional; unknown fields are kept.
What does not belong here: fields of single events, names of streams.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Self, TypeVar
from uuid import uuid4

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from tg_assets.events.fields import BigInt, ChatRef, Moment, Name, Source, marked
from tg_assets.ids import CHANNEL_SHIFT, PER_ACCOUNT

E = TypeVar("E", bound="Envelope")


class BadEvent(ValueError):
    """One sentence that names the field and what is wrong with it; never what a message says."""


def bad_event(what: str, error: ValidationError) -> BadEvent:
    """A validation error as one sentence: the first field and its problem, and how many more there are."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    first, more = found[0], len(found) - 1
    place = ".".join(str(part) for part in first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    also = f" (and {more} more)" if more else ""
    return BadEvent(f"{what}: {place + ': ' if place else ''}{problem}{also}")


class Envelope(BaseModel):
    """What is around every event. ``tenant_id`` is a tenant's slug or its UUID.

    Without ``occurred_at`` an event happened when it entered its stream.
    """

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    schema_version: Literal["v1", "1.0"] = "v1"
    event_id: str | None = None
    trace_id: str | None = None
    occurred_at: Moment | None = None
    idempotency_key: str | None = None
    tenant_id: Name
    producer: str | None = None

    def default_key(self) -> str:
        """The idempotency key of this event when its producer gives none."""
        raise NotImplementedError

    def shard_key(self) -> str:
        """What keeps related events in one shard, and so in order."""
        raise NotImplementedError


def stamped(event: E) -> E:
    """The event with every envelope field filled: a new id, now, and its default idempotency key."""
    given = event.__dict__
    event_id = given["event_id"] or str(uuid4())
    return event.model_copy(
        update={
            "event_id": event_id,
            "trace_id": given["trace_id"] or event_id,
            "occurred_at": given["occurred_at"] or datetime.now(UTC),
            "idempotency_key": given["idempotency_key"] or event.default_key(),
        }
    )


class ChatEvent(Envelope):
    """An event about messages of a chat. ``user_id``, ``channel_id`` and ``post_id`` are the producer's own ids.

    ``tg_channel_id`` is a marked id once validated, whatever form it came in. ``owner_id`` is the account of a private
    chat: direct messages (``dm``) and small groups (``persona``) always have one, taken from a numeric ``user_id``
    when it is not given; a group has one when it was read for that account alone; channels have none. Where an
    account is told, a small group's id makes ``persona`` of a source that says ``channel``, or nothing.
    """

    tg_channel_id: BigInt | None = None
    source: Annotated[Source, BeforeValidator(lambda said: said or "channel")] = "channel"
    owner_id: BigInt | None = None
    user_id: str | None = None
    channel_id: str | None = None
    chat_title: str | None = None
    chat_username: str | None = None

    @model_validator(mode="after")
    def _mark(self) -> Self:
        if self.tg_channel_id is None:
            return self
        account = self.owner_id or _account(self.user_id)
        if self.source == "channel" and account and -CHANNEL_SHIFT < self.tg_channel_id < 0:
            self.source = "persona"  # that is a small group's id
        chat_id = marked(self.tg_channel_id, self.source)
        if chat_id != self.tg_channel_id:
            self.tg_channel_id = chat_id
        if self.source in PER_ACCOUNT and not self.owner_id:
            if not account:
                raise ValueError("owner_id is missing: a private chat needs the account it belongs to")
            self.owner_id = account
        return self

    @property
    def chat(self) -> ChatRef | None:
        """The chat, or None when the event does not name it."""
        if self.tg_channel_id is None:
            return None
        title, username = self.chat_title or None, self.chat_username or None
        return ChatRef(self.tg_channel_id, self.source, self.owner, title, username)

    @property
    def owner(self) -> int:
        """The account that the chat belongs to, 0 when the tenant shares it."""
        return 0 if self.source == "channel" else self.owner_id or 0

    @property
    def message_ids(self) -> Sequence[int]:
        """Telegram ids of the messages that the event is about, in its order."""
        return ()

    def chat_key(self) -> str:
        """The chat in idempotency keys: the producer's own id, else Telegram's, with the account if private."""
        private = f"{self.owner}:" if self.owner else ""
        return f"{private}{self.channel_id or self.tg_channel_id}"

    def shard_key(self) -> str:
        # Without the account: not every event about a chat names it, and all of them go to one shard.
        return str(self.tg_channel_id) if self.tg_channel_id is not None else self.channel_id or self.tenant_id


def _account(user_id: str | None) -> int | None:
    """A producer's own id of a user, where it is the number of an account."""
    given = user_id or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
