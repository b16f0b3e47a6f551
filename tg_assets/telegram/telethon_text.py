"""Text of a stored Telethon message in Desktop's vocabulary: entities, links, polls, reactions.

Telegram's entities may overlap, of which Desktop's export writes only the outer ones; here all are kept. Never
raises. What does not belong here: texts of service messages, which have none.
"""

import re
from functools import lru_cache
from typing import Any

from tg_assets.telegram.desktop_post import read_reactions
from tg_assets.telegram.desktop_text import Entity, Text, read_poll, utf16_length
from tg_assets.telegram.fields import integer, string
from tg_assets.telegram.telethon_fields import Raw, kind_of, part, parts, words

# Names that are not the constructor's in snake case.
_NAMES = {
    "Url": "link",
    "TextUrl": "text_link",
    "Strike": "strikethrough",
    "InputMessageEntityMentionName": "mention_name",  # as someone's own unsent text has it
}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake_case(name: str) -> str:
    """``PinMessage`` as ``pin_message``."""
    return _WORD.sub("_", name).lower()


def read_message_text(raw: Raw) -> Text:
    """Content of a message, its entities and its distinct links in order."""
    text = string(raw.get("message")) or ""
    listed = parts(raw, "entities") if text else []
    if not listed:
        return Text(text, [], [])
    units = utf16_length(text)
    # A plane-0 text, which nearly all are, has a unit per character.
    encoded = None if units == len(text) else text.encode("utf-16-le")
    entities: list[Entity] = []
    urls: dict[str, None] = {}
    for one in listed:
        offset, length = integer(one.get("offset")), integer(one.get("length"))
        kind = string(one.get("_"))
        if kind is None or offset is None or length is None or offset < 0 or length <= 0 or offset + length > units:
            continue
        kind = _kind(kind)
        entity: Entity = {"type": kind, "offset": offset, "length": length}
        url: str | None = None
        if kind == "link":
            end = offset + length
            url = text[offset:end] if encoded is None else encoded[offset * 2 : end * 2].decode("utf-16-le", "replace")
        elif url := string(one.get("url")):
            entity["url"] = url
        if url:
            urls[url] = None
        _details(one, entity)
        entities.append(entity)
    return Text(text, entities, list(urls))


@lru_cache(maxsize=128)
def _kind(constructor: str) -> str:
    """Desktop's name of an entity."""
    short = constructor.removeprefix("MessageEntity")
    return _NAMES.get(short) or snake_case(short)


def _details(one: Raw, entity: Entity) -> None:
    """What an entity says beyond its place and its link."""
    if len(one) <= 3:
        return
    user = one.get("user_id")
    if (user_id := integer(user if not isinstance(user, dict) else user.get("user_id"))) is not None:
        entity["user_id"] = user_id
    document = one.get("document_id")
    if document_id := string(document) or integer(document):
        entity["document_id"] = str(document_id)
    if language := string(one.get("language")):
        entity["language"] = language
    if one.get("collapsed") is True:
        entity["collapsed"] = True


def read_message_poll(raw: Raw) -> tuple[dict[str, Any] | None, str]:
    """The poll of a message and its text, as ``desktop_text.read_poll`` gives them."""
    media = part(raw, "media")
    poll = part(media, "poll")
    if not poll:
        return None, ""
    results = part(media, "results")
    voters = {str(one.get("option")): one.get("voters") for one in parts(results, "results")}
    answers = [
        {"text": words(answer.get("text")), "voters": voters.get(str(answer.get("option")))}
        for answer in parts(poll, "answers")
    ]
    total, closed = results.get("total_voters"), poll.get("closed")
    question = words(poll.get("question"))
    return read_poll({"poll": {"question": question, "closed": closed, "total_voters": total, "answers": answers}})


def read_message_reactions(raw: Raw) -> list[dict[str, Any]]:
    """``[{emoji|document_id, count}]``, as ``desktop_post.read_reactions`` gives them."""
    found = []
    for one in parts(raw.get("reactions"), "results"):
        reaction = part(one, "reaction")
        given: Raw = {"count": one.get("count")}
        if kind_of(reaction) == "ReactionPaid":
            given["type"] = "paid"
        else:
            given["emoji"], given["document_id"] = reaction.get("emoticon"), reaction.get("document_id")
        found.append(given)
    return read_reactions(found) if found else []
