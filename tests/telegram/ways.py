"""A message as a row by each of the ways it may come, which agree on its words."""

from typing import Any

import orjson

from tests.telegram import exports
from tests.telegram.tl import CHANNEL, event, stored
from tg_assets.events.from_export import Surveyed, post_event
from tg_assets.events.from_telethon import parse_telethon
from tg_assets.events.post_row import parse_event, post_row, stored_json
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.streams import decode, encode
from tg_assets.telegram.desktop_post import ChatContext, PostRow, parse

CONTEXT = ChatContext(CHANNEL.tg_channel_id, "channel", CHANNEL.username)


def blocks(*given: dict[str, Any]) -> dict[str, Any]:
    """An export of a rich message, which has no text."""
    raw = exports.message(rich_message={"rtl": False, "part": False, "blocks": list(given)})
    del raw["text"], raw["text_entities"]
    return raw


def of_export(raw: dict[str, Any]) -> PostRow:
    """The row of an exported message, which is that of its event before and after it is stored."""
    row = parse(raw, CONTEXT)
    ((chat,), _) = exports.read(exports.chat())
    found = post_event(raw, Surveyed(chat), "t")
    assert isinstance(found, PostParsedEventV1)
    received = decode("stream:posts:parsed", encode(found))
    for one in (post_row(received, CONTEXT), parse_event(orjson.loads(stored_json(received)), CONTEXT)):
        assert (one["content"], one["entities"], one["urls"]) == (row["content"], row["entities"], row["urls"])
        assert one["content_hash"] == row["content_hash"]
    return row


def of_telethon(one: Any) -> PostRow:
    row = parse_telethon(stored(one), CONTEXT)
    assert row == post_row(event(one, CHANNEL), CONTEXT)
    return row
