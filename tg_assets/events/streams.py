"""The streams: which event each carries, how it is encoded, and which shard of a stream it goes to.

An entry has one field, ``data``, with the event as JSON. Shard 0 has the stream's own name, shard k ``name:k``;
all events of a chat go to one shard, so their order is kept. What does not belong here: talking to Redis.
"""

import json
from typing import Any, Literal, NamedTuple
from zlib import crc32

from pydantic import ValidationError

from tg_assets.events.albums import AlbumAssembledEventV1, AlbumParsedEventV1
from tg_assets.events.envelope import BadEvent, Envelope, bad_event
from tg_assets.events.persona import PersonaGraphUpdatedEventV1, PersonaMessageIngestedEventV1
from tg_assets.events.posts import PostDeletedEventV1, PostEditedEventV1, PostParsedEventV1
from tg_assets.events.results import PostIndexedEventV1, PostTaggedEventV1
from tg_assets.events.vision import VisionAnalyzedEventV1, VisionUploadedEventV1
from tg_assets.jsonb import without_nul

GROUP = "tg_assets"
FIELD = "data"
MOST_SHARDS = 64
"""As many as the setting allows."""

Direction = Literal["in", "out", "both"]


class Stream(NamedTuple):
    """One kind of event and where it travels."""

    name: str
    model: type[Envelope]
    direction: Direction


STREAMS = (
    Stream("stream:posts:parsed", PostParsedEventV1, "in"),
    Stream("stream:posts:edited", PostEditedEventV1, "in"),
    Stream("stream:posts:deleted", PostDeletedEventV1, "in"),
    Stream("stream:albums:parsed", AlbumParsedEventV1, "both"),
    Stream("stream:posts:vision:uploaded", VisionUploadedEventV1, "in"),
    Stream("stream:posts:vision:analyzed", VisionAnalyzedEventV1, "both"),
    Stream("stream:persona:messages:ingested", PersonaMessageIngestedEventV1, "in"),
    Stream("stream:persona:graph:updated", PersonaGraphUpdatedEventV1, "out"),
    Stream("stream:posts:tagged", PostTaggedEventV1, "out"),
    Stream("stream:album:assembled", AlbumAssembledEventV1, "out"),
    Stream("stream:posts:indexed", PostIndexedEventV1, "out"),
)
INBOUND = tuple(stream for stream in STREAMS if stream.direction != "out")
_BY_NAME = {stream.name: stream for stream in STREAMS}
_BY_MODEL = {stream.model: stream for stream in STREAMS}


def stream_named(name: str) -> Stream:
    """The stream of a name, with or without a shard number; raises BadEvent for a foreign one."""
    base, _, number = name.rpartition(":")
    found = _BY_NAME.get(name) or (_BY_NAME.get(base) if number.isdecimal() else None)
    if found is None:
        raise BadEvent("there is no stream of this name; docs/events lists them")
    return found


def dlq_of(stream: str) -> str:
    """Where the dead letters of a stream go; every shard has its own."""
    return f"{stream}:dlq"


def shard_name(name: str, shard: int) -> str:
    """Name of a shard of a stream."""
    return f"{name}:{shard}" if shard else name


def shard_names(name: str, shards: int) -> list[str]:
    """Names of all shards of a stream."""
    return [shard_name(name, shard) for shard in range(shards)]


def shard_of(key: str, shards: int) -> int:
    """The shard of a key: the same in every process and language."""
    return crc32(key.encode()) % shards


def stream_for(event: Envelope, shards: int = 1) -> str:
    """Name of the stream, or of its shard, that an event goes to."""
    name = _BY_MODEL[type(event)].name
    return name if shards == 1 else shard_name(name, shard_of(event.shard_key(), shards))


def encode(event: Envelope) -> bytes:
    """An event as the JSON of its stream entry; fields that are None are left out."""
    return event.model_dump_json(exclude_none=True).encode()


def entry(event: Envelope) -> dict[str, bytes]:
    """The fields of a stream entry."""
    return {FIELD: encode(event)}


def decode(stream: str, data: bytes) -> Any:
    """The event of a stream entry, without NUL characters; raises BadEvent, a sentence that quotes nothing of it.

    A null is a field that nobody filled, whatever its type: some languages write their empty lists so.
    """
    model = stream_named(stream).model
    data = without_nul(data)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        refused = error
    if b"null" in data:
        try:
            return model.model_validate_json(json.dumps(_filled(json.loads(data))))
        except (ValueError, RecursionError):  # what was wrong with it at first is what its producer is told
            pass
    raise bad_event(model.__name__, refused) from None


def _filled(value: Any) -> Any:
    """A JSON value without fields that are null; a message whose text is null has none."""
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if not isinstance(value, dict):
        return value
    texts = {"text": ""} if "text" in value else {}
    return texts | {key: _filled(item) for key, item in value.items() if item is not None}
