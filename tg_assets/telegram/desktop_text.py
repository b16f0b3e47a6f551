"""Text of a Telegram Desktop message: content, entities, links and the hash that equal texts share.

Both schemas are read: ``text_entities`` (since 2022, every part an object) and ``text`` (a string, or a list of
strings and objects). Entity types keep Desktop's names (``link``, ``text_link``, ``mention``, ``mention_name``,
``hashtag``, ``bold`` …); unknown ones are kept too. Never raises.
What does not belong here: cleaning or cutting text for an index.
"""

import hashlib
import unicodedata
from typing import Any, NamedTuple

from tg_assets.telegram.fields import integer, string

Entity = dict[str, Any]


class Text(NamedTuple):
    """``entities`` count ``offset`` and ``length`` in UTF-16 code units, as Telegram does."""

    content: str
    entities: list[Entity]
    urls: list[str]


def read_text(raw: dict[str, Any]) -> Text:
    """Content of a message with the entities in it and its distinct links in order."""
    text = raw.get("text")
    parts = raw.get("text_entities")
    if not isinstance(parts, list) or not parts:
        if isinstance(text, str):
            return Text(string(text) or "", [], [])
        parts = text if isinstance(text, list) else []
    pieces: list[str] = []
    entities: list[Entity] = []
    urls: dict[str, None] = {}
    offset = 0
    for part in parts:
        is_entity = isinstance(part, dict)
        piece = string(part.get("text") if is_entity else part)
        if piece is None:
            continue
        pieces.append(piece)
        length = utf16_length(piece)
        if is_entity and (kind := string(part.get("type"))) not in (None, "plain"):
            entity: Entity = {"type": kind, "offset": offset, "length": length}
            url = _details(part, entity) if kind != "link" else piece
            if url:
                urls[url] = None
            entities.append(entity)
        offset += length
    return Text("".join(pieces), entities, list(urls))


def _details(part: dict[str, Any], entity: Entity) -> str | None:
    """Add what an entity says beyond its type; returns the target of a link."""
    url = string(part.get("href"))
    if url:
        entity["url"] = url
    if (user_id := integer(part.get("user_id"))) is not None:
        entity["user_id"] = user_id
    for name in ("document_id", "language"):
        if value := string(part.get(name)):
            entity[name] = value
    if part.get("collapsed") is True:
        entity["collapsed"] = True
    return url


def read_poll(raw: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """A poll's ``{question, closed, total_voters, answers: [{text, voters}]}`` and its text, a line per option."""
    poll = raw.get("poll")
    if not isinstance(poll, dict):
        return None, ""
    answers = poll.get("answers")
    options: list[dict[str, Any]] = [
        {"text": plain(answer.get("text")), "voters": integer(answer.get("voters")) or 0}
        for answer in (answers if isinstance(answers, list) else [])
        if isinstance(answer, dict)
    ]
    question = plain(poll.get("question"))
    result = {
        "question": question,
        "closed": poll.get("closed") is True,
        "total_voters": integer(poll.get("total_voters")) or 0,
        "answers": options,
    }
    lines = [question, *(option["text"] for option in options)]
    return result, "\n".join(line for line in lines if line)


def plain(value: Any) -> str:
    """Text of a string, or of a list of parts."""
    if isinstance(value, list):
        return read_text({"text": value}).content
    return string(value) or ""


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1


def content_hash(content: str) -> str | None:
    """sha256 hex of the text in NFC with white space collapsed; None for nothing but white space."""
    collapsed = " ".join(unicodedata.normalize("NFC", content).split())
    return hashlib.sha256(collapsed.encode("utf-8", "replace")).hexdigest() if collapsed else None
