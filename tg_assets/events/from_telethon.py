"""A stored Telethon message as an event, and so as a row of ``posts`` or ``group_messages``.

``event_of`` takes what ``telethon_raw.raw_of`` made, after its trip through JSON, and never raises: what cannot be
read stays empty. Names are those that Telegram told with the message. Nothing in the event changes with time alone,
as references to files do, so ``content_digest`` of it tells whether a message is another than before.
What does not belong here: text (``telethon_text``), actions (``telethon_service``), files (``telethon_media``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from tg_assets.events.content import AROUND, LATER, digest
from tg_assets.events.fields import Source
from tg_assets.events.media_list import media_items
from tg_assets.events.peers import peer_of
from tg_assets.events.post_row import post_row
from tg_assets.events.posts import PostEditedEventV1, PostParsedEventV1
from tg_assets.events.telethon_media import media_of_message
from tg_assets.events.telethon_service import action_of, details_of
from tg_assets.events.telethon_words import parts_with_words, said_in
from tg_assets.ids import peer_id
from tg_assets.jsonb import jsonb
from tg_assets.telegram.desktop_post import ChatContext, PostRow, post_url
from tg_assets.telegram.desktop_text import content_hash
from tg_assets.telegram.fields import INT32, Peer, integer, message_id, string
from tg_assets.telegram.telethon_fields import Raw, count, kind_of, part, when
from tg_assets.telegram.telethon_text import read_message_poll, read_message_reactions, read_message_text
from tg_assets.telegram.text import EMPTY
from tg_assets.telegram.words import Content, content_of, said_in_service

TELETHON_PARSER_VERSION = "2"
"""Changes with any change of what ``parse_telethon`` returns; rows made by another version are stale."""

# Content of an event that says nothing, and what ``_fields`` tells beyond an event's content.
_CONTENT = {
    name: [] if field.default_factory is not None else field.default
    for name, field in PostParsedEventV1.model_fields.items()
    if name not in AROUND | LATER
}
_UNCOUNTED = ("chat_title", "chat_username")

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Time of a message without a usable date."""


@dataclass(frozen=True, slots=True)
class TelethonChat:
    """The chat a message is in: its marked id, ``-abs(peer)`` for direct messages, and whose account it is read for.

    ``owner_id`` is 0 for a chat that is nobody's own, as every channel.
    """

    tg_channel_id: int
    source: Source
    owner_id: int = 0
    title: str | None = None
    username: str | None = None

    @property
    def peer_id(self) -> int:
        """Marked id of its peer, which tells the kind, too."""
        return peer_id(self.tg_channel_id, self.source)


class TelethonRow(NamedTuple):
    """Columns of ``telegram_messages``: ``raw_hash`` is ``content_digest`` of the event, ``media`` is JSON."""

    posted_at: datetime
    edited_at: datetime | None
    is_service: bool
    grouped_id: int | None
    raw_hash: str
    media: str


def event_of(raw: Raw, chat: TelethonChat, tenant: str) -> PostParsedEventV1:
    """The event of a message.

    Without a usable id or date it has the id 0 or the time ``NEVER``; such an event is not to be sent, nor is one of
    a private chat without its owner.
    """
    fields = _fields(raw, chat)
    try:  # validated: that is far cheaper than pydantic's way around it
        return PostParsedEventV1(**fields, tenant_id=tenant)
    except ValidationError:
        return PostParsedEventV1.model_construct(**fields, tenant_id=tenant)


def row_of(raw: Raw, chat: TelethonChat) -> TelethonRow:
    """What ``telegram_messages`` keeps beside the message itself, without the event that it comes from.

    History has many messages, and an event is the dearest way to their hash.
    """
    fields = _fields(raw, chat)
    for name in _UNCOUNTED:
        del fields[name]
    media = fields["media"]
    return TelethonRow(
        fields["posted_at"],
        fields["edited_at"],
        fields["is_service"],
        fields["grouped_id"],
        digest({**_CONTENT, **fields}),
        jsonb(media_items(media)) if media else "[]",
    )


def edited_event_of(raw: Raw, chat: TelethonChat, tenant: str) -> PostEditedEventV1 | None:
    """The event of an edit; None when there is none to be sent.

    Of a message that nobody edited, whose reactions or counters changed, ``event_of`` tells.
    """
    fields = _fields(raw, chat)
    try:
        return PostEditedEventV1(**fields, tenant_id=tenant)
    except ValidationError:  # without edited_at above all
        return None


def parse_telethon(raw: Raw, chat: ChatContext, owner_id: int = 0) -> PostRow:
    """Row of a stored message; ``owner_id`` is the account of a private chat, who wrote what went out."""
    place = TelethonChat(chat.tg_channel_id, chat.source, owner_id, username=chat.username)
    row = post_row(event_of(raw, place, "-"), chat)  # no column tells the tenant's name
    if row["posted_at"] == NEVER:
        row["posted_at"] = None
    return row


def _fields(raw: Raw, chat: TelethonChat) -> dict[str, Any]:
    """Every field of the event that the message fills; only its id and its chat's owner may be unfit."""
    number = message_id(raw.get("id")) or 0
    is_service = _is_service(raw)
    action = action_of(raw) if is_service else None
    poll, words = _words(raw, action)
    content, entities, urls = words.whole
    beside = [{"kind": one.kind, "text": one.text.content} for one in words.beside if one.text.content]
    edited_at = _edited_at(raw)
    reactions = read_message_reactions(raw) if "reactions" in raw else []
    media = media_of_message(raw) if is_service or "media" in raw else []
    author = _author(raw, chat)
    about = _peer_details(raw, author)
    url = post_url(ChatContext(chat.tg_channel_id, chat.source, chat.username), number)
    return {
        "tg_channel_id": chat.tg_channel_id,
        "source": chat.source,
        "owner_id": (chat.owner_id or None) if chat.source != "channel" else None,
        "chat_title": chat.title,
        "chat_username": chat.username,
        "telegram_message_id": number,
        "tg_message_id": number,
        "text": words.text.content,
        "entities": entities,
        "urls": urls,
        "link_count": len(urls),
        "content_hash": content_hash(content) if content else None,
        "poll": poll,
        "posted_at": when(raw.get("date")) or NEVER,
        "edited_at": edited_at,
        "is_edited": edited_at is not None,
        "is_pinned": raw.get("pinned") is True,
        "telegram_post_url": url,
        "grouped_id": integer(raw.get("grouped_id")) or None,
        "has_media": bool(media),
        "media": media,
        "views_count": count(raw.get("views")),
        "forwards_count": count(raw.get("forwards")),
        "replies_count": count(part(raw, "replies").get("replies")),
        "reactions": reactions,
        "reactions_count": min(INT32, sum(one["count"] for one in reactions)) if reactions else 0,
        "post_author": string(raw.get("post_author")),
        "author_peer_id": author.as_json() if author else None,
        "author_name": string(about.get("name")),
        "author_type": author.type if author else None,
        "sender_tg_id": author.id if author else None,
        "sender_username": string(about.get("username")),
        "is_service": is_service,
        "action_type": action,
        "service": details_of(raw, lambda peer: _name(raw, peer)) if is_service else None,
        **({"beside": beside} if beside else {}),
        **(_forward(raw) if "fwd_from" in raw else {}),
        **(_reply(raw, chat, is_service) if "reply_to" in raw else {}),
        **({"forum_topic_id": number or None} if action == "topic_created" else {}),
    }


def _words(raw: Raw, action: str | None) -> tuple[dict[str, Any] | None, Content]:
    """The poll of a message, and all of its words; ``action`` is what a service message tells."""
    if action is not None:
        return None, said_in_service(action, said_in(raw))
    poll, poll_text = read_message_poll(raw) if "media" in raw else (None, EMPTY)
    given = parts_with_words(raw)
    return poll, content_of(read_message_text(raw), poll_text, given, unknown=bool(given))


def _is_service(raw: Raw) -> bool:
    return kind_of(raw) == "MessageService"


def _edited_at(raw: Raw) -> datetime | None:
    """When somebody edited the message; Telegram hides edits that are changes of reactions or counters."""
    return when(raw.get("edit_date")) if raw.get("edit_hide") is not True else None


def _author(raw: Raw, chat: TelethonChat) -> Peer | None:
    """Who wrote it. A channel's message is the channel's; a private one without sender is the peer's, or ours."""
    if found := peer_of(part(raw, "from_id")):
        return found
    home = peer_of(part(raw, "peer_id"), chat.peer_id)
    if home and home.type == "user" and raw.get("out") is True:
        return Peer("user", chat.owner_id) if chat.owner_id > 0 else None
    return home


def _peer_details(raw: Raw, peer: Peer | None) -> Raw:
    """What the response said of a peer."""
    return part(part(raw, "peers"), str(peer.id)) if peer else {}


def _name(raw: Raw, marked_id: int) -> str | None:
    return string(part(part(raw, "peers"), str(marked_id)).get("name"))


def _forward(raw: Raw) -> dict[str, Any]:
    header = part(raw, "fwd_from")
    if not header:
        return {}
    source = peer_of(part(header, "from_id"))
    return {
        "forward_from_peer_id": source.as_json() if source else None,
        "forward_from_chat_id": source.id if source and source.type != "user" else None,
        "forward_from_message_id": integer(header.get("channel_post")),
        "forward_date": when(header.get("date")),
        "forward_from_name": string(_peer_details(raw, source).get("name"))
        or string(header.get("from_name"))
        or string(_peer_details(raw, peer_of(part(header, "saved_from_peer"))).get("name")),
    }


def _reply(raw: Raw, chat: TelethonChat, is_service: bool) -> dict[str, Any]:
    """What a message answers, by https://core.telegram.org/api/threads and https://core.telegram.org/api/forum.

    In a topic ``reply_to_top_id`` is the topic; without it, the message is in the topic ``reply_to_msg_id``. An
    action's message is a detail of the action.
    """
    header = part(raw, "reply_to")
    replied = integer(header.get("reply_to_msg_id"))
    if not header or not replied:
        return {}
    elsewhere = peer_of(part(header, "reply_to_peer_id"))
    if elsewhere and elsewhere.id == chat.peer_id:
        elsewhere = None
    in_topic = header.get("forum_topic") is True
    thread = integer(header.get("reply_to_top_id")) or (replied if in_topic else None)
    return {
        "reply_to_message_id": replied if not is_service else None,
        "reply_to_chat_id": elsewhere.id if elsewhere and not is_service else None,
        **({"reply_to_peer_id": elsewhere.as_json()} if elsewhere and elsewhere.id > 0 and not is_service else {}),
        "thread_id": thread,
        "forum_topic_id": thread if in_topic else None,
    }
