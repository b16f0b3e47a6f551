"""Made-up exports for the tests of ``tg_assets.telegram``."""

import io
import json
from typing import Any

from tg_assets.telegram.desktop import ExportedChat, read_export


def message(message_id: Any = 1, **fields: Any) -> dict[str, Any]:
    """A text message of the current schema."""
    return {
        "id": message_id,
        "type": "message",
        "date": "2023-05-01T12:00:00",
        "date_unixtime": "1682931600",
        "from": "Ада",
        "from_id": "user7",
        "text": "привет",
        "text_entities": [{"type": "plain", "text": "привет"}],
    } | fields


def old_message(message_id: Any = 1, **fields: Any) -> dict[str, Any]:
    """A text message of the schema before mid-2021."""
    return {"id": message_id, "type": "message", "date": "2020-05-01T12:00:00", "text": "привет"} | fields


def chat(*messages: Any, **header: Any) -> dict[str, Any]:
    """An export of one chat."""
    return {"name": "Сад", "type": "public_channel", "id": 42} | header | {"messages": list(messages)}


def account(*chats: Any, left: tuple[Any, ...] = (), user_id: int | None = 900) -> dict[str, Any]:
    """A whole-account export."""
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": user_id, "first_name": "Ада", "bio": None},
        "contacts": {"about": "", "list": [{"user_id": 1, "date": "2020-01-01T00:00:00"}]},
        "chats": {"about": "", "list": list(chats)},
        "left_chats": {"about": "", "list": list(left)},
    }


def encode(export: Any) -> bytes:
    """JSON laid out as Desktop does."""
    return json.dumps(export, ensure_ascii=False, indent=1).encode()


def read(data: bytes | Any) -> tuple[list[ExportedChat], list[dict[str, Any]]]:
    """Chats and messages of an export."""
    stream = io.BytesIO(data if isinstance(data, bytes) else encode(data))
    chats: list[ExportedChat] = []
    messages: list[dict[str, Any]] = []
    for item in read_export(stream, "result.json"):
        if isinstance(item, ExportedChat):
            chats.append(item)
        else:
            messages.append(item)
    return chats, messages
