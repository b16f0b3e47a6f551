"""An exported message sent as an event makes the same row as the same message imported."""

import json
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.data import ROOT, shared_data
from tests.telegram.exports import message
from tg_assets.events.from_export import Surveyed, Zones, media_items, post_event, survey
from tg_assets.events.post_row import media_of_event, parse_event, post_row, raw_hash, stored_json
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.streams import decode, encode
from tg_assets.telegram.archive import open_archive
from tg_assets.telegram.desktop import ExportedChat, read_export
from tg_assets.telegram.desktop_post import ChatContext, parse
from tg_assets.telegram.fields import INT32

SAMPLE = ROOT / "samples" / "export"


def chats(path: Path) -> Iterator[tuple[ExportedChat, list[dict[str, Any]]]]:
    """Chats of an export with their messages."""
    found: list[tuple[ExportedChat, list[dict[str, Any]]]] = []
    with open_archive(path) as archive:
        for name in archive.json_files():
            with archive.open_json(name) as stream:
                for item in read_export(stream, name):
                    if isinstance(item, ExportedChat):
                        found.append((item, []))
                    else:
                        found[-1][1].append(item)
    yield from found


def events(path: Path) -> Iterator[tuple[dict[str, Any], PostParsedEventV1, ChatContext, Any]]:
    """Every message with its event, after a trip through a stream."""
    for chat, messages in chats(path):
        (surveyed,), zones = survey([chat, *messages]), Zones()
        for raw in messages:
            zone = zones.of(raw)
            event = post_event(raw, surveyed, "t", tz=zone, owner_id=surveyed.owner_id or 900)
            if isinstance(event, str):  # the sample has one message that Desktop did not support
                assert raw["type"] == "unsupported"
                continue
            received = decode("stream:posts:parsed", encode(event))
            assert received == event
            yield raw, received, ChatContext(chat.tg_channel_id, chat.source, "sad"), zone


@pytest.mark.parametrize(
    ("path", "count"),
    [((SAMPLE,), 425), (("desktop", "qa_load_excerpt"), 220), (("desktop", "tg2md"), 19)],
    ids=["sample", "excerpt", "2020"],
)
def test_rows_are_those_of_an_import(path: tuple[Any, ...], count: int) -> None:
    """Field for field, before and after the event was stored."""
    seen = 0
    for raw, event, chat, zone in events(path[0] if len(path) == 1 else shared_data(*path)):
        row = parse(raw, chat, zone)
        assert post_row(event, chat) == row
        assert parse_event(orjson.loads(stored_json(event)), chat) == row
        assert event.telegram_message_id == raw["id"]
        seen += 1
    assert seen == count


@pytest.mark.parametrize("chat_type", ["public_channel", "private_group", "personal_chat"])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_odd_messages_make_the_same_row(chat_type: str, data: st.DataObject) -> None:
    """Whatever is in the fields, an event carries it or neither way keeps it."""
    texts = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.just("a\x00b"), st.just("\ud83d"))
    numbers = st.one_of(st.none(), st.integers(-5, INT32), st.text("0123456789", max_size=4), st.just(1 << 70))
    peers = st.one_of(texts, st.from_regex(r"(user|chat|channel)[0-9]{1,14}", fullmatch=True))
    names = st.sampled_from(
        ["type", "text", "blocks", "items", "rows", "cells", "buttons", "caption", "url", "checked"]
    )
    parts = st.fixed_dictionaries(
        {"type": st.sampled_from(["plain", "bold", "link", "text_link"]), "text": texts, "href": texts}
    )
    fields: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(
            ("from", "actor", "author", "forwarded_from", "action", "file_name", "mime_type", "title"), texts
        ),
        **dict.fromkeys(("photo", "file", "thumbnail", "media_type", "contact_vcard"), texts),
        **dict.fromkeys(("reply_to_message_id", "edited_unixtime", "width", "height", "duration_seconds"), numbers),
        **dict.fromkeys(("from_id", "actor_id", "forwarded_from_id", "reply_to_peer_id"), peers),
        "type": st.sampled_from(["message", "service"]),
        "text_entities": st.lists(parts, max_size=4),
        "reactions": st.lists(st.fixed_dictionaries({"count": numbers, "emoji": texts, "type": texts}), max_size=3),
        "poll": st.fixed_dictionaries(
            {"question": texts, "total_voters": numbers, "answers": st.lists(st.fixed_dictionaries({"text": texts}))}
        ),
    }
    odd = st.recursive(texts, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3))
    fields |= dict.fromkeys(
        ("rich_message", "todo_list", "inline_bot_buttons", "place_name", "invoice_information", "contact_information",
         "game_title", "game_link", "reply_to_quote", "link_preview", "gift_text", "items", "performer", "hologram"),
        odd,
    )  # fmt: skip
    raw = message(**data.draw(st.fixed_dictionaries({}, optional=fields)))
    (chat, _) = next(_described(chat_type))
    context = ChatContext(chat.tg_channel_id, chat.source)
    event = post_event(raw, Surveyed(chat), "t", owner_id=900)
    assert isinstance(event, PostParsedEventV1)
    row, expected = post_row(event, context), parse(raw, context)
    expected["reactions_count"] = min(expected["reactions_count"], INT32)
    for name in ("service",):  # an import replaces NUL while it reads the file, not while it parses
        assert (row[name] is None) == (expected[name] is None)  # type: ignore[literal-required]
        row[name] = expected[name] = None  # type: ignore[literal-required]
    assert row == expected


def test_replies_elsewhere_are_those_of_an_import() -> None:
    """To a person as well, whose id alone would be taken for a channel's."""
    (chat, _) = next(_described("public_channel"))
    context = ChatContext(chat.tg_channel_id, chat.source)
    for peer in ("user7", "channel7", "chat7"):
        raw = message(reply_to_message_id=3, reply_to_peer_id=peer)
        event = post_event(raw, Surveyed(chat), "t")
        assert isinstance(event, PostParsedEventV1)
        assert post_row(event, context) == parse(raw, context)


def _described(chat_type: str) -> Iterator[tuple[ExportedChat, list[dict[str, Any]]]]:
    from tests.telegram.exports import chat as chat_of
    from tests.telegram.exports import read

    (chat,), messages = read(chat_of(type=chat_type))
    yield chat, messages


def test_albums_are_rebuilt() -> None:
    """The sample's albums, found from the whole chat before the first event."""
    albums: dict[str, dict[int, list[int]]] = {}
    for _, event, _, _ in events(SAMPLE):
        if event.grouped_id is not None:
            albums.setdefault(event.chat_title or "", {}).setdefault(event.grouped_id, []).append(
                event.telegram_message_id
            )
    expected = json.loads((ROOT / "samples" / "expected.json").read_text("utf-8"))["chats"]
    assert {title: list(found.values()) for title, found in albums.items()} == {
        title: chat["album_ids"] for title, chat in expected.items() if chat["album_ids"]
    }


def test_the_account_of_a_private_chat_is_found() -> None:
    """By the author who is not the peer; then it need not be told."""
    ((chat, messages),) = [found for found in chats(SAMPLE) if found[0].source == "dm"]
    (surveyed,) = survey([chat, *messages])
    event = post_event(messages[0], surveyed, "t")
    assert isinstance(event, PostParsedEventV1)
    assert event.chat.owner_id == surveyed.owner_id != 0


def test_a_private_chat_of_nobody_is_refused() -> None:
    (chat, _) = next(_described("personal_chat"))
    with pytest.raises(ValueError, match="owner_id is missing"):
        post_event(message(), Surveyed(chat), "t")


def test_what_is_no_message_says_why() -> None:
    (chat, _) = next(_described("public_channel"))
    assert post_event(message(0), Surveyed(chat), "t") == "no usable id"


def test_zone_of_a_date_without_one_is_its_neighbours() -> None:
    """As in an import."""
    zones = Zones(timezone(timedelta(hours=9)))
    undated = message()
    del undated["date_unixtime"]
    assert zones.of(undated) == timezone(timedelta(hours=9))
    zones.of(message())
    assert zones.of(undated) == timezone(timedelta(hours=3))
    assert UTC


def test_media_land_as_an_import_lands_them() -> None:
    """Same keys and values, once they are settled."""
    for raw, event, _, _ in events(SAMPLE):
        expected = media_items(raw) if event.has_media else []
        for item in expected:
            item["missing_reason"] = item.pop("absent_reason", None) or "not stored yet"
        assert media_of_event(event) == expected


def test_hash_is_of_the_content() -> None:
    """Who sent it, when, and what the chat is called at the time do not matter; what it says does."""
    (_, event, _, _) = next(events(SAMPLE))
    sent = event.model_copy(update={"event_id": "1", "user_id": "7", "chat_title": "Other", "producer": "x"})
    assert raw_hash(sent) == raw_hash(event)
    assert raw_hash(event.model_copy(update={"views_count": 9})) != raw_hash(event)
    backwards = orjson.dumps(dict(reversed(orjson.loads(encode(event)).items())))
    assert raw_hash(decode("stream:posts:parsed", backwards)) == raw_hash(event)
