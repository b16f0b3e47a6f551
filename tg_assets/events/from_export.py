"""Messages of a Telegram Desktop export as the events that a live producer would have sent.

``post_row`` of such an event is what ``desktop_post.parse`` gives for the message. Desktop does not say which
messages form an album: ``survey`` rebuilds that from the whole chat before the first event is made.
What does not belong here: opening exports, storing media, sending.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from tg_assets.events.parts import PostMedia
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.ids import PER_ACCOUNT
from tg_assets.telegram.desktop_media import LONGEST_SECONDS, media_of
from tg_assets.telegram.desktop_post import ChatContext, author_of, parse, read_words
from tg_assets.telegram.exported_chat import ExportedChat
from tg_assets.telegram.fields import INT32
from tg_assets.telegram.members import Members
from tg_assets.telegram.message import MessageHead, read_head, zone_of
from tg_assets.telegram.rebuild import MediaItem, rebuild

Message = dict[str, Any]

# Columns of the row that the event has under the same name.
_SAME = (
    "posted_at", "edited_at", "is_edited", "is_pinned", "has_media", "media_urls", "urls", "telegram_post_url",
    "content_hash", "views_count", "forwards_count", "replies_count", "post_author", "reply_to_message_id",
    "reply_to_chat_id", "thread_id", "forum_topic_id", "forward_from_peer_id", "forward_from_chat_id",
    "forward_from_message_id", "forward_date", "forward_from_name", "author_peer_id", "author_name", "author_type",
    "sender_tg_id", "sender_username", "is_service", "action_type", "entities", "reactions", "service", "poll",
)  # fmt: skip


@dataclass(slots=True)
class Surveyed:
    """What has to be known of a whole chat: album by message id, and who wrote in it."""

    chat: ExportedChat
    grouped: dict[int, int] = field(default_factory=dict)
    messages: int = 0
    members: Members = field(init=False)

    def __post_init__(self) -> None:
        self.members = Members(self.chat)

    @property
    def owner_id(self) -> int | None:
        """Account of direct messages or a small group; None when the export does not tell, 0 for other chats."""
        return self.members.owner()


class Zones:
    """Zone of dates written without one: that of the last message which has its date in both forms."""

    def __init__(self, tz: tzinfo = UTC) -> None:
        self._tz = tz
        self._dated: Message | None = None

    def of(self, raw: Message) -> tzinfo:
        """The zone of the next message in the file."""
        if "date_unixtime" in raw:
            self._dated = raw
            return self._tz
        return zone_of(self._dated) or self._tz


def survey(items: Iterable[ExportedChat | Message], tz: tzinfo = UTC) -> list[Surveyed]:
    """Read what ``read_export`` yields once; returns its chats in order."""
    chats: list[Surveyed] = []
    media: dict[int, MediaItem] = {}
    zones = Zones(tz)
    for item in items:
        if isinstance(item, ExportedChat):
            _group(chats, media)
            chats.append(Surveyed(item))
            zones = Zones(tz)
            continue
        found = chats[-1]
        found.messages += 1
        head = read_head(item, zones.of(item))
        if not isinstance(head, MessageHead):
            continue
        if head.has_media and not head.is_service:
            media[head.message_id] = MediaItem(
                head.message_id, head.posted_at, head.author, head.has_caption, head.media_kind or "photo"
            )
        if found.chat.source in PER_ACCOUNT:
            found.members.saw(author_of(item))
    _group(chats, media)
    return chats


def _group(chats: list[Surveyed], media: dict[int, MediaItem]) -> None:
    """Albums of the chat that was just read to its end."""
    if chats:
        chats[-1].grouped = dict(rebuild(media[number] for number in sorted(media)))
    media.clear()


def media_items(raw: Message) -> list[dict[str, Any]]:
    """A message's media as an import stages them: what storing them then settles in place."""
    return [
        {name: value for name in ref.__slots__ if (value := getattr(ref, name)) is not None} for ref in media_of(raw)
    ]


def post_event(
    raw: Message,
    surveyed: Surveyed,
    tenant: str,
    *,
    owner_id: int | None = None,
    tz: tzinfo = UTC,
    media: list[dict[str, Any]] | None = None,
) -> PostParsedEventV1 | str:
    """The event of one message, or why it is no message. ``media`` are its ``media_items`` once settled.

    Raises ValueError for a private chat whose account nobody told.
    """
    head = read_head(raw, tz)
    if not isinstance(head, MessageHead):
        return head
    owner = surveyed.members.owner(owner_id)
    chat = surveyed.members.chat_of(owner or 0)
    row = parse(raw, ChatContext(chat.tg_channel_id, chat.source), tz)
    items = (media_items(raw) if media is None else media) if row["has_media"] else []
    _, words = read_words(raw)
    elsewhere = row["reply_to_chat_id"]
    return PostParsedEventV1(
        tenant_id=tenant,
        tg_channel_id=chat.tg_channel_id,
        source=chat.source,
        owner_id=owner or None,
        chat_title=chat.name,
        telegram_message_id=head.message_id,
        grouped_id=surveyed.grouped.get(head.message_id),
        text=words.text.content,
        beside=[{"kind": one.kind, "text": one.text.content} for one in words.beside if one.text.content],
        link_count=len(row["urls"]),
        reactions_count=min(row["reactions_count"], INT32),
        reply_to_peer_id={"type": "user", "id": elsewhere} if elsewhere and elsewhere > 0 else None,
        media=[_medium(item) for item in items],
        media_sha256_list=[item["sha256"] for item in items if "sha256" in item],
        **{name: row[name] for name in _SAME},  # type: ignore[literal-required]  # checked by a test
    )


def _medium(item: dict[str, Any]) -> PostMedia:
    """A settled medium; sizes that no database column holds are left out."""
    sizes = {name: item.get(name) for name in ("width", "height", "duration")}
    limits = {"width": INT32, "height": INT32, "duration": LONGEST_SECONDS}
    return PostMedia(
        kind=item["kind"],
        role=item["role"],
        sha256=item.get("sha256"),
        s3_key=item.get("key"),
        mime=item.get("mime"),
        size=item.get("size"),
        file_name=item.get("file_name"),
        path=item.get("path"),
        missing_reason=item.get("missing_reason") or item.get("absent_reason"),
        **{name: value for name, value in sizes.items() if value is not None and value <= limits[name]},
    )
