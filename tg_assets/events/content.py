"""The hash of what an event says, whoever sent it and whenever: equal hashes need no second look.

What does not belong here: hashes of texts or files.
"""

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel

# Who sent it, under which ids of their own, and what the chat is called at the time: not the message's content.
_AROUND = frozenset(
    {"schema_version", "event_id", "trace_id", "occurred_at", "idempotency_key", "producer"}
    | {"tenant_id", "user_id", "channel_id", "post_id", "chat_title", "chat_username"}
)


def content_digest(event: BaseModel) -> str:
    """32 hex digits of an event's content, as ``telegram.desktop.message_hash`` gives for exported messages.

    They do not depend on the order of fields, nor on whether a field with its default was written.
    """
    content: dict[str, Any] = event.model_dump(mode="json", exclude=set(_AROUND), exclude_defaults=True)
    return digest(content)


def digest(content: Any) -> str:
    """32 hex digits of a JSON value, whatever the order of its keys."""
    return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
