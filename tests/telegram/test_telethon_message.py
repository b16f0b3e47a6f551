"""A Telethon message becomes an event with every field that Telegram told."""

import copy
import gzip
import json
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types as tl

from tests.support.data import shared_data
from tests.telegram.tl import (
    AT,
    CHANNEL,
    DM,
    ENVELOPE,
    GROUP,
    LATER,
    NAMED,
    SMALL,
    VIDEO,
    event,
    fields,
    message,
    photo,
    poll,
    sent,
    service,
    stored,
)
from tg_assets.events.content import content_digest
from tg_assets.events.from_telethon import (
    NEVER,
    TelethonChat,
    TelethonRow,
    edited_event_of,
    event_of,
    parse_telethon,
    row_of,
)
from tg_assets.events.media_list import media_of_event
from tg_assets.events.post_row import post_row
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.streams import decode, encode
from tg_assets.telegram.desktop_post import ChatContext, PostRow


def test_the_usual_message() -> None:
    """What it says, where, when, and how it was received."""
    found = event(
        message(
            CHANNEL,
            id=5,
            views=12,
            forwards=3,
            replies=tl.MessageReplies(4, 1),
            post_author="Редакция",
            grouped_id=99,
            pinned=True,
        ),
        CHANNEL,
    )
    assert fields(found, "tenant_id", "tg_channel_id", "source", "owner_id") == ("t", -1000000000042, "channel", None)
    assert fields(found, "chat_title", "chat_username") == ("Сад", "sad")
    assert fields(found, "telegram_message_id", "tg_message_id", "grouped_id") == (5, 5, 99)
    assert fields(found, "posted_at", "edited_at", "is_edited") == (AT, None, False)
    assert fields(found, "text", "entities", "urls", "link_count") == ("привет", [], [], 0)
    assert fields(found, "views_count", "forwards_count", "replies_count") == (12, 3, 4)
    assert fields(found, "post_author", "is_pinned", "telegram_post_url") == ("Редакция", True, "https://t.me/sad/5")
    assert fields(found, "has_media", "media", "is_service", "action_type", "service") == (False, [], False, None, None)
    assert found.content_hash == post_row(found, ChatContext(CHANNEL.tg_channel_id, "channel"))["content_hash"]


def test_reactions() -> None:
    """Emoji, custom emoji, stars; summed."""
    given = [
        tl.ReactionCount(tl.ReactionEmoji("👍"), 3, chosen_order=1),
        tl.ReactionCount(tl.ReactionCustomEmoji(5), 2),
        tl.ReactionCount(tl.ReactionPaid(), 10),
        tl.ReactionCount(tl.ReactionEmpty(), 1),
    ]
    found = event(message(reactions=tl.MessageReactions(given)))
    assert found.reactions == [
        {"emoji": "👍", "count": 3},
        {"document_id": "5", "count": 2},
        {"emoji": "⭐", "count": 10},
    ]
    assert found.reactions_count == 15


USER = {"type": "user", "id": 7}


@pytest.mark.parametrize(
    ("one", "chat", "peer", "name", "username"),
    [
        (message(), GROUP, USER, "Ада", "ada"),
        (message(SMALL), SMALL, USER, "Ада", "ada"),
        (message(from_id=tl.PeerUser(8)), GROUP, {"type": "user", "id": 8}, "Борис Л.", "boris"),
        (message(from_id=tl.PeerUser(9)), GROUP, {"type": "user", "id": 9}, None, None),
        (message(from_id=tl.PeerUser(77)), GROUP, {"type": "user", "id": 77}, None, None),
        (message(from_id=tl.PeerChannel(42)), GROUP, {"type": "channel", "id": -1000000000042}, "Сад", "sad"),
        (message(from_id=None), GROUP, {"type": "channel", "id": -1000000000043}, "Огород", None),
        (message(SMALL, from_id=None), SMALL, {"type": "chat", "id": -44}, "Грядка", None),
        (message(CHANNEL), CHANNEL, {"type": "channel", "id": -1000000000042}, "Сад", "sad"),
        (message(CHANNEL, from_id=tl.PeerUser(7)), CHANNEL, USER, "Ада", "ada"),
        (message(DM), DM, USER, "Ада", "ada"),
        (message(DM, out=True), DM, {"type": "user", "id": 900}, "Я", None),
        (message(DM, out=True, from_id=tl.PeerUser(900)), DM, {"type": "user", "id": 900}, "Я", None),
        (service(tl.MessageActionPinMessage()), GROUP, USER, "Ада", "ada"),
    ],
)
def test_authors(one: Any, chat: TelethonChat, peer: dict[str, Any], name: str | None, username: str | None) -> None:
    """A deleted account has no name, a channel's message is the channel's, a private one is the peer's or ours."""
    found = event(one, chat)
    assert fields(found, "author_peer_id", "author_type", "sender_tg_id") == (peer, peer["type"], peer["id"])
    assert fields(found, "author_name", "sender_username") == (name, username)
    assert found.owner_id == (chat.owner_id or None)


def test_our_own_message_needs_the_account() -> None:
    """Without it nobody is named, and the event is not fit to be sent."""
    raw = stored(message(DM, out=True))
    row = parse_telethon(raw, ChatContext(-7, "dm"))
    assert (row["author_peer_id"], row["content"]) == (None, "привет")
    assert parse_telethon(raw, ChatContext(-7, "dm"), 900)["sender_tg_id"] == 900
    assert event_of(raw, TelethonChat(-7, "dm"), "t").text == "привет"


def test_an_edit() -> None:
    """Telegram marks a change of reactions or counters as an edit that nobody is shown."""
    edited = stored(message(edit_date=LATER))
    assert fields(event_of(edited, GROUP, "t"), "edited_at", "is_edited") == (LATER, True)
    changed = edited_event_of(edited, GROUP, "t")
    assert changed is not None
    assert changed.edited_at == LATER
    assert decode("stream:posts:edited", encode(changed)).model_dump(exclude=ENVELOPE) == changed.model_dump(
        exclude=ENVELOPE
    )
    hidden = stored(message(edit_date=LATER, edit_hide=True))
    assert fields(event_of(hidden, GROUP, "t"), "edited_at", "is_edited") == (None, False)
    assert edited_event_of(hidden, GROUP, "t") is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (tl.MessageReplyHeader(reply_to_msg_id=3), (3, None, None, None)),
        (tl.MessageReplyHeader(reply_to_msg_id=3, reply_to_top_id=2), (3, None, 2, None)),
        (tl.MessageReplyHeader(reply_to_msg_id=2, forum_topic=True), (2, None, 2, 2)),
        (tl.MessageReplyHeader(reply_to_msg_id=3, reply_to_top_id=2, forum_topic=True), (3, None, 2, 2)),
        (
            tl.MessageReplyHeader(reply_to_msg_id=3, reply_to_peer_id=tl.PeerChannel(42), quote=True, quote_text="x"),
            (3, -1000000000042, None, None),
        ),
        (tl.MessageReplyHeader(reply_to_msg_id=3, reply_to_peer_id=tl.PeerChannel(43)), (3, None, None, None)),
        (tl.MessageReplyHeader(reply_from=tl.MessageFwdHeader(AT, from_name="Ц")), (None, None, None, None)),
        (tl.MessageReplyStoryHeader(tl.PeerUser(7), 5), (None, None, None, None)),
        (None, (None, None, None, None)),
    ],
)
def test_replies(header: Any, expected: tuple[int | None, ...]) -> None:
    """In a forum the topic's first message stands for the topic; elsewhere a thread has its root or nothing."""
    found = event(message(reply_to=header))
    assert fields(found, "reply_to_message_id", "reply_to_chat_id", "thread_id", "forum_topic_id") == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            tl.MessageFwdHeader(LATER, from_id=tl.PeerChannel(42), channel_post=17, post_author="Р"),
            ({"type": "channel", "id": -1000000000042}, -1000000000042, 17, LATER, "Сад"),
        ),
        (
            tl.MessageFwdHeader(LATER, from_id=tl.PeerUser(8)),
            ({"type": "user", "id": 8}, None, None, LATER, "Борис Л."),
        ),
        (
            tl.MessageFwdHeader(LATER, from_id=tl.PeerChat(44)),
            ({"type": "chat", "id": -44}, -44, None, LATER, "Грядка"),
        ),
        (tl.MessageFwdHeader(LATER, from_name="Кто-то"), (None, None, None, LATER, "Кто-то")),
        (
            tl.MessageFwdHeader(LATER, saved_from_peer=tl.PeerChannel(42), saved_from_msg_id=3),
            (None, None, None, LATER, "Сад"),
        ),
        (None, (None, None, None, None, None)),
    ],
)
def test_forwards(header: Any, expected: tuple[Any, ...]) -> None:
    """From a channel's message, a person, a group, or somebody who hides."""
    names = ("peer_id", "chat_id", "message_id")
    found = event(message(fwd_from=header))
    assert (
        *fields(found, *(f"forward_from_{name}" for name in names)),
        *fields(found, "forward_date", "forward_from_name"),
    ) == expected


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (tl.MessageActionChatDeletePhoto(), "delete_group_photo"),
        (tl.MessageActionChatMigrateTo(5), "migrate_to_supergroup"),
        (tl.MessageActionHistoryClear(), "clear_history"),
        (tl.MessageActionScreenshotTaken(), "take_screenshot"),
        (tl.MessageActionContactSignUp(), "joined_telegram"),
        (tl.MessageActionChatJoinedByRequest(), "join_group_by_request"),
        (tl.MessageActionBotAllowed(attach_menu=True), "attach_menu_bot_allowed"),
        (tl.MessageActionSecureValuesSent([]), "send_passport_values"),
        (tl.MessageActionGroupCall(tl.InputGroupCall(1, 2)), "group_call"),
        (tl.MessageActionWebViewDataSent("x"), "send_webview_data"),
        (tl.MessageActionGiftPremium("USD", 1, 30), "send_premium_gift"),
        (tl.MessageActionSuggestProfilePhoto(tl.PhotoEmpty(1)), "suggest_profile_photo"),
        (tl.MessageActionRequestedPeer(1, [tl.PeerUser(7)]), "requested_peer"),
        (tl.MessageActionSetChatWallPaper(tl.WallPaperNoFile(1)), "set_chat_wallpaper"),
        (tl.MessageActionSetChatWallPaper(tl.WallPaperNoFile(1), same=True), "set_same_chat_wallpaper"),
        (tl.MessageActionPaidMessagesPrice(5), "paid_messages_price_change"),
        (tl.MessageActionBoostApply(2), "boost_apply"),
        (tl.MessageActionTodoCompletions([1], []), "todo_completions"),
        (tl.MessageActionEmpty(), "empty"),
    ],
)
def test_actions_have_desktops_names(action: Any, name: str) -> None:
    """Others have Telegram's, in snake case."""
    found = event(service(action))
    assert fields(found, "is_service", "action_type", "text") == (True, name, "")


def test_chats_in_details_are_marked() -> None:
    """Telegram names them by their bare ids."""
    assert event(service(tl.MessageActionChatMigrateTo(5))).service == {"channel_id": -1000000000005}
    moved = event(service(tl.MessageActionChannelMigrateFrom("Сад", 5))).service
    assert moved == {"title": "Сад", "chat_id": -5}


def test_details_of_actions() -> None:
    """Plain values, peers by marked id; no keys to anything, and no flag that is not set."""
    paid = tl.MessageActionPaymentSentMe("RUB", 500, b"secret", tl.PaymentCharge("a", "b"), recurring_used=True)
    found = event(service(paid, reply_to=tl.MessageReplyHeader(reply_to_msg_id=3)))
    assert found.service == {"currency": "RUB", "amount": 500, "recurring": "used", "invoice_message_id": 3}
    call = tl.MessageActionPhoneCall(1 << 60, video=True, reason=tl.PhoneCallDiscardReasonMissed())
    assert event(service(call, DM), DM).service == {"video": True, "discard_reason": "missed"}
    opened = event(service(tl.MessageActionTopicEdit(closed=False)))
    assert opened.service == {"closed": False}
    asked = event(service(tl.MessageActionRequestedPeer(1, [tl.PeerChannel(42), tl.PeerChat(44)])))
    assert asked.service == {"button_id": 1, "peers": [-1000000000042, -44]}


def test_rows() -> None:
    """What landing needs; without a date this is no message."""
    edited = row_of(stored(message(id=5, grouped_id=9, edit_date=LATER)), GROUP)
    assert edited[:4] == (AT, LATER, False, 9)
    assert row_of(stored(service(tl.MessageActionPinMessage())), GROUP)[:4] == (AT, None, True, None)
    assert event_of({"id": 1}, GROUP, "t").posted_at == NEVER
    assert parse_telethon({"id": 1}, ChatContext(-1, "group"))["posted_at"] is None


def test_hash_is_of_what_it_says() -> None:
    """Not of what a file's place is called today."""
    first, second = (
        event(message(media=tl.MessageMediaPhoto(photo=photo(file_reference=reference)))) for reference in (b"1", b"2")
    )
    assert content_digest(first) == content_digest(second)
    assert content_digest(first) != content_digest(event(message(media=sent())))


def columns(event: PostParsedEventV1) -> TelethonRow:
    """What landing keeps of an event."""
    return TelethonRow(
        event.posted_at, event.edited_at, event.is_service, event.grouped_id, content_digest(event),
        orjson.dumps(media_of_event(event)).decode(),
    )  # fmt: skip


def test_a_real_channel() -> None:
    """Every message converts, and the albums are all there; its dump has bytes as lists of numbers."""
    with gzip.open(shared_data("telethon", "spb.json.gz")) as file:
        messages: list[dict[str, Any]] = json.load(file)
    chat = TelethonChat(-1000000000042, "channel")
    events = [event_of(raw, chat, "t") for raw in messages]
    assert len(events) == 655
    assert len({one.grouped_id for one in events if one.grouped_id}) == 136
    assert sum(one.is_service for one in events) == 1
    assert sum(one.has_media for one in events) == 652
    assert sum(len(one.entities) for one in events) == 260
    assert all(one.media[0].width and one.media[0].size for one in events if one.has_media)
    assert [one.telegram_message_id for one in events] == [raw["id"] for raw in messages]
    assert len({content_digest(one) for one in events}) == 655
    for raw, one in zip(messages, events, strict=True):
        assert row_of(raw, chat) == columns(one)
        assert decode("stream:posts:parsed", encode(one)).text == one.text


# Messages that between them have every part that is read.
WHOLE = [
    stored(one)
    for one in (
        message(
            CHANNEL,
            message="😀 смотри сад.рф и тут",
            entities=[tl.MessageEntityUrl(10, 6), tl.MessageEntityTextUrl(0, 2, "https://a.example")],
            reply_to=tl.MessageReplyHeader(True, True, reply_to_msg_id=3, reply_to_peer_id=tl.PeerUser(7)),
            fwd_from=tl.MessageFwdHeader(AT, from_id=tl.PeerChannel(42), channel_post=3),
            reactions=tl.MessageReactions([tl.ReactionCount(tl.ReactionEmoji("👍"), 3)]),
            replies=tl.MessageReplies(4, 1),
            media=tl.MessageMediaPhoto(photo=photo()),
            views=1,
            forwards=2,
            edit_date=LATER,
        ),
        message(DM, media=sent(VIDEO, NAMED), out=True),
        message(media=poll(results=[], total_voters=1, recent_voters=[])),
        message(
            media=tl.MessageMediaPaidMedia(5, [tl.MessageExtendedMediaPreview(3, 2), tl.MessageExtendedMedia(sent())])
        ),
        service(tl.MessageActionChatAddUser([8])),
        service(tl.MessageActionChatJoinedByLink(8)),
        service(tl.MessageActionGeoProximityReached(tl.PeerUser(7), tl.PeerUser(8), 5)),
        service(tl.MessageActionPhoneCall(1, reason=tl.PhoneCallDiscardReasonBusy())),
        service(tl.MessageActionSetChatTheme(tl.ChatTheme("🌷"))),
        service(tl.MessageActionGroupCallScheduled(tl.InputGroupCall(1, 2), LATER)),
        service(tl.MessageActionChatEditPhoto(photo())),
    )
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [0, -1, 1 << 31, 1 << 63, 1 << 70, float("nan"), 1e300, "", "\x00", "\ud83d", "x", [], {}, [[]], [{}]]
    ),
    st.text(max_size=3),
    st.integers(),
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Everything that a message holds: where, and under what."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in ((value, key), *_places(inner))]


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 10_000), ODD), min_size=1, max_size=4))
def test_no_message_makes_it_raise(whole: dict[str, Any], odd: list[tuple[int, Any]]) -> None:
    """Whatever is missing or wrong, there is a row with all columns, and a valid event as soon as it has an id."""
    raw = copy.deepcopy(whole)
    for number, value in odd:
        if places := _places(raw):
            holder, key = places[number % len(places)]
            holder[key] = copy.deepcopy(value)
    for chat in (CHANNEL, DM):
        found = event_of({**raw, "id": 5}, chat, "t")
        assert PostParsedEventV1.model_validate(orjson.loads(encode(found))).text == found.text
        assert row_of({**raw, "id": 5}, chat) == columns(found)
        edited_event_of(raw, chat, "t")
        row = parse_telethon(raw, ChatContext(chat.tg_channel_id, chat.source), 900)
        assert row.keys() == get_type_hints(PostRow).keys()
        orjson.dumps(row)
        assert all(-(1 << 63) <= value < 1 << 63 for value in row.values() if isinstance(value, int))
    for name in list(raw):
        del raw[name]
        parse_telethon(raw, ChatContext(-1, "group"))
