"""A message becomes a row with every column, whatever schema it is in and whatever is wrong with it."""

from datetime import UTC, datetime
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telegram.exports import message, old_message
from tg_assets.telegram.desktop_post import ChatContext, PostRow, media_of, parse

CHANNEL = ChatContext(-1000000000042, "channel", "sad")
PRIVATE = ChatContext(-1000000000042, "channel")
GROUP = ChatContext(-1000000000043, "group")
SMALL = ChatContext(-44, "group")
DM = ChatContext(-45, "dm")


def test_text_message() -> None:
    """The usual case: who, when, what, and its address."""
    row = parse(message(edited="x", edited_unixtime="1682931700", author="Редакция"), CHANNEL)
    assert row["content"] == "привет"
    assert row["posted_at"] == datetime(2023, 5, 1, 9, 0, tzinfo=UTC)
    assert row["edited_at"] == datetime(2023, 5, 1, 9, 1, 40, tzinfo=UTC)
    assert row["is_edited"]
    assert row["telegram_post_url"] == "https://t.me/sad/1"
    assert (row["author_name"], row["author_type"], row["sender_tg_id"]) == ("Ада", "user", 7)
    assert row["author_peer_id"] == {"type": "user", "id": 7}
    assert row["post_author"] == "Редакция"
    assert (row["has_media"], row["is_service"], row["action_type"], row["service"]) == (False, False, None, None)


@pytest.mark.parametrize(
    ("chat", "url"),
    [
        (CHANNEL, "https://t.me/sad/1"),
        (PRIVATE, "https://t.me/c/42/1"),
        (GROUP, "https://t.me/c/43/1"),
        (SMALL, None),
        (DM, None),
        (ChatContext(-45, "dm", "ada"), None),
        (ChatContext(-1000000000043, "group", "@sad"), "https://t.me/sad/1"),
    ],
)
def test_only_channels_and_supergroups_have_addresses(chat: ChatContext, url: str | None) -> None:
    """Public ones by name, private ones by bare id."""
    assert parse(message(), chat)["telegram_post_url"] == url


def test_message_of_the_group_before_a_supergroup_has_no_address() -> None:
    """Its negative id means nothing to Telegram."""
    assert parse(message(-999_999_990), CHANNEL)["telegram_post_url"] is None


@pytest.mark.parametrize(
    ("from_id", "chat", "kind", "marked"),
    [
        ("user7", GROUP, "user", 7),
        ("channel42", GROUP, "channel", -1000000000042),
        ("chat44", SMALL, "chat", -44),
        (7, GROUP, "user", 7),
        ((1 << 32) + 7, GROUP, "user", (1 << 32) + 7),
        (5000000000, GROUP, "user", 5000000000),
        ("8123456789", GROUP, "user", 8123456789),
        (-1000000000042, CHANNEL, "channel", -1000000000042),
        (1000000000042, CHANNEL, "channel", -1000000000042),
        ("channel-1000000000042", CHANNEL, "channel", -1000000000042),
        ("channel1000000000042", CHANNEL, "channel", -1000000000042),
        (-44, SMALL, "chat", -44),
        ("chat-44", SMALL, "chat", -44),
        ("chat-1000000000042", CHANNEL, "channel", -1000000000042),
        ("user7900000000", GROUP, "user", 7900000000),
        (None, GROUP, None, None),
        ("userx", GROUP, None, None),
        ("user-7", GROUP, None, None),
        ("bot7", GROUP, None, None),
        ({}, GROUP, None, None),
        (True, GROUP, None, None),
    ],
)
def test_senders_of_all_schemas(from_id: Any, chat: ChatContext, kind: str | None, marked: int | None) -> None:
    """ "user7" since 2021, bare or marked numbers of other tools; a deleted account or nonsense is nobody."""
    row = parse(message(from_id=from_id, forwarded_from_id=from_id), chat)
    assert (row["author_type"], row["sender_tg_id"]) == (kind, marked)
    assert row["forward_from_peer_id"] == ({"type": kind, "id": marked} if kind else None)


@pytest.mark.parametrize(
    ("from_id", "chat", "kind", "marked"),
    [
        (7, GROUP, "user", 7),
        ((1 << 32) + 7, GROUP, "user", 7),
        ((2 << 32) + 42, CHANNEL, "channel", -1000000000042),
        ((2 << 32) + 44, SMALL, "chat", -44),
        (5000000000, GROUP, "user", 5000000000 - (1 << 32)),
    ],
)
def test_senders_before_mid_2021(from_id: int, chat: ChatContext, kind: str, marked: int) -> None:
    """Numbers, packed or not; no user's own number was that large then."""
    row = parse(old_message(from_id=from_id), chat)
    assert (row["author_type"], row["sender_tg_id"]) == (kind, marked)


def test_peers_in_details_of_a_service_message_are_marked() -> None:
    """As those of a message are; what is no peer stays as it is."""
    details = {"peer_id": "channel42", "charge_id": "1234", "other_id": "userMe", "amount": 5}
    service = {"type": "service", "action": "refunded_payment", **details, "reply_to_peer_id": "chat44"}
    row = parse(message(**service), GROUP)
    assert row["service"] == details | {"peer_id": -1000000000042, "reply_to_peer_id": -44}


def test_deleted_account_keeps_its_id() -> None:
    """`from: null` is a deleted account whose id is still known."""
    row = parse(message(**{"from": None}), GROUP)
    assert (row["author_name"], row["sender_tg_id"]) == (None, 7)


def test_reply_here_and_elsewhere() -> None:
    """A reply across chats carries the marked id of the other chat."""
    assert parse(message(reply_to_message_id=3), GROUP)["reply_to_chat_id"] is None
    row = parse(message(reply_to_message_id=3, reply_to_peer_id="channel42"), GROUP)
    assert (row["reply_to_message_id"], row["reply_to_chat_id"]) == (3, -1000000000042)


@pytest.mark.parametrize(
    ("chat", "named"), [(CHANNEL, "channel42"), (GROUP, "channel43"), (DM, "user45"), (GROUP, "channel-1000000000043")]
)
def test_reply_that_names_its_own_chat_is_one_here(chat: ChatContext, named: str) -> None:
    """As it is when a message comes from Telegram."""
    row = parse(message(reply_to_message_id=5, reply_to_peer_id=named), chat)
    assert (row["reply_to_message_id"], row["reply_to_chat_id"]) == (5, None)


def test_where_a_message_was_saved_from_is_its_origin() -> None:
    """Unless the name of its author is told."""
    assert parse(message(forwarded_from=None, saved_from="Огород"), DM)["forward_from_name"] == "Огород"
    assert parse(message(forwarded_from="Борис", saved_from="Огород"), DM)["forward_from_name"] == "Борис"


def test_author_under_the_other_name() -> None:
    """Programs that convert exports call everybody `from`, or everybody `actor`."""
    unsigned = {name: value for name, value in message().items() if not name.startswith("from")}
    for row in (
        parse(unsigned | {"actor": "Ада", "actor_id": "user7"}, GROUP),
        parse(message(type="service", action="pin_message"), GROUP),
    ):
        assert (row["author_name"], row["sender_tg_id"]) == ("Ада", 7)


def test_whole_numbers_written_as_floats() -> None:
    """A program that reads an export as a table makes 7.0 of a 7; what a float rounds is no id."""
    row = parse(message(7.0, from_id="user8.0", reply_to_message_id=5.0), PRIVATE)
    assert row["telegram_post_url"] == "https://t.me/c/42/7"
    assert (row["sender_tg_id"], row["reply_to_message_id"]) == (8, 5)
    assert parse(message(7.5, reply_to_message_id=float(1 << 60)), PRIVATE)["telegram_post_url"] is None
    assert parse(message(reply_to_message_id=float(1 << 60)), PRIVATE)["reply_to_message_id"] is None


def test_forwards() -> None:
    """Name only (old, or a hidden account), or name and id; the source message is never in an export."""
    hidden = parse(message(forwarded_from="Кто-то"), GROUP)
    assert (hidden["forward_from_name"], hidden["forward_from_peer_id"]) == ("Кто-то", None)
    channel = parse(message(forwarded_from="Сад", forwarded_from_id="channel42"), GROUP)
    assert channel["forward_from_peer_id"] == {"type": "channel", "id": -1000000000042}
    assert channel["forward_from_chat_id"] == -1000000000042
    assert (channel["forward_from_message_id"], channel["forward_date"]) == (None, None)
    user = parse(message(forwarded_from=None, forwarded_from_id="user7"), GROUP)
    assert user["forward_from_peer_id"] == {"type": "user", "id": 7}
    assert user["forward_from_chat_id"] is None


def test_reactions_are_listed_and_summed() -> None:
    """Emoji, custom emoji and paid reactions; senseless counts are left out."""
    reactions = [
        {"type": "emoji", "count": 3, "emoji": "👍", "recent": [{"from": "Ада", "from_id": "user7"}]},
        {"type": "custom_emoji", "count": 2, "document_id": "files/sticker.webm"},
        {"type": "custom_emoji", "count": 4, "document_id": "5432109876543210987"},
        {"type": "paid", "count": 1},
        {"type": "emoji", "count": -5, "emoji": "👎"},
        {"type": "emoji", "emoji": "👎"},
        None,
    ]
    row = parse(message(reactions=reactions), GROUP)
    assert row["reactions"] == [
        {"emoji": "👍", "count": 3},
        {"count": 2},
        {"document_id": "5432109876543210987", "count": 4},
        {"emoji": "⭐", "count": 1},
    ]
    assert row["reactions_count"] == 10


def test_poll_is_content() -> None:
    """A poll has no text of its own."""
    row = parse(message(text="", text_entities=[], poll={"question": "Где?", "answers": [{"text": "Тут"}]}), GROUP)
    assert row["content"] == "Где?\nТут"
    assert row["content_hash"] is not None
    assert row["poll"] is not None


def test_service_message_has_details_and_no_content() -> None:
    """What happened is data, not text to search."""
    raw = {"id": 8, "type": "service", "date": "2023-05-01T12:00:00", "date_unixtime": "1682931600", "text": ""}
    row = parse(raw | {"actor": "Ада", "actor_id": "user7", "action": "invite_members", "members": ["Б", None]}, GROUP)
    assert (row["is_service"], row["action_type"], row["content"], row["content_hash"]) == (
        True,
        "invite_members",
        "",
        None,
    )
    assert row["service"] == {"members": ["Б", None]}
    assert (row["author_name"], row["sender_tg_id"]) == ("Ада", 7)
    custom = parse(raw | {"information_text": "Бот добавлен"}, GROUP)
    assert (custom["action_type"], custom["service"]) == ("custom_action", {"information_text": "Бот добавлен"})


def test_topic_service_message_names_its_topic() -> None:
    """The id of a forum topic is the id of the message that created it."""
    raw = {"id": 8, "type": "service", "date_unixtime": "1682931600", "action": "topic_created", "title": "Розы"}
    assert parse(raw, GROUP)["forum_topic_id"] == 8


def test_media_columns_agree_with_media_of() -> None:
    """Only files that the export holds have a url; a post whose file is absent still has media."""
    held = message(photo="photos/a.jpg")
    absent = message(photo="(File not included. Change data exporting settings to download.)")
    assert (parse(held, GROUP)["has_media"], parse(held, GROUP)["media_urls"]) == (True, ["photos/a.jpg"])
    assert (parse(absent, GROUP)["has_media"], parse(absent, GROUP)["media_urls"]) == (True, [])


def test_message_in_the_schema_of_2020() -> None:
    """No unix time, no text entities, integer sender, list text."""
    raw = {
        "id": 5,
        "type": "message",
        "date": "2020-03-01T10:00:00",
        "edited": "2020-03-01T10:05:00",
        "from": "Ада",
        "from_id": 7,
        "forwarded_from": "Сад",
        "via_bot": "@gif",
        "text": ["a ", {"type": "italic", "text": "b"}],
    }
    row = parse(raw, GROUP)
    assert row["content"] == "a b"
    assert row["entities"] == [{"type": "italic", "offset": 2, "length": 1}]
    assert row["posted_at"] == datetime(2020, 3, 1, 10, 0, tzinfo=UTC)
    assert row["is_edited"]


def test_places_games_invoices_are_accepted() -> None:
    """Kinds without a file leave the content empty and break nothing."""
    for fields in (
        {"location_information": None, "live_location_period_seconds": 5},
        {"place_name": "Сад", "address": "Улица", "location_information": {"latitude": 1.5, "longitude": 2}},
        {"game_title": "Т", "game_link": "https://t.me/bot?game=t"},
        {"invoice_information": '{"title": "x"}', "self_destruct_period_seconds": 3},
        {"contact_information": {"first_name": "Ада"}},
        {"inline_bot_buttons": [[{"type": "url", "text": "x", "data": "https://a.example"}]]},
    ):
        assert not parse(message(text="", text_entities=[]) | fields, GROUP)["has_media"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=5,
)
TYPED = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("type", "text", "href", "user_id", "document_id", "count", "emoji", "language"), ANY),
)
FIELD = ANY | TYPED | st.lists(TYPED | ANY, max_size=4)
NAMES = [
    *("id", "date", "date_unixtime", "edited", "edited_unixtime", "from", "from_id", "actor", "actor_id", "action"),
    *("text", "text_entities", "photo", "file", "media_type", "thumbnail", "width", "duration_seconds", "file_size"),
    *("reply_to_message_id", "reply_to_peer_id", "forwarded_from", "forwarded_from_id", "reactions", "poll", "author"),
]


@settings(max_examples=80)
@given(
    st.fixed_dictionaries({"type": st.sampled_from(["message", "service"]) | ANY}, optional=dict.fromkeys(NAMES, FIELD))
)
def test_no_message_makes_it_raise(raw: dict[str, Any]) -> None:
    """Any JSON gives a row with all columns whose values a database takes."""
    row = parse(raw, GROUP)
    assert row.keys() == get_type_hints(PostRow).keys()
    orjson.dumps({key: value for key, value in row.items() if key != "service"})
    assert all(-(1 << 63) <= value < 1 << 63 for value in row.values() if isinstance(value, int))
    assert [item.position for item in media_of(raw)] == list(range(len(media_of(raw))))


def test_sizes_and_sums_that_no_column_holds() -> None:
    """A message with an absurd number is a row without it, as its event is."""
    row = parse(message(reactions=[{"type": "emoji", "count": (1 << 31) - 1, "emoji": one} for one in "👍🔥"]), GROUP)
    assert row["reactions_count"] == (1 << 31) - 1
    (ref,) = media_of(
        message(
            file="a.mp4", width=1 << 31, height=-1, duration_seconds=10**10, file_size=1 << 63, mime_type="video/mp4"
        )
    )
    assert (ref.width, ref.height, ref.duration, ref.size) == (None, None, None, None)
