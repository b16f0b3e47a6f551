"""Entities in Desktop's vocabulary: what they are called, and texts that have them beside the text, by offsets.

Telegram's entities may overlap, of which Desktop's export writes only the outer ones; here all are kept. Never
raises. What does not belong here: texts whose parts say themselves what they are (``structure``, ``desktop_text``).
"""

import re
from functools import lru_cache
from typing import Any

from tg_assets.telegram.fields import document_id, integer, string
from tg_assets.telegram.text import Entity, Text, utf16_length

# Names that are not the constructor's in snake case.
_NAMES = {
    "Url": "link",
    "TextUrl": "text_link",
    "Strike": "strikethrough",
    "InputMessageEntityMentionName": "mention_name",  # as someone's own unsent text has it
}
# Parts of rich texts, in the names of Telegram's schema and of its Bot API; some are no entity.
_PARTS = {
    "url": "text_link",
    "auto_url": "link",
    "strike": "strikethrough",
    "fixed": "code",
    **dict.fromkeys(("auto_email", "email_address"), "email"),
    **dict.fromkeys(("auto_phone", "phone_number"), "phone"),
    "bank_card_number": "bank_card",
    "text_mention": "mention_name",
    **dict.fromkeys(("date", "date_time"), "formatted_date"),
    "mathematical_expression": "math",
    **dict.fromkeys(("plain", "empty", "concat", "text", "with_entities", "diff", "button"), ""),
    **dict.fromkeys(("anchor", "anchor_link", "reference", "reference_link", "image", "inline_image"), ""),
}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake_case(name: str) -> str:
    """``PinMessage`` as ``pin_message``."""
    return _WORD.sub("_", name).lower()


@lru_cache(maxsize=128)
def entity_name(constructor: str) -> str:
    """Desktop's name of an entity."""
    short = constructor.removeprefix("MessageEntity")
    return _NAMES.get(short) or snake_case(short)


def part_name(part: dict[str, Any]) -> str:
    """Desktop's name of the entity that a part of a rich text is; empty when it is none."""
    kind, name = part.get("_"), part.get("type")
    if isinstance(kind, str):  # of an object that has a text, as a cell of a table, if not of a text
        name = snake_case(kind.removeprefix("Text")) if kind.startswith("Text") else ""
    return (string(_PARTS.get(name, name)) or "") if isinstance(name, str) else ""


def entity_details(one: dict[str, Any]) -> Entity:
    """What an entity says beyond its place: where it leads to, whom it names, what it is made of."""
    found: Entity = {}
    if url := string(one.get("href")) or string(one.get("url")):
        found["url"] = url
    user = one.get("user_id")
    if (user_id := integer(user if not isinstance(user, dict) else user.get("user_id"))) is not None:
        found["user_id"] = user_id
    if document := document_id(one.get("document_id") or one.get("custom_emoji_id")):
        found["document_id"] = document
    if language := string(one.get("language")):
        found["language"] = language
    if one.get("collapsed") is True:
        found["collapsed"] = True
    return found


def read_entities(text: str, listed: list[Any]) -> Text:
    """A text with its entities and its distinct links in order; entities that do not fit are left out."""
    units = utf16_length(text)
    # A plane-0 text, which nearly all are, has a unit per character.
    encoded = None if units == len(text) else text.encode("utf-16-le")
    entities: list[Entity] = []
    urls: dict[str, None] = {}
    for one in listed:
        if not isinstance(one, dict):
            continue
        offset, length = integer(one.get("offset")), integer(one.get("length"))
        kind = string(one.get("_")) or string(one.get("type"))
        if kind is None or offset is None or length is None or offset < 0 or length <= 0 or offset + length > units:
            continue
        kind = entity_name(kind)
        entity: Entity = {"type": kind, "offset": offset, "length": length}
        if len(one) > 3:
            entity.update(entity_details(one))
        url: str | None = entity.get("url")
        if kind == "link":
            end = offset + length
            url = text[offset:end] if encoded is None else encoded[offset * 2 : end * 2].decode("utf-16-le", "replace")
        if url:
            urls[url] = None
        entities.append(entity)
    return Text(text, entities, list(urls))
