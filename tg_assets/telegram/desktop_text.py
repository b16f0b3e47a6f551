"""Text of a Telegram Desktop message: content, entities, links and the hash that equal texts share.

Both schemas are read: ``text_entities`` (since 2022, every part an object) and ``text`` (a string, or a list of
strings and objects). Entity types keep Desktop's names (``link``, ``text_link``, ``mention``, ``mention_name``,
``hashtag``, ``bold`` …); unknown ones are kept too. Never raises.
What does not belong here: cleaning or cutting text for an index.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from tg_assets.telegram.entities import entity_details, read_entities
from tg_assets.telegram.fields import integer, string
from tg_assets.telegram.structure import write_text
from tg_assets.telegram.text import EMPTY, Entity, Text, TextWriter, joined, utf16_length


def read_text(raw: dict[str, Any]) -> Text:
    """Content of a message with the entities in it and its distinct links in order.

    Where the two schemas say different things, ``text_entities`` count unless ``text`` says the same and more.
    """
    text, parts = raw.get("text"), raw.get("text_entities")
    found = _of_parts(parts) if parts else EMPTY
    if isinstance(text, str):
        whole = string(text) or ""
        return found if found.content == whole else _beside(whole, parts) or found
    if not text or not isinstance(text, list | dict) or (found.content and found.content == _flat(text)):
        return found
    other = _of_parts(text)
    return other if len(other.content) > len(found.content) and found.content in other.content else found


def _of_parts(parts: Any) -> Text:
    """A text of parts, each of which is a string, or an object that says what it is."""
    if not isinstance(parts, list):
        return plain(parts)
    pieces: list[str] = []
    entities: list[Entity] = []
    urls: dict[str, None] = {}
    offset = 0
    for part in parts:
        is_entity = isinstance(part, dict)
        given = part.get("text") if is_entity else part
        piece = string(given)
        if piece is None:
            if given and isinstance(given, list | dict):
                return plain(parts)  # parts in parts
            continue
        pieces.append(piece)
        length = utf16_length(piece)
        if is_entity and (kind := string(part.get("type"))) not in (None, "plain"):
            entity: Entity = {"type": kind, "offset": offset, "length": length}
            if len(part) > 2:
                entity.update(entity_details(part))
            url = entity.get("url") if kind != "link" else piece
            if url:
                urls[url] = None
            entities.append(entity)
        offset += length
    return Text("".join(pieces), entities, list(urls))


def _beside(whole: str, parts: Any) -> Text | None:
    """A text with entities that are listed beside it, by their offsets or else by their words; None if not all fit."""
    listed: list[Any] = []
    at = units = 0  # how far the words before have come
    for part in parts if isinstance(parts, list) else [parts] if parts else ():
        given = part if isinstance(part, dict) else {"text": part}
        if given.get("offset") is None and (piece := string(given.get("text"))):
            if (place := whole.find(piece, at)) < 0:
                return None
            units += utf16_length(whole[at:place])
            given = {**given, "offset": units, "length": utf16_length(piece)}
            at, units = place + len(piece), units + given["length"]
        if given.get("type") not in (None, "plain"):
            listed.append(given)
    return read_entities(whole, listed) if listed else Text(whole, [], [])


def _flat(parts: Any) -> str | None:
    """Words of simple parts, which nearly all are; None of others."""
    try:
        return "".join(part["text"] if isinstance(part, dict) else part for part in parts)
    except (KeyError, TypeError):
        return None


def read_poll(raw: Mapping[str, Any]) -> tuple[dict[str, Any] | None, Text]:
    """A poll's ``{question, closed, total_voters, answers: [{text, voters}]}`` and its text, a line per option.

    ``explanation`` is there when one is told; it is the last line.
    """
    poll = raw.get("poll")
    if not isinstance(poll, dict):
        return None, EMPTY
    answers = poll.get("answers") or poll.get("options")
    listed = answers if isinstance(answers, list) else []
    given = [one if isinstance(one, dict) else {"text": one} for one in listed if isinstance(one, dict | str)]
    question, told = plain(poll.get("question")), plain(poll.get("explanation") or poll.get("solution"))
    texts = [plain(answer.get("text")) for answer in given]
    result = {
        "question": question.content,
        "closed": poll.get("closed") is True,
        "total_voters": integer(poll.get("total_voters")) or 0,
        "answers": [
            {"text": text.content, "voters": integer(answer.get("voters", answer.get("voter_count"))) or 0}
            for text, answer in zip(texts, given, strict=True)
        ],
    }
    if told.content:
        result["explanation"] = told.content
    return result, joined([question, *texts, told])


def plain(value: Any) -> Text:
    """Text of a string, of a list of parts, or of a text with its entities."""
    writer = TextWriter()
    write_text(writer, value)
    return writer.text()


def content_hash(content: str) -> str | None:
    """sha256 hex of the text in NFC with white space collapsed; None for nothing but white space."""
    collapsed = " ".join(unicodedata.normalize("NFC", content).split())
    return hashlib.sha256(collapsed.encode("utf-8", "replace")).hexdigest() if collapsed else None
