"""Exports stream as a header and its messages, and a broken one says where it breaks."""

import gzip
import io
import itertools
import json
import tracemalloc
from typing import Any

import pytest

from tests.telegram.exports import account, chat, encode, message, old_message, read
from tg_assets.errors import TgAssetsError
from tg_assets.telegram.desktop import ExportedChat, message_hash, read_export
from tg_assets.telegram.desktop_post import ChatContext, parse
from tg_assets.telegram.json_cursor import ABSURD_NUMBER, TOO_DEEP, TOO_LONG
from tg_assets.telegram.message import Malformed, read_head


@pytest.mark.parametrize(
    ("chat_type", "marked", "source", "owner"),
    [
        ("private_channel", -1000000000042, "channel", 0),
        ("public_channel", -1000000000042, "channel", 0),
        ("private_supergroup", -1000000000042, "group", 0),
        ("public_supergroup", -1000000000042, "group", 0),
        ("private_group", -42, "persona", 900),
        ("personal_chat", -42, "dm", 900),
        ("bot_chat", -42, "dm", 900),
        ("saved_messages", -42, "dm", 900),
        ("replies", -42, "dm", 900),
        ("verification_codes", -42, "dm", 900),
        ("", -42, "persona", 900),
        (None, -42, "persona", 900),
        ("private_galaxy", -42, "persona", 900),
    ],
)
def test_chat_type_decides_id_and_source(chat_type: str | None, marked: int, source: str, owner: int) -> None:
    """Bare ids become marked ids; private chats belong to the account of the export."""
    chats, messages = read(account(chat(message(), type=chat_type)))
    assert chats == [ExportedChat("Сад", chat_type or "", 42, marked, source, owner)]  # type: ignore[arg-type]
    assert messages == [message()]


@pytest.mark.parametrize(
    ("chat_type", "number", "marked", "source"),
    [
        ("private_channel", -1000000000042, -1000000000042, "channel"),
        ("public_supergroup", "-1000000000042", -1000000000042, "group"),
        ("public_channel", 1000000000042, -1000000000042, "channel"),
        ("private_channel", -42, -1000000000042, "channel"),
        ("private_channel", 3999999999, -1003999999999, "channel"),
        ("private_group", -42, -42, "persona"),
        ("private_group", -1000000000042, -1000000000042, "group"),
        ("personal_chat", -42, -42, "dm"),
        ("personal_chat", 8123456789, -8123456789, "dm"),
    ],
)
def test_marked_ids_of_a_header_are_the_same_chat(chat_type: str, number: Any, marked: int, source: str) -> None:
    """Other tools write marked ids, which say themselves whether a group is a supergroup."""
    ((found,), _) = read(chat(message(from_id=5), type=chat_type, id=number))
    assert (found.tg_channel_id, found.source) == (marked, source)
    assert found.id == (-marked if marked > -(10**12) else -marked - 10**12)


def test_single_chat_without_account_has_no_owner() -> None:
    """One private chat's file does not say whose it is, except for saved messages."""
    assert read(chat(message(), type="personal_chat"))[0][0].owner_id is None
    saved, _ = read({"type": "saved_messages", "id": 42, "messages": []})
    assert (saved[0].owner_id, saved[0].name) == (42, None)


def test_account_gives_chats_in_order_with_left_chats() -> None:
    """Each header precedes its messages; left chats follow; everything else in the file is passed over."""
    export = account(chat(message(1), message(2)), chat(id=43), left=(chat(message(5), id=44, name=None),))
    items = list(read_export(io.BytesIO(encode(export)), "result.json"))
    assert [item.id if isinstance(item, ExportedChat) else -item["id"] for item in items] == [
        42,
        -1,
        -2,
        43,
        44,
        -5,
    ]


def test_numbers_are_int_and_float() -> None:
    """No Decimal reaches a message, so that it can be hashed and stored."""
    place = {"latitude": 55.75, "longitude": -37}
    _, messages = read(chat(message(location_information=place)))
    assert messages[0]["location_information"] == place
    assert isinstance(messages[0]["location_information"]["latitude"], float)
    assert isinstance(messages[0]["id"], int)


def test_ids_packed_before_2021_are_unpacked() -> None:
    """Old Desktop put the kind of peer above bit 32, but only where senders are integers."""
    packed = (1 << 32) + 42
    assert read(chat(old_message(from_id=packed), id=packed, type="personal_chat"))[0][0].tg_channel_id == -42
    assert read(chat(message(from_id=packed), id=packed, type="personal_chat"))[0][0].tg_channel_id == -packed
    assert read(chat(message(), id=packed, type="personal_chat"))[0][0].tg_channel_id == -packed
    assert read(chat(message(), id=(2 << 32) + 42))[0][0].tg_channel_id == -1000000000042


def test_defects_are_repaired_and_nul_is_replaced() -> None:
    """The reader repairs by itself; NUL, which Postgres cannot store, becomes a replacement character."""
    data = encode(chat(message(text="A"))).replace(b'"A"', rb'"a\x0Bb\u0000"')
    assert read(data)[1][0]["text"] == "a\x0bb\ufffd"


def test_entry_that_is_no_object_is_handed_on() -> None:
    """A caller gets it as a message without an id, to reject with a reason."""
    assert read(chat(message(), "stray", None))[1][1:] == [{"malformed": "stray"}, {"malformed": None}]


def test_cut_short_file_says_where() -> None:
    """The sentence names file, byte, line, chat and the last message read."""
    data = encode(chat(*(message(number) for number in range(1, 50))))
    cut = data.index(b'"id": 30,') + 20
    with pytest.raises(TgAssetsError) as caught:
        read(data[:cut])
    line = data[:cut].count(b"\n") + 1
    assert str(caught.value).startswith(
        f"result.json is cut short: it ends near byte {cut:,} (line {line}), after message 29 of chat number 1."
    )


def test_every_cut_is_noticed() -> None:
    """Wherever a file ends too early, it is an error and never a shorter chat."""
    data = encode(account(chat(message(1), message(2))))
    for cut in range(len(data)):
        with pytest.raises(TgAssetsError):
            read(data[:cut])
    assert len(read(data)[1]) == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is not a Telegram Desktop export"),
        (b"[1, 2]", "is not a Telegram Desktop export"),
        (b"7", "is not a Telegram Desktop export"),
        (b'{"name": "x", "id": 1}', "is not a Telegram Desktop export"),
        (b'{"chats": 5, "messages_": []}', "is not a Telegram Desktop export"),
        (b'{"id": 1, "messages": {"a": 1}}', "`messages` is not a list"),
        (b'{"messages": [], "id": 1}', "no usable `id` before its messages"),
        (b'{"id": 1, "messages": []} tail', "is not valid JSON"),
        (b'{"id": 1, "messages": [{"id": 5}, {"text": secret}]}', "after message 5 of chat number 1"),
        (b'{"id": 1, "messages": [' + b"[" * 200, "is cut short"),
        (b'{"a": 1,\n<<<<<<< HEAD\n"id": 1', "conflict marker at line 2"),
    ],
)
def test_what_is_no_export_is_refused_in_a_sentence(data: bytes, sentence: str) -> None:
    """Each kind of wrong file has its own explanation, and none shows what a message says."""
    with pytest.raises(TgAssetsError) as caught:
        read(data)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_cut_short_compression_is_a_sentence() -> None:
    """A gzip file that was not copied whole is told from broken JSON."""
    data = gzip.compress(encode(chat(*(message(number) for number in range(500)))))
    with gzip.GzipFile(fileobj=io.BytesIO(data[:-40])) as stream, pytest.raises(TgAssetsError, match="compressed"):
        list(read_export(stream, "result.json.gz"))  # type: ignore[arg-type]


def test_reading_is_lazy_and_bounded() -> None:
    """A chat of any length needs the memory of a message: 15,000 messages stay under 2 MB."""

    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            head = encode(chat())[: -len(b"]\n}")]
            bodies = (json.dumps(message(number)).encode() + b",\n" for number in itertools.count(1))
            self._parts = itertools.chain([head], bodies)
            self._buffer = b""

        def read(self, size: int = -1) -> bytes:
            while len(self._buffer) < size:
                self._buffer += next(self._parts)
            result, self._buffer = self._buffer[:size], self._buffer[size:]
            return result

    items: Any = read_export(Endless(), "endless")  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        count = sum(1 for _ in itertools.islice(items, 15_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 15_000
    assert peak < 2_000_000


def test_hash_ignores_key_order_only() -> None:
    """Two exports of one message hash alike; any other difference shows."""
    raw = message(reactions=[{"type": "emoji", "count": 1, "emoji": "👍"}])
    assert message_hash(raw) == message_hash(dict(reversed(raw.items())))
    assert len(message_hash(raw)) == 32
    assert message_hash(raw) != message_hash(raw | {"text": "иначе"})
    assert message_hash({"id": 1 << 70}) == message_hash({"id": 1 << 70})


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'[{"_": "Message", "id": 5, "message": "secret"}]', "Telethon or Pyrogram"),
        (b'{"_": "Messages", "messages": [{"_": "Message", "id": 5, "message": "secret"}]}', "Telethon or Pyrogram"),
        (b'{"messages": [{"message_id": 5, "date": 1682931600, "text": "secret"}]}', "Bot API"),
        (b'{"_": "Message", "id": 5, "message": "secret"}\n{"_": "Message"}', "Telethon or Pyrogram"),
        (b'{"id": 7, "messages": [{"_": "Message", "id": 5, "message": "secret"}]}', "Telethon or Pyrogram"),
        (b'{"id": 7, "messages": [{"id": 5, "type": "message", "file": "secret.mp4", "date": 1682931600}]}', "tdl"),
        (b'{"stream": "stream:posts:parsed", "data": {"text": "secret"}}', "tg-assets produce"),
        (b'[{"update_id": 5, "message": {"text": "secret"}}]', "Bot API"),
        (b"\xef\xbb\xbf<html><body>secret", "a page of HTML"),
    ],
)
def test_another_program_s_json_is_named(data: bytes, sentence: str) -> None:
    """What it is, and how to get an export out of Telegram Desktop."""
    with pytest.raises(TgAssetsError, match=f"it is .*{sentence}.*Machine-readable JSON") as caught:
        read(data)
    assert "secret" not in str(caught.value)


def test_what_costs_a_message_costs_no_more() -> None:
    """Absurd numbers, nesting, length: handed out with a reason and with what can be kept."""
    given = [message(1), message(2, views=10**39), message(3, text="x" * (1 << 20)), [1], message(5)]
    data = encode(chat(*given)).replace(b'"id": 5', b'"id": 5, "deep": ' + b"[" * 300 + b"]" * 300)
    _, messages = read(data)
    assert [getattr(one, "reason", None) for one in messages] == [
        None, ABSURD_NUMBER, TOO_LONG, "not an object", TOO_DEEP
    ]  # fmt: skip
    wrong = [one for one in messages if isinstance(one, Malformed)]
    assert [read_head(one) for one in wrong] == [one.reason for one in wrong]
    assert messages[2] == {"malformed": None, "after": 2}
    assert messages[1]["views"] == str(10**39)


def test_messages_with_broken_characters_are_counted() -> None:
    data = encode(chat(message(1), message(2, text="@"), message(3))).replace(b"@", b"\xff")
    reader = read_export(io.BytesIO(data), "result.json")
    assert [item["text"] for item in reader if isinstance(item, dict)] == ["привет", "\ufffd", "привет"]
    assert reader.broken == 1


def test_the_first_header_that_says_something_counts() -> None:
    """As everywhere, of a doubled key."""
    (found,), _ = read(b'{"name": "a", "name": "", "type": null, "type": "public_channel", "id": 42, "messages": []}')
    assert (found.name, found.source) == ("a", "channel")


def test_paths_of_exported_emoji_are_not_content() -> None:
    """They differ from export to export; an id does not."""
    emoji = {"type": "custom_emoji", "text": '"document_id":"x"', "document_id": "stickers/a (1).webm"}
    one, two = message(text_entities=[emoji]), message(text_entities=[emoji | {"document_id": 'b "2".webm'}])
    assert message_hash(one) == message_hash(two)
    assert message_hash(one) != message_hash(message(text_entities=[emoji | {"document_id": "77"}]))
    assert message_hash(one) != message_hash(message(text_entities=[emoji | {"text": '"document_id":"y"'}]))


@pytest.mark.parametrize("texts", ['"text": "Happy birthday", "text": ""', '"text": "", "text": "Happy birthday"'])
def test_what_is_written_with_a_gift_is_content(texts: str) -> None:
    """Desktop writes it under the key of the message's own text, which follows and is empty."""
    service = message(type="service", action="send_star_gift", actor="Ада", actor_id="user7", text_entities=[])
    data = encode(chat(service)).replace('"text": "привет"'.encode(), texts.encode())
    (raw,) = read(data)[1]
    assert parse(raw, ChatContext(-42, "dm"))["content"] == "Happy birthday"


@pytest.mark.parametrize("action", ["pin_message", "set_chat_wallpaper", "suggested_post_refund"])
def test_an_export_may_begin_with_a_message_about_another(action: str) -> None:
    """It has that one's id as well, which alone does not make it a message of the Bot API."""
    _, messages = read(chat(message(type="service", action=action, message_id=3), message(2)))
    assert len(messages) == 2


@pytest.mark.parametrize("number", ["channel42", 42.0, "42.0", "-1000000000042"])
def test_other_forms_of_a_header_s_id(number: Any) -> None:
    """They are the same chat; and so with the account's."""
    ((found,), _) = read(chat(message(), id=number))
    assert found.tg_channel_id == -1000000000042
    ((found,), _) = read(account(chat(message(), type="personal_chat", id="user7"), user_id="user900"))  # type: ignore[arg-type]
    assert (found.tg_channel_id, found.owner_id) == (-7, 900)


@pytest.mark.parametrize("header", [{"id": 42}, {"id": 0, "type": "public_channel"}, {}])
def test_a_chat_whose_header_is_behind_its_messages_is_refused(header: dict[str, Any]) -> None:
    """As where a program sorted the keys: it would be filed as a private chat of somebody's."""
    with pytest.raises(TgAssetsError, match=r"`(id|type)` before its messages"):
        read({**header, "messages": [message()], "name": "Сад", "type": "public_channel"})


@pytest.mark.parametrize(
    "given",
    [
        {"participants": [], "messages": [{"sender": "Ада", "timestamp": 1, "content": "secret"}]},
        {"channel": {"id": "7"}, "messages": [{"id": "5", "type": "Default", "content": "secret"}]},
    ],
)
def test_an_archive_of_another_messenger_is_no_export(given: Any) -> None:
    """Nobody is told to put an `id` into it."""
    with pytest.raises(TgAssetsError, match=r"not a Telegram Desktop export.*Machine-readable JSON") as caught:
        read(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["private_channel", "personal_chat", "private_group", None])
@pytest.mark.parametrize("number", [(1 << 63) - 1, -(1 << 63), 2_000_000_000_000, 0])
def test_an_id_that_no_chat_has_is_a_sentence(kind: str | None, number: int) -> None:
    """No column could hold it, or two chats would share it."""
    with pytest.raises(TgAssetsError, match="no usable `id`"):
        read(chat(message(), type=kind, id=number))


def test_a_packed_id_of_nothing_is_a_sentence() -> None:
    with pytest.raises(TgAssetsError, match="no usable `id`"):
        read(chat(old_message(), type="private_group", id=2 << 32))
