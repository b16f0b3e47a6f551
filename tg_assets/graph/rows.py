"""From database rows to rows of graph statements: pure, one function per statement.

Ids of targets are computed (a reply's target need not exist), so nothing here looks anything up.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from tg_assets import ids
from tg_assets.graph.links import web_page

Row = dict[str, Any]

# Rows with the same key that are given together at most: a statement holds what they share once.
TOGETHER = 1000


def gathered(rows: Iterable[Row], *key: str, into: str = "posts") -> list[Row]:
    """Rows with the same values of ``key`` as one that has them once and the rest of each in a list, in their order."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in key), []).append(
            {name: value for name, value in row.items() if name not in key}
        )
    return [
        {**dict(zip(key, values, strict=True)), into: rest[first : first + TOGETHER]}
        for values, rest in found.items()
        for first in range(0, len(rest), TOGETHER)
    ]


def post_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Post nodes and their chat."""
    for post in posts:
        yield {
            "post_id": str(post.id),
            "channel_id": str(post.channel_id),
            "properties": {
                "telegram_message_id": post.telegram_message_id,
                "channel_id": str(post.channel_id),
                "posted_at": post.posted_at,
                "source": post.source,
                "owner_id": post.owner_id,
                "url": post.telegram_post_url,
                "is_service": post.is_service,
                "lang": post.lang,
            },
        }


def author_rows(posts: Iterable[Any]) -> list[Row]:
    """Who wrote which posts; a signature or a deleted account without an id is no author node.

    ``named_at`` is when the last of the posts was sent, whose name the author gets; ``posts`` are given in that order.
    In private chats each post has its own name.
    """
    found: dict[tuple[int, str, bool], list[Any]] = {}
    for post in posts:
        if post.sender_tg_id is not None:
            key = post.sender_tg_id, post.author_type or "user", bool(post.owner_id)
            found.setdefault(key, []).append(post)
    return [
        {
            "author_id": author,
            "author_type": kind,
            "private": private,
            "name": None if private else own[-1].author_name,
            "named_at": None if private else own[-1].posted_at,
            "posts": [{"post_id": str(one.id), "name": one.author_name if private else None} for one in part],
        }
        for (author, kind, private), own in found.items()
        for part in (own[first : first + TOGETHER] for first in range(0, len(own), TOGETHER))
    ]


def group_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Posts of groups, which have a node of their own beside the chat's."""
    for post in posts:
        if post.source in ("group", "persona"):
            yield {"post_id": str(post.id), "group_id": str(post.channel_id)}


def dialogue_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Posts of private chats: in which dialogue and whose they are, and whether their owner sent them."""
    for post in posts:
        if post.owner_id:
            yield {
                "post_id": str(post.id),
                "dialogue_id": str(post.channel_id),
                "user_id": str(post.owner_id),
                "own": post.sender_tg_id == post.owner_id,
            }


def _named_chat(post: Any, tenant: UUID, chat_id: int) -> UUID:
    """Id of a chat that a post names by its marked id. Channels and supergroups are those that the tenant shares.

    Telegram numbers messages with people and in small groups per account: from a private chat, it is the owner's.
    """
    own: UUID = post.channel_id
    if chat_id == ids.peer_id(post.tg_channel_id, post.source):
        return own
    return ids.channel_id(tenant, chat_id, 0 if ids.is_channel(chat_id) else post.owner_id)


def reply_rows(posts: Iterable[Any], tenant: UUID) -> Iterator[Row]:
    """Replies, to posts of the same chat or of a named one."""
    for post in posts:
        if post.reply_to_message_id is None:
            continue
        channel = post.channel_id
        # Producers name direct messages as they name the chat of an event: by the negative of the person's id.
        if post.reply_to_chat_id not in (None, post.tg_channel_id):
            channel = _named_chat(post, tenant, post.reply_to_chat_id)
        yield {
            "post_id": str(post.id),
            "target_id": str(ids.post_id(channel, post.reply_to_message_id)),
            "target_message_id": post.reply_to_message_id,
            "thread_id": post.thread_id,
        }


def forward_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Where a post was forwarded from: a chat or person by id, else by the name that was left visible."""
    for post in posts:
        peer = post.forward_from_peer_id or {}
        source = peer.get("id", post.forward_from_chat_id)
        if source is None and not post.forward_from_name:
            continue
        yield {
            "post_id": str(post.id),
            "source_id": str(source) if source is not None else f"name:{post.forward_from_name}",
            "source_type": peer.get("type") or ("channel" if source is not None else "hidden"),
            "name": post.forward_from_name,
            "named_at": post.posted_at if post.forward_from_name and not post.owner_id else None,
            "forward_date": post.forward_date,
        }


def forwarded_post_rows(posts: Iterable[Any], tenant: UUID) -> Iterator[Row]:
    """The forwarded post itself, where the source names it."""
    for post in posts:
        if post.forward_from_chat_id is not None and post.forward_from_message_id is not None:
            channel = _named_chat(post, tenant, post.forward_from_chat_id)
            yield {
                "post_id": str(post.id),
                "target_id": str(ids.post_id(channel, post.forward_from_message_id)),
                "target_message_id": post.forward_from_message_id,
            }


def tag_rows(posts: Iterable[Any]) -> list[Row]:
    """Tags of each post with their confidence, each once."""
    return [
        {
            "post_id": str(post.id),
            "model": post.tagger or "",
            "tags": [
                {"name": name, "confidence": float(tag["confidence"])}
                for name, tag in {tag["name"]: tag for tag in post.tags}.items()
            ],
        }
        for post in posts
        if post.tags
    ]


def topic_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Topics, which are the tags that the taxonomy names; ``weight`` 0…1 is how near the post is to its topic."""
    for post, tag in _of_origin(posts, "topic"):
        yield {
            "post_id": str(post.id),
            "name": tag["name"],
            "weight": float(tag["confidence"]),
            "model": post.tagger or "",
        }


def entity_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Named things; ``type`` is ``person``, ``place`` or ``organisation``, or ``name`` where nobody knows."""
    for post, tag in _of_origin(posts, "entity"):
        yield {
            "post_id": str(post.id),
            "name": tag["name"],
            "type": tag.get("type") or "name",
            "confidence": float(tag["confidence"]),
            "model": post.tagger or "",
        }


def _of_origin(posts: Iterable[Any], origin: str) -> Iterator[tuple[Any, Row]]:
    for post in posts:
        for tag in {tag["name"]: tag for tag in post.tags or () if tag.get("origin") == origin}.values():
            yield post, tag


def link_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Web pages that a post links to, each once."""
    for post in posts:
        for url in dict.fromkeys(filter(None, map(web_page, post.urls or ()))):
            yield {"post_id": str(post.id), "url": url}


def image_rows(posts: Iterable[Any]) -> Iterator[Row]:
    """Pictures of a post, by content, and by which model they were described."""
    for post in posts:
        if post.picture is not None:
            yield {
                "post_id": str(post.id),
                "sha256": post.picture,
                "model": (post.vision or {}).get("vision_version"),
            }


LOOKS = ("classification", "description", "is_meme", "objects", "scene", "dominant_colors")
"""Properties of an image, named as in a vision result."""


def look_rows(pictures: Iterable[str], seen: Mapping[str, Row]) -> Iterator[Row]:
    """What pictures show; ``seen`` has the vision result of those that have one."""
    for sha256 in pictures:
        result = seen.get(sha256, {})
        yield {"sha256": sha256, "properties": {name: result.get(name) for name in LOOKS}}


def label_rows(seen: Mapping[str, Row]) -> Iterator[Row]:
    """Labels of pictures, by their vision results."""
    for sha256, result in seen.items():
        for name in dict.fromkeys(result.get("labels", ())):
            yield {"sha256": sha256, "name": name, "model": result.get("vision_version")}
