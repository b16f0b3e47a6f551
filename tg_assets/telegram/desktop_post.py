"""A message of a Telegram Desktop export as a row of ``posts`` or ``group_messages``.

``parse`` takes the raw message and the chat it is in and never raises: what cannot be read stays empty. Desktop
writes no views, forwards, replies, source message or date of a forward, thread or pin: those columns have their
defaults. Content is the text, the poll and all other words of a message (``words``), below each other. A service
message's content is what somebody wrote in it, as with a gift, and else empty, so that "X joined" is never searched,
tagged or embedded; what happened is in ``action_type`` and ``service``.
What does not belong here: ids of rows, tenants, albums, counters that compare with an earlier version.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal, TypedDict

from tg_assets.ids import PER_ACCOUNT, bare_channel_id, marked_channel_id, peer_id
from tg_assets.telegram.desktop_media import MediaRef, media_of
from tg_assets.telegram.desktop_text import content_hash, read_poll, read_text
from tg_assets.telegram.exported_chat import packs_ids
from tg_assets.telegram.fields import INT32, Peer, document_id, integer, moment, peer, string
from tg_assets.telegram.text import EMPTY, Entity
from tg_assets.telegram.words import Content, content_of, said_in_service

__all__ = ["PARSER_VERSION", "ChatContext", "MediaRef", "PostRow", "media_of", "parse"]

PARSER_VERSION = "2"
"""Changes with any change of what ``parse`` or ``media_of`` returns; rows made by another version are stale."""

# Fields of a service message that are stored elsewhere; the rest is its ``service`` detail.
_COMMON = frozenset(
    {
        *(
            "id",
            "type",
            "date",
            "date_unixtime",
            "edited",
            "edited_unixtime",
            "action",
            "text",
            "text_entities",
        ),
        *("actor", "actor_id", "from", "from_id", "photo", "photo_file_size", "reactions"),
    }
)

# Who acted, or wrote; programs that convert exports write the one in place of the other.
_AUTHOR = {True: ("actor", "from"), False: ("from", "actor")}


@dataclass(frozen=True, slots=True)
class ChatContext:
    """The chat a message is in: marked id, source, and the public username when it has one."""

    tg_channel_id: int
    source: Literal["channel", "group", "dm", "persona"]
    username: str | None = None


class PostRow(TypedDict):
    """Columns of ``posts`` and ``group_messages`` that come from the message, and four details beside them.

    ``has_media`` is about files of the message itself, held or absent; a contact's card does not count.
    """

    content: str
    posted_at: datetime | None
    edited_at: datetime | None
    is_edited: bool
    has_media: bool
    media_urls: list[str]
    urls: list[str]
    telegram_post_url: str | None
    content_hash: str | None
    views_count: int
    forwards_count: int
    reactions_count: int
    replies_count: int
    post_author: str | None
    is_pinned: bool
    reply_to_message_id: int | None
    reply_to_chat_id: int | None
    thread_id: int | None
    forum_topic_id: int | None
    forward_from_peer_id: dict[str, str | int] | None
    forward_from_chat_id: int | None
    forward_from_message_id: int | None
    forward_date: datetime | None
    forward_from_name: str | None
    author_peer_id: dict[str, str | int] | None
    author_name: str | None
    author_type: Literal["user", "channel", "chat"] | None
    sender_tg_id: int | None
    sender_username: str | None
    is_service: bool
    action_type: str | None
    entities: list[Entity]
    reactions: list[dict[str, Any]]
    service: dict[str, Any] | None
    poll: dict[str, Any] | None


def parse(raw: dict[str, Any], chat: ChatContext, tz: tzinfo = UTC) -> PostRow:
    """Row of one message. ``tz`` is the zone of dates that are written without one (before 2022)."""
    is_service = raw.get("type") == "service"
    poll, words = read_words(raw)
    content, entities, urls = words.whole
    media = media_of(raw)
    edited_at = moment(raw.get("edited_unixtime"), raw.get("edited"), tz)
    packed = packs_ids(raw)
    author = author_of(raw, packed)
    author = _own_kind(author, chat) if author else None
    forward = peer(raw.get("forwarded_from_id"), packed)
    reply_to = integer(raw.get("reply_to_message_id"))
    reply_peer = peer(raw.get("reply_to_peer_id"), packed) if reply_to else None
    if reply_peer and reply_peer.id == peer_id(chat.tg_channel_id, chat.source):
        reply_peer = None  # which is this chat
    reactions = read_reactions(raw.get("reactions")) if "reactions" in raw else []
    is_topic = is_service and raw.get("action") == "topic_created"
    return PostRow(
        content=content,
        posted_at=moment(raw.get("date_unixtime"), raw.get("date"), tz),
        edited_at=edited_at,
        is_edited=edited_at is not None,
        has_media=any(item.role == "primary" for item in media),
        media_urls=[item.path for item in media if item.path and item.role == "primary"],
        urls=urls,
        telegram_post_url=post_url(chat, integer(raw.get("id"))),
        content_hash=content_hash(content) if content else None,
        views_count=0,
        forwards_count=0,
        reactions_count=min(INT32, sum(reaction["count"] for reaction in reactions)),
        replies_count=0,
        post_author=string(raw.get("author")),
        is_pinned=False,
        reply_to_message_id=reply_to or None,
        reply_to_chat_id=reply_peer.id if reply_peer else None,
        thread_id=None,
        forum_topic_id=integer(raw.get("id")) if is_topic else None,
        forward_from_peer_id=forward.as_json() if forward else None,
        forward_from_chat_id=forward.id if forward and forward.type != "user" else None,
        forward_from_message_id=None,
        forward_date=None,
        forward_from_name=string(raw.get("forwarded_from")) or string(raw.get("saved_from")),
        author_peer_id=author.as_json() if author else None,
        author_name=next(filter(None, (string(raw.get(name)) for name in _AUTHOR[is_service])), None),
        author_type=author.type if author else None,
        sender_tg_id=author.id if author else None,
        sender_username=None,
        is_service=is_service,
        action_type=(string(raw.get("action")) or "custom_action") if is_service else None,
        entities=entities,
        reactions=reactions,
        service={key: _detail(key, value) for key, value in raw.items() if key not in _COMMON} if is_service else None,
        poll=poll,
    )


def read_words(raw: dict[str, Any]) -> tuple[dict[str, Any] | None, Content]:
    """The poll of a message, and all of its words."""
    if raw.get("type") == "service":
        return None, said_in_service(string(raw.get("action")), raw)
    poll, poll_text = read_poll(raw) if "poll" in raw else (None, EMPTY)
    return poll, content_of(read_text(raw), poll_text, raw, unknown=True)


def _detail(key: str, value: Any) -> Any:
    """A detail of a service message; the id of a peer (``"channel42"``) as the marked one."""
    if key.endswith("_id") and isinstance(value, str) and not value.removeprefix("-").isdecimal():
        found = peer(value)
        return found.id if found else value
    return value


def author_of(raw: dict[str, Any], packed: bool | None = None) -> Peer | None:
    """Who wrote a message, or did what a service message tells."""
    packed = packs_ids(raw) if packed is None else packed
    names = _AUTHOR[raw.get("type") == "service"]
    return next(filter(None, (peer(raw.get(f"{name}_id"), packed) for name in names)), None)


def _own_kind(author: Peer, chat: ChatContext) -> Peer:
    """Before mid-2021 a small group and a channel were written alike: the chat's own id decides."""
    if author.type == "channel" and chat.source != "dm" and author.id == marked_channel_id(-chat.tg_channel_id):
        return Peer("chat", chat.tg_channel_id)
    return author


def post_url(chat: ChatContext, message_id: int | None) -> str | None:
    """Public address of a message of a channel or supergroup; others have none."""
    if message_id is None or message_id <= 0 or chat.source in PER_ACCOUNT:
        return None
    if chat.username:
        return f"https://t.me/{chat.username.removeprefix('@')}/{message_id}"
    bare = bare_channel_id(chat.tg_channel_id)
    return f"https://t.me/c/{bare}/{message_id}" if bare > 0 else None


def read_reactions(value: Any) -> list[dict[str, Any]]:
    """``[{emoji|document_id, count}]``; a paid reaction has neither and gets the emoji of a star.

    A custom emoji that was exported as a file has no id: one export's path means nothing in the next.
    """
    found: list[dict[str, Any]] = []
    for item in value if isinstance(value, list) else []:
        count = integer(item.get("count")) if isinstance(item, dict) else None
        if not count or not 0 < count < 1 << 31:
            continue
        if emoji := string(item.get("emoji")):
            found.append({"emoji": emoji, "count": count})
        elif document := document_id(item.get("document_id")):
            found.append({"document_id": document, "count": count})
        elif item.get("type") == "paid":
            found.append({"emoji": "⭐", "count": count})
        elif isinstance(item.get("document_id"), str):
            found.append({"count": count})
    return found
