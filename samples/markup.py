"""Turns the story's light markup into Desktop's `text` and `text_entities`.

`**bold**`, `__italic__`, `~~struck~~`, `` `code` ``, `[label](url)`, plain links, `#tags`, `@names`, mail
addresses, and `{{type:text}}` for an entity of any other type. Everything else is plain text.
"""

from __future__ import annotations

import re
from typing import Any

Entity = dict[str, Any]

PATTERN = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|__(?P<italic>.+?)__|~~(?P<strikethrough>.+?)~~|`(?P<code>.+?)`"
    r"|\[(?P<text_link>[^]]+)\]\((?P<href>[^)]+)\)|\{\{(?P<other>\w+):(?P<value>[^}]+)\}\}"
    r"|(?P<link>https?://[^\s,]+)|(?P<email>[\w.]+@[\w-]+\.\w+)|(?P<hashtag>(?<!\w)#\w+)|(?P<mention>(?<!\w)@\w+)"
)


def entities(source: str) -> list[Entity]:
    """The text as a list of entities, plain stretches included, in order."""
    found: list[Entity] = []
    end = 0
    for match in PATTERN.finditer(source):
        if match.start() > end:
            found.append({"type": "plain", "text": source[end : match.start()]})
        if match["text_link"]:
            found.append({"type": "text_link", "text": match["text_link"], "href": match["href"]})
        elif match["other"]:
            name = {"user_id": 510001006} if match["other"] == "mention_name" else {}
            found.append({"type": match["other"], "text": match["value"], **name})
        else:
            kind = str(match.lastgroup)
            found.append({"type": kind, "text": match[kind]})
        end = match.end()
    if end < len(source):
        found.append({"type": "plain", "text": source[end:]})
    return found


def text_fields(source: str) -> dict[str, Any]:
    """`text` (a string when nothing is marked, as Desktop writes it) and `text_entities`."""
    parts = entities(source)
    if all(part["type"] == "plain" for part in parts):
        return {"text": source, "text_entities": parts}
    return {"text": [p["text"] if p["type"] == "plain" else p for p in parts], "text_entities": parts}
