"""From entries of streams to what lands: pure, one tenant at a time, and the same in whatever order they came.

Of several versions of a message the batch holds one, chosen as the database would; the others are kept as
versions. What does not belong here: talking to a server.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tg_assets import ids
from tg_assets.events.albums import AlbumParsedEventV1
from tg_assets.events.envelope import BadEvent, ChatEvent
from tg_assets.events.persona import PersonaMessageIngestedEventV1
from tg_assets.events.post_row import media_of_event, post_row, stored_json
from tg_assets.events.posts import PostDeletedEventV1, PostParsedEventV1
from tg_assets.events.vision import VisionAnalyzedEventV1, VisionUploadedEventV1
from tg_assets.jsonb import jsonb
from tg_assets.keys import is_media_key
from tg_assets.landing.facts import Fact, FactKind
from tg_assets.live.chats import Known
from tg_assets.live.dead_letters import Rejected
from tg_assets.live.reader import Entry
from tg_assets.telegram.desktop_post import ChatContext, PostRow

# JSON that is no JSON to PostgreSQL: NUL characters, and numbers that are none.
UNUSUAL = (b"\\u0000", b"NaN", b"Infinity")
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivered:
    """An entry and the event in it; ``digest`` is that of a message's content."""

    entry: Entry
    event: ChatEvent
    digest: str

    @property
    def version_at(self) -> datetime:
        """When the source looked: what the event says, else when it entered its stream."""
        return self.event.occurred_at or datetime.fromtimestamp(int(self.entry.id.partition("-")[0]) / 1000, UTC)


@dataclass(slots=True)
class Message:
    """A message as one event tells it; the order of versions is that of ``tg_assets.landing.rows``."""

    id: UUID
    chat: Known
    event: PostParsedEventV1 | PersonaMessageIngestedEventV1
    format: str
    edited_at: datetime | None
    version_at: datetime
    raw_hash: str
    grouped_id: int | None
    media: list[dict[str, Any]]
    data: bytes

    @property
    def version(self) -> tuple[datetime, bool, datetime, str]:
        return self.edited_at or BEGINNING, self.format == "event", self.version_at, self.raw_hash

    @property
    def known_media(self) -> tuple[int, bool]:
        """How much it knows of its media, as ``landing`` compares it: how many are stored, and are there any."""
        return sum("sha256" in item for item in self.media), bool(self.media)

    @property
    def raw(self) -> bytes:
        """The message as it was received, unless PostgreSQL would refuse it so."""
        plain = not any(unusual in self.data for unusual in UNUSUAL)
        return self.data if plain else stored_json(self.event).encode()

    def row(self, context: ChatContext) -> PostRow:
        """The row of ``posts``."""
        return post_row(self.event, context)


@dataclass(slots=True)
class Batch:
    """What the entries of ``tenant`` come to."""

    tenant: UUID
    messages: dict[UUID, Message] = field(default_factory=dict)
    superseded: list[Message] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, delivered: Delivered, chat: Known | None) -> None:
        """Take in one event; ``chat`` is the registered chat, None when the event names none."""
        event = delivered.event
        try:
            if isinstance(event, PostParsedEventV1 | PersonaMessageIngestedEventV1):
                self._message(delivered, event, _required(chat))
            elif isinstance(event, PostDeletedEventV1):
                self._deleted(delivered, event, _required(chat))
            elif isinstance(event, AlbumParsedEventV1):
                self._album(delivered, event, chat)
            elif isinstance(event, VisionUploadedEventV1 | VisionAnalyzedEventV1):
                self._vision(delivered, event, chat)
            else:
                raise BadEvent(f"{type(event).__name__} is not for reading")
        except BadEvent as problem:
            self.rejected.append(Rejected(delivered.entry, str(problem)))

    def _message(
        self, delivered: Delivered, event: PostParsedEventV1 | PersonaMessageIngestedEventV1, chat: Known
    ) -> None:
        parsed = isinstance(event, PostParsedEventV1)
        message = Message(
            id=ids.post_id(chat.id, event.telegram_message_id),
            chat=chat,
            event=event,
            format="event" if parsed else "persona",
            edited_at=event.edited_at if isinstance(event, PostParsedEventV1) else None,
            version_at=delivered.version_at,
            raw_hash=delivered.digest,
            grouped_id=event.grouped_id if isinstance(event, PostParsedEventV1) else None,
            media=self._media(event),
            data=delivered.entry.data,
        )
        other = self.messages.get(message.id)
        if other is None:
            self.messages[message.id] = message
            return
        last, first = (message, other) if message.version >= other.version else (other, message)
        last.grouped_id = last.grouped_id or first.grouped_id
        if first.known_media > last.known_media:
            last.media = first.media
        self.messages[message.id] = last
        if first.edited_at != last.edited_at:
            self.superseded.append(first)

    def _deleted(self, delivered: Delivered, event: PostDeletedEventV1, chat: Known) -> None:
        at = event.deleted_at or delivered.version_at
        for number in event.message_ids:
            self.facts.append(Fact(ids.post_id(chat.id, number), "deleted", chat.id, number, at, "{}"))

    def _album(self, delivered: Delivered, event: AlbumParsedEventV1, chat: Known | None) -> None:
        if not event.message_ids:
            return  # an older producer's: its posts say themselves which album they are in
        data = jsonb({"grouped_id": event.grouped_id})
        self._fact(delivered, "album", _required(chat), event.message_ids, data)

    def _vision(
        self, delivered: Delivered, event: VisionUploadedEventV1 | VisionAnalyzedEventV1, chat: Known | None
    ) -> None:
        kind: FactKind = "media" if isinstance(event, VisionUploadedEventV1) else "vision"
        data = jsonb(self._vision_data(event))
        if chat is not None and event.message_ids:
            self._fact(delivered, kind, chat, event.message_ids, data)
            return
        try:
            post = UUID(event.post_id or "")
        except ValueError:
            raise BadEvent("post_id is not one of ours, and the event does not name chat and message") from None
        self.facts.append(Fact(post, kind, None, None, delivered.version_at, data))

    def _media(
        self, event: PostParsedEventV1 | PersonaMessageIngestedEventV1 | VisionUploadedEventV1
    ) -> list[dict[str, Any]]:
        """The files of an event. One under another key than its content's is not followed."""
        found = media_of_event(event)
        for item in found:
            if "key" in item and not is_media_key(item["key"], self.tenant, item["sha256"]):
                for name in ("sha256", "key"):
                    del item[name]
                item["missing_reason"] = "its key is not the one of its content and tenant"
        return found

    def _vision_data(self, event: VisionUploadedEventV1 | VisionAnalyzedEventV1) -> dict[str, Any]:
        """What a vision event says, as a fact's data."""
        if isinstance(event, VisionUploadedEventV1):
            return {"files": self._media(event)}
        result = event.result()
        if result is None:
            why = "; ".join(str(one.get("reason") or "") for one in event.reasons)
            return {"sha256": event.sha256, "skipped": why or "not looked at"}
        return {"sha256": event.sha256, "result": result.model_dump(mode="json")}

    def _fact(self, delivered: Delivered, kind: FactKind, chat: Known, numbers: Sequence[int], data: str) -> None:
        self.facts += [
            Fact(ids.post_id(chat.id, number), kind, chat.id, number, delivered.version_at, data) for number in numbers
        ]


def _required(chat: Known | None) -> Known:
    if chat is None:
        raise BadEvent("the event does not say which chat it is about")
    return chat


def batch_of(tenant: UUID, delivered: Iterable[Delivered], chats: dict[Any, Known]) -> Batch:
    """The batch of a tenant's entries; ``chats`` maps what events call their chats to the registered ones."""
    batch = Batch(tenant)
    for one in delivered:
        called = one.event.chat
        batch.add(one, chats[called] if called is not None else None)
    return batch
