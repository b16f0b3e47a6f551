"""Text of a stored Telethon message in Desktop's vocabulary: entities, links, polls, reactions.

Never raises. What does not belong here: words beside the text (``telethon_words``).
"""

from typing import Any

from tg_assets.telegram.desktop_post import read_reactions
from tg_assets.telegram.desktop_text import read_poll
from tg_assets.telegram.entities import read_entities
from tg_assets.telegram.fields import string
from tg_assets.telegram.telethon_fields import Raw, kind_of, part, parts
from tg_assets.telegram.text import EMPTY, Text


def read_message_text(raw: Raw) -> Text:
    """Content of a message, its entities and its distinct links in order."""
    text = string(raw.get("message")) or ""
    listed = parts(raw, "entities") if text else []
    return read_entities(text, listed) if listed else Text(text, [], [])


def read_message_poll(raw: Raw) -> tuple[dict[str, Any] | None, Text]:
    """The poll of a message and its text, as ``desktop_text.read_poll`` gives them."""
    media = part(raw, "media")
    poll = part(media, "poll")
    if not poll:
        return None, EMPTY
    results = part(media, "results")
    voters = {str(one.get("option")): one.get("voters") for one in parts(results, "results")}
    answers = [
        {"text": answer.get("text"), "voters": voters.get(str(answer.get("option")))}
        for answer in parts(poll, "answers")
    ]
    total, closed = results.get("total_voters"), poll.get("closed")
    told = {"text": results.get("solution"), "entities": results.get("solution_entities") or []}
    given = {"question": poll.get("question"), "closed": closed, "total_voters": total, "answers": answers}
    return read_poll({"poll": {**given, "explanation": told if told["text"] else None}})


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
