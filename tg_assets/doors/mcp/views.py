"""Messages and albums as an assistant is shown them: what there is to know, without what is empty.

What does not belong here: which messages, and how strangers' text is made safe (``clean``).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from tg_assets.answers.albums import Album
from tg_assets.answers.markdown import address
from tg_assets.answers.rows import Message
from tg_assets.answers.shown import one_line
from tg_assets.doors.mcp.clean import clean

LONGEST = 1000
"""Characters of a text among others; ``fetch`` has it whole."""
TITLE = 80


def message_view(message: Message, longest: int = LONGEST) -> dict[str, Any]:
    """A message among others."""
    view = {
        "id": message.id, "date": message.posted_at, "feed": message.feed, "chat": message.chat,
        "author": message.author, "text": message.said, "spoken": message.spoken, "read": message.read,
        "described": message.described, "link": address(message.link), "reply_to": message.reply_to,
        "forwarded_from": message.forwarded_from, "forwarded_post": message.forwarded_post, "album": message.album,
        "edited": message.edited_at, "deleted": message.deleted_at, "action": message.action,
    }  # fmt: skip
    return {name: clean(value, longest) for name, value in view.items() if value not in (None, "")}


def album_view(album: Album, longest: int = LONGEST) -> dict[str, Any]:
    """An album among messages."""
    view = {
        "id": album.id, "date": album.posted_at, "feed": album.feed, "chat": album.chat, "kind": album.kind,
        "caption": album.said, "summary": album.summary, "read": album.read, "link": address(album.link),
        "items": [replace(one, text=one.said) for one in album.items],
    }  # fmt: skip
    return {name: clean(value, longest) for name, value in view.items() if value not in (None, "")}


def title(text: str, chat: str | None, at: datetime) -> str:
    """A line that names a message or an album: its beginning in quotation marks, its chat, its day."""
    words, where = (one_line(said or "", TITLE).replace('"', "'") for said in (text, chat))
    return " · ".join(filter(None, (f'"{words}"' if words else "no words", where, f"{at:%Y-%m-%d}")))


def whole_text(message: Message) -> str:
    """All that a person can read, hear or see in a message, with what was not written by its author named."""
    return "\n\n".join(_parts(message))


def _parts(message: Message) -> Iterator[str]:
    for what, said in (
        ("", message.said), ("Said in the recording: ", message.spoken), ("Text in the picture: ", message.read),
        ("The picture shows: ", message.described),
    ):  # fmt: skip
        if said and said.strip():
            yield f"{what}{said.strip()}"


def album_text(album: Album) -> str:
    """The same of an album: its caption, its summary, then item by item what is said and seen."""
    parts = [album.said, f"The album shows: {album.summary}" if album.summary else None]
    for item in album.items:
        seen = (
            item.said if item.text != album.caption else "",
            f"Text in the picture: {item.read}" if item.read else "",
            f"The picture shows: {item.described}" if item.described else "",
        )
        if any(seen):
            parts.append(f"{item.position + 1}. " + "\n".join(filter(None, seen)))
    return "\n\n".join(filter(None, parts))
