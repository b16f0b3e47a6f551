"""The hash of what an event says, whoever sent it and whenever: equal hashes need no second look.

What does not belong here: hashes of texts or files.
"""

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel

AROUND = frozenset(
    {"schema_version", "event_id", "trace_id", "occurred_at", "idempotency_key", "producer"}
    | {"tenant_id", "user_id", "channel_id", "post_id", "chat_title", "chat_username"}
)
"""Who sent it, under which ids of their own, and what the chat is called at the time: not the message's content."""

LATER = frozenset({"reply_to_peer_id", "beside"})
"""Fields that events have not always had: while one says nothing, the hash is what it was before."""


def content_digest(event: BaseModel) -> str:
    """32 hex digits of an event's content, as ``telegram.desktop.message_hash`` gives for exported messages.

    They do not depend on the order of fields, nor on whether a field with its default was written.
    """
    content = {**event.__dict__, **(event.__pydantic_extra__ or {})}
    for name in AROUND:
        content.pop(name, None)
    for name in LATER:
        if not content.get(name):
            content.pop(name, None)
    return digest(content)


def digest(content: Any) -> str:
    """32 hex digits of a JSON value, whatever the order of its keys and whatever numbers are in it."""
    option = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    try:
        dumped = orjson.dumps(content, _fields, option=option)
    except TypeError:  # of a number beyond 64 bits, in a field whose content is the sender's own
        dumped = orjson.dumps(within(content), option=option)
    return hashlib.blake2b(dumped, digest_size=16).hexdigest()


def within(value: Any) -> Any:
    """A JSON value whose integers fit 64 bits; larger ones are what they are once read back from the database."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else _nearest(value)
    if isinstance(value, list | tuple):
        return [within(item) for item in value]
    if isinstance(value, dict):
        return {key: within(item) for key, item in value.items()}
    return within(_fields(value)) if isinstance(value, BaseModel) else value


def _nearest(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _fields(part: Any) -> dict[str, Any]:
    """A part of an event as JSON."""
    if not isinstance(part, BaseModel):
        raise TypeError(f"{type(part).__name__} is no part of an event")
    return {**part.__dict__, **(part.__pydantic_extra__ or {})}
