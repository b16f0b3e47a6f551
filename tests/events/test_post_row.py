"""An event's row keeps the parser's rules whatever a producer wrote."""

import json
from typing import Any, get_type_hints

import orjson
import pytest

from tests.events.old_events import FILE, OLD, POST
from tests.events.test_models import BARE, PARSED, PERSONA, UPLOADED, received
from tg_assets.events.content import AROUND, LATER, digest
from tg_assets.events.post_row import media_of_event, parse_event, post_row, raw_hash, stored_json
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.telegram.desktop_post import ChatContext, PostRow
from tg_assets.telegram.fields import INT32

CHANNEL = ChatContext(-1001234567890, "channel", "sad")
STORED = {"sha256": "c" * 64, "s3_key": "media/t/cc/c.jpg", "mime": "image/jpeg", "size": 7}


def row_of(**fields: Any) -> PostRow:
    return post_row(received(PARSED, **{**BARE, **fields}), CHANNEL)


def test_an_old_event_makes_a_whole_row() -> None:
    """Telethon's peers become ours, and the author's id is taken from the peer."""
    row = post_row(received(PARSED, **OLD[PARSED]), CHANNEL)
    assert set(row) == set(get_type_hints(PostRow))
    assert row["author_peer_id"] == {"type": "user", "id": 7}
    assert (row["author_type"], row["sender_tg_id"], row["author_name"]) == ("user", 7, "Ада")
    assert row["forward_from_peer_id"] == {"type": "channel", "id": -1001700300111}
    assert row["forward_from_chat_id"] == -1001700300111
    assert row["telegram_post_url"] == "https://t.me/sad/5"
    assert (row["views_count"], row["forwards_count"], row["reactions_count"]) == (12, 1, 2)
    assert (row["urls"], row["has_media"], row["reply_to_message_id"]) == (POST["urls"], True, 4)


def test_a_personas_message_makes_a_row() -> None:
    row = post_row(received(PERSONA, **OLD[PERSONA]), ChatContext(-7, "dm"))
    assert (row["content"], row["sender_tg_id"], row["sender_username"]) == ("привет", 7, "ada")
    assert (row["author_peer_id"], row["telegram_post_url"]) == ({"type": "user", "id": 7}, None)
    raw = orjson.loads(stored_json(received(PERSONA, **OLD[PERSONA])))
    assert parse_event(raw, ChatContext(-7, "dm"), "persona") == row


def test_a_stored_event_is_of_the_chat_as_it_is_registered() -> None:
    """One of a small group that was stored before such a group needed its account is parsed again, as of a group."""
    raw = {**BARE, "source": "persona"}
    assert parse_event(raw, ChatContext(-1000000000042, "group"))["content"] == "x"
    small = received(PARSED, **raw, owner_id=9)
    row = parse_event(orjson.loads(stored_json(small)), ChatContext(-42, "persona", "sad"))
    assert row["telegram_post_url"] is None


def test_a_service_message_has_no_content() -> None:
    row = row_of(is_service=True, text="Ада вошла", entities=[{"type": "bold"}], service={"title": "x"})
    assert (row["content"], row["content_hash"], row["entities"]) == ("", None, [])
    assert (row["action_type"], row["service"]) == ("custom_action", {"title": "x"})


def test_a_polls_text_is_content() -> None:
    """As a message's own text is, and after it."""
    poll = {"question": "Куда?", "answers": [{"text": "Домой"}, {"text": "В море", "voters": 2}]}
    assert row_of(poll=poll, text="")["content"] == "Куда?\nДомой\nВ море"
    assert row_of(poll=poll)["content"] == "x\nКуда?\nДомой\nВ море"
    assert row_of(poll=poll)["poll"] == poll


def test_nul_is_replaced_everywhere() -> None:
    """PostgreSQL stores none, neither in text nor in JSON."""
    fields = {
        **dict.fromkeys(("text", "author_name", "post_author", "forward_from_name", "sender_username"), "a\x00b"),
        "entities": [{"type": "te\x00xt", "k\x00": ["\x00"]}],
        "urls": ["http://\x00"],
        "reactions": [{"emoji": "\x00", "count": 1}],
        "media": [{"kind": "photo", "file_name": "a\x00.jpg"}],
        "poll": {"question": "\x00"},
        "extra": "\x00",
    }
    event = PostParsedEventV1.model_validate({**BARE, **fields})  # decoded ones have none any more
    for value in (post_row(event, CHANNEL), media_of_event(event), json.loads(stored_json(event))):
        assert "\\u0000" not in json.dumps(value, default=str)
    assert post_row(event, CHANNEL)["content"] == "a\ufffdb\n\ufffd"
    assert parse_event(json.loads(stored_json(event)), CHANNEL) == post_row(event, CHANNEL)


@pytest.mark.parametrize(
    ("fields", "peer", "chat_id"),
    [
        ({"forward_from_peer_id": {"user_id": 5}, "forward_from_chat_id": 5}, {"type": "user", "id": 5}, None),
        ({"forward_from_peer_id": {"chat_id": 5}}, {"type": "chat", "id": -5}, -5),
        ({"forward_from_chat_id": 5}, {"type": "channel", "id": -1000000000005}, -1000000000005),
        ({"forward_from_chat_id": -1000000000005}, {"type": "channel", "id": -1000000000005}, -1000000000005),
        ({"forward_from_peer_id": {"type": "chat", "id": -5}}, {"type": "chat", "id": -5}, -5),
        ({"forward_from_peer_id": {"kind": "?"}}, None, None),
        (
            {"forward_from_peer_id": {"kind": "?"}, "forward_from_chat_id": 5},
            {"type": "channel", "id": -1000000000005},
            -1000000000005,
        ),
        (
            {"forward_from_peer_id": {"type": "channel", "id": 1000000000005}},
            {"type": "channel", "id": -1000000000005},
            -1000000000005,
        ),
        (
            {"forward_from_peer_id": {"chat_id": -1000000000005}},
            {"type": "channel", "id": -1000000000005},
            -1000000000005,
        ),
        ({"forward_from_peer_id": {"user_id": "five"}}, None, None),
        ({}, None, None),
    ],
)
def test_forwards(fields: dict[str, Any], peer: Any, chat_id: int | None) -> None:
    row = row_of(**fields)
    assert (row["forward_from_peer_id"], row["forward_from_chat_id"]) == (peer, chat_id)


@pytest.mark.parametrize(
    ("fields", "kind", "marked"),
    [
        ({"sender_tg_id": 7}, "user", 7),
        ({"sender_tg_id": 5000000000}, "user", 5000000000),
        ({"sender_tg_id": 5, "author_type": "channel"}, "channel", -1000000000005),
        ({"sender_tg_id": 5, "author_type": "chat"}, "chat", -5),
        ({"sender_tg_id": -1000000000005, "author_type": "channel"}, "channel", -1000000000005),
        ({"sender_tg_id": -5, "author_type": "user"}, "chat", -5),
        ({"author_peer_id": {"channel_id": 5}, "author_type": "user"}, "channel", -1000000000005),
    ],
)
def test_authors_are_marked(fields: dict[str, Any], kind: str, marked: int) -> None:
    row = row_of(**fields)
    assert (row["author_type"], row["sender_tg_id"]) == (kind, marked)
    assert row["author_peer_id"] == {"type": kind, "id": marked}


@pytest.mark.parametrize(
    ("fields", "marked"),
    [
        ({"reply_to_chat_id": 5}, -1000000000005),
        ({"reply_to_chat_id": -1000000000005}, -1000000000005),
        ({"reply_to_chat_id": -5}, -5),
        ({"reply_to_chat_id": 7, "reply_to_peer_id": {"type": "user", "id": 7}}, 7),
        ({"reply_to_peer_id": {"channel_id": 5}}, -1000000000005),
        ({}, None),
    ],
)
def test_replies_elsewhere_are_marked(fields: dict[str, Any], marked: int | None) -> None:
    assert row_of(**fields)["reply_to_chat_id"] == marked


def test_fields_that_came_later_leave_the_hash_as_it_was() -> None:
    """A message that was stored before they existed has not changed."""
    event = received(PARSED, **BARE)
    known = {**event.__dict__, **(event.__pydantic_extra__ or {})}
    assert raw_hash(event) == digest({name: known[name] for name in known if name not in AROUND | LATER})
    assert raw_hash(event) != raw_hash(received(PARSED, **BARE, reply_to_peer_id={"user_id": 7}))


def test_reactions_are_counted_when_nobody_did() -> None:
    """Never beyond what the column holds."""
    assert row_of(reactions=[{"emoji": "👍", "count": 2}, {"document_id": 5, "count": 1}])["reactions_count"] == 3
    assert row_of(reactions=[{"emoji": "👍", "count": INT32}] * 2)["reactions_count"] == INT32


def test_media() -> None:
    """Stored ones have all that their object needs; others say why they are not there."""
    media = [{"kind": "photo", **STORED}, {"kind": "voice", "sha256": "d" * 64, "duration": 3.0}]
    assert media_of_event(received(PARSED, **BARE, media=media)) == [
        {"position": 0, "kind": "photo", "role": "primary", "sha256": "c" * 64, "key": STORED["s3_key"],
         "mime": "image/jpeg", "size": 7},
        {"position": 1, "kind": "voice", "role": "primary", "duration": 3, "missing_reason": "not stored yet"},
    ]  # fmt: skip
    assert row_of(media=media)["has_media"]
    (told,) = media_of_event(
        received(PARSED, **BARE, media=[{"kind": "photo", "sha256": "c" * 64, "s3_key": "a/c.png"}])
    )
    assert (told["mime"], told["size"]) == ("image/png", 0)
    (old,) = media_of_event(received(PARSED, **OLD[PARSED]))
    assert old["missing_reason"] == "not stored yet"
    (uploaded,) = media_of_event(received(UPLOADED, **OLD[UPLOADED]))
    assert uploaded == {
        "position": 0, "kind": "photo", "role": "primary", "sha256": FILE["sha256"], "key": FILE["s3_key"],
        "mime": "image/jpeg", "size": 10,
    }  # fmt: skip


def test_hash_ignores_who_sent_it() -> None:
    """Two subscribers of one channel send the same message under their own ids."""
    first, second = (
        received(PARSED, **{**OLD[PARSED], "user_id": user, "trace_id": user, "occurred_at": None}) for user in "ab"
    )
    assert raw_hash(first) == raw_hash(second)
    assert len(raw_hash(first)) == 32
    assert raw_hash(first) == raw_hash(received(PARSED, **{**OLD[PARSED], "replies_count": 0}))
    assert raw_hash(first) != raw_hash(received(PARSED, **{**OLD[PARSED], "text": "y"}))
