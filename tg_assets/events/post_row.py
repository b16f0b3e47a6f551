"""An event as a row of ``posts`` or ``group_messages``, by the rules of ``telegram.desktop_post``.

``post_row`` never fails on a validated event. The text of a poll and all words beside the text belong to the content;
a service message's content is what somebody wrote in it, else empty. NUL characters become U+FFFD, since PostgreSQL
stores none. What does not belong here: ids of rows, tenants, media (``media_list``), counters that compare with an
earlier version.
"""

from typing import Any, Literal

from tg_assets.events.content import content_digest, within
from tg_assets.events.media_list import media_of_event
from tg_assets.events.peers import author_peer, chat_id_of, forward_peer
from tg_assets.events.persona import PersonaMessageIngestedEventV1
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.jsonb import without_nul
from tg_assets.telegram.desktop_post import ChatContext, PostRow, post_url
from tg_assets.telegram.desktop_text import content_hash
from tg_assets.telegram.fields import INT32
from tg_assets.telegram.text import EMPTY, Text, joined
from tg_assets.telegram.words import content_of, said_in_service

__all__ = ["EVENT_PARSER_VERSION", "as_post", "media_of_event", "parse_event", "post_row", "raw_hash", "stored_json"]

EVENT_PARSER_VERSION = "2"
"""Changes with any change of what ``post_row`` returns; rows made by another version are stale."""

Message = PostParsedEventV1 | PersonaMessageIngestedEventV1
Format = Literal["event", "persona"]


def parse_event(raw: dict[str, Any], chat: ChatContext, form: Format = "event") -> PostRow:
    """Row of a stored event, which was validated before it was stored; ``chat`` says of which source it is by now."""
    if form == "persona":
        return post_row(PersonaMessageIngestedEventV1.model_validate(raw), chat)
    return post_row(PostParsedEventV1.model_validate({**raw, "source": chat.source}), chat)


def raw_hash(event: Message) -> str:
    """32 hex digits of what the event says, whoever sent it and whenever."""
    return content_digest(event)


def stored_json(event: Message) -> str:
    """The event as JSON that PostgreSQL accepts; ``parse_event`` reads it back."""
    return without_nul(event.model_dump_json(exclude_none=True).encode()).decode()


def as_post(event: PersonaMessageIngestedEventV1) -> PostParsedEventV1:
    """A persona's message as any other message."""
    return PostParsedEventV1.model_construct(
        tenant_id=event.tenant_id,
        tg_channel_id=event.tg_channel_id or 0,
        source=event.source,
        owner_id=event.owner_id,
        telegram_message_id=event.telegram_message_id,
        text=event.content or "",
        posted_at=event.posted_at,
        has_media=event.has_media,
        sender_tg_id=event.sender_tg_id,
        sender_username=event.sender_username,
    )


def post_row(event: Message, chat: ChatContext) -> PostRow:
    """Row of a message; ``chat`` is the chat as it is registered, which may know its username."""
    if isinstance(event, PersonaMessageIngestedEventV1):
        event = as_post(event)
    is_service = event.is_service
    content, entities, urls = _words(event)
    author = author_peer(event.author_peer_id, event.sender_tg_id, event.author_type)
    forward = forward_peer(event.forward_from_peer_id, event.forward_from_chat_id)
    reactions = _clean_json(event.reactions) if event.reactions else []
    return PostRow(
        content=content,
        posted_at=event.posted_at,
        edited_at=event.edited_at,
        is_edited=event.is_edited or event.edited_at is not None,
        has_media=event.has_media or any(item.role in (None, "primary") for item in event.media),
        media_urls=_clean_json(event.media_urls) if event.media_urls else [],
        urls=urls,
        telegram_post_url=post_url(chat, event.telegram_message_id),
        content_hash=content_hash(content) if content else None,
        views_count=event.views_count,
        forwards_count=event.forwards_count,
        reactions_count=event.reactions_count or min(INT32, sum(reaction["count"] for reaction in reactions)),
        replies_count=event.replies_count,
        post_author=_name(event.post_author),
        is_pinned=event.is_pinned,
        reply_to_message_id=event.reply_to_message_id or None,
        reply_to_chat_id=chat_id_of(event.reply_to_peer_id, event.reply_to_chat_id),
        thread_id=event.thread_id,
        forum_topic_id=event.forum_topic_id,
        forward_from_peer_id=forward.as_json() if forward else None,
        forward_from_chat_id=forward.id if forward and forward.type != "user" else None,
        forward_from_message_id=event.forward_from_message_id,
        forward_date=event.forward_date,
        forward_from_name=_name(event.forward_from_name),
        author_peer_id=author.as_json() if author else None,
        author_name=_name(event.author_name),
        author_type=author.type if author else None,
        sender_tg_id=author.id if author else None,
        sender_username=_name(event.sender_username),
        is_service=is_service,
        action_type=(_name(event.action_type) or "custom_action") if is_service else None,
        entities=entities,
        reactions=reactions,
        service=_clean_json(event.service or {}) if is_service else None,
        poll=_clean_json(event.poll) if event.poll else None,
    )


def _words(event: PostParsedEventV1) -> Text:
    """All words of a message, as ``words.content_of`` puts them together."""
    lines = [] if event.is_service else [event.text]
    if event.poll:
        lines += _poll_lines(event.poll)
    lines += [one["text"] for one in event.beside]
    # What a service message's text says about it is left out, and so are entities in it.
    entities = event.entities if not (event.is_service and event.text) else []
    text = Text(
        _clean("\n".join(filter(None, lines))),
        _clean_json(entities) if entities else [],
        _clean_json(event.urls) if event.urls else [],
    )
    if event.is_service:
        return text if event.beside else joined([text, said_in_service(event.action_type, event.service or {}).whole])
    # Parts that a producer sends as it has them, which are fields that events do not have.
    return content_of(text, EMPTY, extra).whole if (extra := event.__pydantic_extra__) else text


def _poll_lines(poll: Any) -> list[str]:
    """Question, options and explanation, a line each, as ``desktop_text.read_poll`` writes them."""
    return [poll["question"], *(answer["text"] for answer in poll.get("answers", ())), poll.get("explanation", "")]


def _clean(value: str) -> str:
    return value.replace("\x00", "\ufffd") if "\x00" in value else value


def _name(value: str | None) -> str | None:
    return _clean(value) if value else None


def _clean_json(value: Any) -> Any:
    """A JSON value without NUL characters and without integers beyond 64 bits; a new one."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, list):
        return [_clean_json(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean_json(item) for key, item in value.items()}
    return within(value)
