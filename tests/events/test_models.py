"""What producers send is validated at the border: old events, new ones, and those that no table could hold."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events.old_events import FILE, OLD, POST, SKIPPED
from tests.support.data import ROOT
from tg_assets.events.envelope import BadEvent, stamped
from tg_assets.events.fields import ChatRef
from tg_assets.events.results import PostTaggedEventV1
from tg_assets.events.schemas import files
from tg_assets.events.streams import (
    INBOUND,
    STREAMS,
    decode,
    dlq_of,
    encode,
    shard_name,
    shard_names,
    shard_of,
    stream_for,
    stream_named,
)
from tg_assets.ids import MESSAGE_ID_MAX
from tg_assets.tagging.tags import tags_hash
from tg_assets.telegram.fields import INT32, INT64

PARSED, EDITED, DELETED = "stream:posts:parsed", "stream:posts:edited", "stream:posts:deleted"
PERSONA, UPLOADED, ANALYZED = (
    "stream:persona:messages:ingested",
    "stream:posts:vision:uploaded",
    "stream:posts:vision:analyzed",
)
BARE = {
    "tenant_id": "t",
    "tg_channel_id": 42,
    "telegram_message_id": 5,
    "text": "x",
    "posted_at": "2025-01-01T00:00:00Z",
}


def received(stream: str, **fields: Any) -> Any:
    """An event as it comes out of a stream."""
    return decode(stream, json.dumps(fields).encode())


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in names}


@pytest.mark.parametrize("stream", OLD)
def test_old_events_are_accepted_and_kept(stream: str) -> None:
    """Every field that was sent is there afterwards, under its name."""
    event = received(stream, **OLD[stream])
    assert type(event) is stream_named(stream).model
    again = json.loads(encode(event))
    assert set(OLD[stream]) <= set(again)
    assert received(stream, **again) == event


def test_every_stream_is_in_the_table() -> None:
    """The contract's names and directions."""
    assert {stream.name: stream.direction for stream in STREAMS} == {
        PARSED: "in", EDITED: "in", DELETED: "in", "stream:albums:parsed": "both", UPLOADED: "in", ANALYZED: "both",
        PERSONA: "in", "stream:persona:graph:updated": "out", "stream:posts:tagged": "out",
        "stream:album:assembled": "out", "stream:posts:indexed": "out",
    }  # fmt: skip
    assert len(INBOUND) == 7
    assert dlq_of(PARSED) == "stream:posts:parsed:dlq"


def test_the_least_that_a_message_needs() -> None:
    """Channel is the default; an occurred_at nobody told is the reader's to take from the entry."""
    event = received(PARSED, **BARE)
    assert event.chat == ChatRef(-1000000000042, "channel", 0)
    assert event.message_ids == (5,)
    assert (event.occurred_at, event.event_id, event.media) == (None, None, [])


@pytest.mark.parametrize(
    ("fields", "chat"),
    [
        ({"tg_channel_id": -1000000000042}, ChatRef(-1000000000042, "channel", 0)),
        ({"tg_channel_id": -42, "source": "group"}, ChatRef(-42, "group", 0)),
        ({"tg_channel_id": -42, "owner_id": 9}, ChatRef(-42, "persona", 9)),
        ({"tg_channel_id": -42, "owner_id": 9, "source": None}, ChatRef(-42, "persona", 9)),
        ({"tg_channel_id": -42}, ChatRef(-42, "channel", 0)),
        ({"tg_channel_id": -42, "source": "channel", "user_id": "900"}, ChatRef(-42, "persona", 900)),
        ({"source": None}, ChatRef(-1000000000042, "channel", 0)),
        ({"source": ""}, ChatRef(-1000000000042, "channel", 0)),
        ({"owner_id": 9}, ChatRef(-1000000000042, "channel", 0)),
        ({"source": "group", "chat_title": "Сад"}, ChatRef(-1000000000042, "group", 0, "Сад")),
        ({"source": "group", "user_id": "900"}, ChatRef(-1000000000042, "group", 0)),
        ({"source": "group", "owner_id": 9, "chat_title": "Сад"}, ChatRef(-1000000000042, "group", 9, "Сад")),
        ({"source": "dm", "user_id": "900"}, ChatRef(-42, "dm", 900)),
        ({"source": "dm", "user_id": 900}, ChatRef(-42, "dm", 900)),
        ({"source": "dm", "owner_id": 901, "user_id": "u"}, ChatRef(-42, "dm", 901)),
        ({"source": "dm", "owner_id": 901, "tg_channel_id": -42}, ChatRef(-42, "dm", 901)),
        ({"source": "persona", "user_id": "900"}, ChatRef(-42, "persona", 900)),
        ({"source": "persona", "owner_id": 9, "tg_channel_id": -42}, ChatRef(-42, "persona", 9)),
        (
            {"source": "persona", "owner_id": 9, "tg_channel_id": -1000000000042, "chat_username": "sad"},
            ChatRef(-1000000000042, "persona", 9, None, "sad"),
        ),
    ],
)
def test_chats_are_named_by_marked_ids(fields: dict[str, Any], chat: ChatRef) -> None:
    """Whatever form a producer uses; a private chat has its account. A second trip changes nothing."""
    event = received(PARSED, **{**BARE, **fields})
    assert event.chat == chat
    assert decode(PARSED, encode(event)) == event


@pytest.mark.parametrize(
    ("stream", "fields", "said"),
    [
        (PARSED, without(BARE, "tenant_id"), "PostParsedEventV1: tenant_id: Field required"),
        (PARSED, {**BARE, "tenant_id": ""}, "tenant_id"),
        (PARSED, without(BARE, "telegram_message_id"), "telegram_message_id is missing"),
        (PARSED, {**BARE, "tg_message_id": 6}, "differ"),
        (PARSED, {**BARE, "tg_channel_id": 0}, "tg_channel_id is 0"),
        (PARSED, {**BARE, "tg_channel_id": 10**12}, "tg_channel_id is too large"),
        (PARSED, {**BARE, "source": "dm"}, "owner_id is missing"),
        (PARSED, {**BARE, "source": "dm", "user_id": "ада"}, "owner_id is missing"),
        (PARSED, {**BARE, "source": "persona"}, "owner_id is missing"),
        (DELETED, {"tenant_id": "t", "source": "persona", "tg_channel_id": -42}, "owner_id is missing"),
        (PARSED, {**BARE, "source": "supergroup"}, "source"),
        (PARSED, {**BARE, "source": "dm", "owner_id": 9, "tg_channel_id": -1000000000042}, "a channel's"),
        (PERSONA, {**OLD[PERSONA], "peer_id": -1000000000042}, "a channel's"),
        (PARSED, {**BARE, "schema_version": "v2"}, "schema_version"),
        (PARSED, {**BARE, "posted_at": "вчера"}, "posted_at"),
        (PARSED, {**BARE, "posted_at": "0001-01-01T00:00:00+12:00"}, "posted_at"),
        (PARSED, {**BARE, "views_count": INT32 + 1}, "views_count"),
        (PARSED, {**BARE, "forwards_count": -1}, "forwards_count"),
        (PARSED, {**BARE, "telegram_message_id": INT64 + 1}, "telegram_message_id"),
        (PARSED, {**BARE, "sender_tg_id": -INT64 - 2}, "sender_tg_id"),
        (PARSED, {**BARE, "media": [{"kind": "zip"}]}, "media.0.kind"),
        (PARSED, {**BARE, "media": [{"kind": "photo", "sha256": "zz"}]}, "media.0.sha256"),
        (PARSED, {**BARE, "media": [{"kind": "photo", "width": INT32 + 1}]}, "media.0.width"),
        (PARSED, {**BARE, "reactions": [{"emoji": "x"}]}, "reactions.0.count"),
        (EDITED, BARE, "edited_at: Field required"),
        (DELETED, {"tenant_id": "t", "telegram_message_id": 5}, "tg_channel_id: Field required"),
        (DELETED, {"tenant_id": "t", "tg_channel_id": 42}, "telegram_message_ids is missing"),
        (UPLOADED, {"tenant_id": "t", "post_id": "p", "media_files": []}, "media_files"),
        (UPLOADED, {"tenant_id": "t", "media_files": [FILE]}, "post_id is missing"),
        (ANALYZED, {"tenant_id": "t", "post_id": "p"}, "vision is missing"),
        (PERSONA, {**OLD[PERSONA], "user_id": "me"}, "user_id"),
        (PERSONA, {**OLD[PERSONA], "telegram_message_id": 0}, "telegram_message_id"),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_in_a_sentence(stream: str, fields: dict[str, Any], said: str) -> None:
    """It names the field, and quotes nothing of what was sent."""
    secret = "пароль 1234"
    with pytest.raises(BadEvent) as caught:
        received(stream, **{**fields, "text": secret, "content": secret, "author_name": secret})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "пароль" not in str(caught.value)
    assert "вчера" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"a":"\\ud800"}', b"[" * 10000, b"null", b'"x"'])
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(BadEvent, match="PostParsedEventV1"):
        decode(PARSED, data)


def test_a_null_is_a_field_that_nobody_filled() -> None:
    """Of whatever type, and inside too; but what every event needs is missing then."""
    optional = {name for name, field in stream_named(PARSED).model.model_fields.items() if not field.is_required()}
    event = received(PARSED, **dict.fromkeys(optional) | BARE)
    assert event == received(PARSED, **BARE)
    assert received(PARSED, **BARE | {"text": None}).text == ""
    inside = {
        "reactions": [{"emoji": None, "document_id": "5", "count": 2}],
        "media": [{"kind": "photo", "size": None}],
    }
    assert received(PARSED, **BARE, **inside, views_count=None).reactions == [{"document_id": "5", "count": 2}]
    service = {"members": ["Ада", None], "id": 10**30}
    assert received(PARSED, **BARE, entities=None, service=service).service == service
    assert received(DELETED, **BARE, telegram_message_ids=None).message_ids == (5,)
    for name in ("posted_at", "tenant_id"):
        with pytest.raises(BadEvent, match=name):
            received(PARSED, **BARE | {name: None})


def test_a_foreign_stream_is_refused() -> None:
    with pytest.raises(BadEvent, match="no stream"):
        decode("stream:posts:parsed:x", b"{}")


def test_moments_are_in_utc() -> None:
    """A zone is converted; without one it is UTC already."""
    event = received(PARSED, **{**BARE, "posted_at": "2025-01-01T03:00:00+03:00", "edited_at": "2025-01-01T00:00:00"})
    assert event.posted_at == event.edited_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert event.posted_at.tzinfo is event.edited_at.tzinfo is UTC


def test_deletions_name_their_messages() -> None:
    """One, many, or both; each once."""
    chat = {"tenant_id": "t", "tg_channel_id": 42}
    assert received(DELETED, **chat, tg_message_id=5).message_ids == (5,)
    assert received(DELETED, **chat, telegram_message_id=5, telegram_message_ids=[6, 5]).message_ids == (5, 6)


@pytest.mark.parametrize(
    ("fields", "chat"),
    [
        ({}, ChatRef(-7, "dm", 900, "ada")),
        ({"sender_tg_id": 900}, None),
        ({"sender_tg_id": 900, "peer_id": 12}, ChatRef(-12, "dm", 900)),
        ({"tg_channel_id": 12, "source": "sideload"}, ChatRef(-12, "dm", 900)),
        ({"dialog_type": "group"}, None),
        ({"dialog_type": "group", "peer_id": -12}, ChatRef(-12, "group", 900)),
        ({"dialog_type": "group", "peer_id": 12}, ChatRef(-12, "group", 900)),
        ({"dialog_type": "group", "peer_id": 12, "source": None}, ChatRef(-12, "group", 900)),
        ({"dialog_type": "group", "peer_id": 1_800_000_012}, ChatRef(-1001800000012, "group", 900)),
        ({"dialog_type": "group", "peer_id": 12, "source": "dm"}, ChatRef(-12, "group", 900)),
        ({"dialog_type": "dm", "peer_id": -12, "source": "group"}, ChatRef(-12, "dm", 900)),
        ({"dialog_type": "group", "peer_id": -12, "owner_id": 901}, ChatRef(-12, "group", 900)),
        ({"dialog_type": "group", "tg_channel_id": 12}, ChatRef(-1000000000012, "group", 900)),
        ({"dialog_type": "group", "peer_id": -12, "source": "persona"}, ChatRef(-12, "persona", 900)),
        ({"dialog_type": "group", "peer_id": 12, "source": "persona"}, ChatRef(-12, "persona", 900)),
    ],
)
def test_chat_of_a_personas_message(fields: dict[str, Any], chat: ChatRef | None) -> None:
    """The peer that is told, else the sender who is not the account, else nobody knows; always the account's own."""
    event = received(PERSONA, **{**OLD[PERSONA], **fields})
    assert event.chat == chat
    assert decode(PERSONA, encode(event)) == event


def test_vision_results_have_the_contracts_shape() -> None:
    """Also those of the old worker, which wrapped the classification; a skipped one has none."""
    event = received(ANALYZED, **OLD[ANALYZED])
    result = event.result()
    assert (result.classification, result.labels, result.ocr_text, result.is_meme) == ("meme", ["кот"], "мяу", True)
    assert (event.sha256, event.skipped, event.chat) == ("b" * 64, False, None)
    skipped = received(ANALYZED, **SKIPPED)
    assert (skipped.skipped, skipped.result()) == (True, None)
    odd = received(ANALYZED, **{**OLD[ANALYZED], "vision": {**OLD[ANALYZED]["vision"], "classification": "кот"}})
    with pytest.raises(BadEvent, match="vision: classification"):
        odd.result()


def test_default_keys() -> None:
    """As before, but tags that differ have keys that differ, and so have the edits of a message."""
    keys = {
        stream: received(stream, **without(fields, "idempotency_key")).default_key() for stream, fields in OLD.items()
    }
    assert keys[PARSED] == "default:8d1e:5"
    assert keys["stream:albums:parsed"] == "default:8d1e:14098870643862234"
    assert keys["stream:album:assembled"] == "default:8d1e:14098870643862234:assembled"
    assert keys[UPLOADED] == "default:77aa:vision_upload"
    assert keys[ANALYZED] == f"default:77aa:{'b' * 64}"
    first, second = (
        PostTaggedEventV1(tenant_id="t", post_id="p", tags=tags, tags_hash=tags_hash(tags)) for tags in (["a"], ["b"])
    )
    assert first.default_key() == f"p:tagged:{tags_hash(['a'])}:initial" != second.default_key()
    edits = [received(EDITED, **BARE, edited_at="2025-01-02T00:00:00Z", views_count=views) for views in (1, 2)]
    assert edits[0].default_key() != edits[1].default_key()
    assert received(PARSED, **BARE).default_key() == "t:-1000000000042:5"
    assert received(PARSED, **BARE, source="dm", owner_id=9).default_key() == "t:9:-42:5"
    assert received(PARSED, **BARE, source="persona", owner_id=9).default_key() == "t:9:-42:5"
    mine, theirs, shared = (
        received(PARSED, **BARE, source="group", channel_id="c", owner_id=owner).default_key() for owner in (9, 8, None)
    )
    assert (mine, theirs, shared) == ("t:9:c:5", "t:8:c:5", "t:c:5")


def test_stamping_fills_the_envelope_and_changes_nothing_given() -> None:
    event = stamped(received(PARSED, **BARE))
    assert event.event_id == event.trace_id
    assert (event.idempotency_key, event.occurred_at.tzinfo) == ("t:-1000000000042:5", UTC)
    assert stamped(event) == event
    assert stamped(received(PARSED, **OLD[PARSED])).trace_id == OLD[PARSED]["trace_id"]


def test_a_chat_stays_in_one_shard() -> None:
    """Shard 0 has the stream's name; the shard depends on nothing but the chat."""
    assert shard_names(PARSED, 3) == [PARSED, f"{PARSED}:1", f"{PARSED}:2"]
    assert [stream_named(name).name for name in shard_names(PARSED, 3)] == [PARSED] * 3
    event = received(PARSED, **BARE)
    shard = shard_of("-1000000000042", 7)
    assert stream_for(event, 7) == shard_name(PARSED, shard)
    assert stream_for(received(DELETED, **without(BARE, "posted_at")), 7) == shard_name(DELETED, shard)
    assert stream_for(event) == PARSED
    assert shard_of("77aa", 1000) == 433  # CRC-32, in any language
    vision = received(UPLOADED, **OLD[UPLOADED])
    assert stream_for(vision, 7) == shard_name(UPLOADED, shard_of("77aa", 7))


@pytest.mark.parametrize("text", ["\x00", "a\x00\x00b", "\\u0000", "\\\x00", "\\\\u0000", "\\\\\x00\\"])
def test_nul_is_replaced_on_the_way_in(text: str) -> None:
    """In every string and key, and only there: a backslash before ``u0000`` is text."""
    event = received(PARSED, **{**BARE, "text": text, "chat_title": text, "extra": {text: text}})
    clean = text.replace("\x00", "\ufffd")
    assert (event.text, event.chat.title, event.extra) == (clean, clean, {clean: clean})


def test_unknown_fields_are_kept() -> None:
    """Ours and those of a medium; None is left out of what is sent."""
    event = received(PARSED, **BARE, colour={"a": [1, None]}, media=[{"kind": "photo", "blur": 3}])
    sent = json.loads(encode(event))
    assert (sent["colour"], sent["media"]) == ({"a": [1, None]}, [{"kind": "photo", "blur": 3}])
    assert "edited_at" not in sent


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    text=st.text(),
    extra=st.dictionaries(st.text("abc", min_size=5, max_size=9), JSON.filter(lambda value: value is not None)),
    at=st.datetimes(datetime(1970, 1, 2), datetime(2106, 2, 6), timezones=st.none() | st.timezones()),  # noqa: DTZ001
    number=st.integers(-MESSAGE_ID_MAX, MESSAGE_ID_MAX).filter(bool),
    counts=st.tuples(*[st.integers(0, INT32)] * 4),
    entities=st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=3),
)
@settings(max_examples=200, deadline=None)
def test_events_survive_the_trip(
    text: str, extra: Any, at: datetime, number: int, counts: tuple[int, ...], entities: Any
) -> None:
    """What is encoded decodes to the same event, and encodes to the same bytes."""
    names = ("views_count", "forwards_count", "reactions_count", "replies_count")
    event = stamped(
        stream_named(PARSED).model(
            **{**BARE, "text": text, "posted_at": at, "telegram_message_id": number, "entities": entities},
            **dict(zip(names, counts, strict=True)),
            **extra,
        )
    )
    data = encode(event)
    again = decode(PARSED, data)
    if b"\\u0000" not in data:
        assert again == event
        assert encode(again) == data
    assert decode(PARSED, encode(again)) == again
    assert again.text == text.replace("\x00", "\ufffd")


def test_schemas_do_not_drift() -> None:
    """``python -m tg_assets.events.schemas`` was run after the last change of a model."""
    written = {path.name: path.read_bytes() for path in (ROOT / "docs" / "events").glob("*.schema.json")}
    assert written == files()


def test_schemas_say_what_the_models_do() -> None:
    """One per event, and the required fields are the contract's."""
    schema = json.loads(files()["PostParsedEventV1.schema.json"])
    assert set(schema["required"]) == {"tenant_id", "tg_channel_id", "text", "posted_at"}
    assert schema["x-stream"] == PARSED
    assert set(POST) <= set(schema["properties"])
