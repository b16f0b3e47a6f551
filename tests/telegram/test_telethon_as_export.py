"""The row of a Telethon message is the one that Desktop's export of the same message gives."""

from typing import Any

import pytest
from telethon.tl import types as tl

from tests.telegram import exports
from tests.telegram.tl import (
    AT,
    GROUP,
    LATER,
    event,
    message,
    photo,
    poll,
    service,
    stored,
)
from tg_assets.events.from_telethon import (
    parse_telethon,
)
from tg_assets.events.post_row import post_row
from tg_assets.telegram.desktop_post import ChatContext, parse

DESKTOP_TEXT: list[tuple[Any, list[dict[str, Any]]]] = [
    (message(message="привет"), [{"type": "plain", "text": "привет"}]),
    (
        message(
            message="😀 a.example и b, #сад @ada",
            entities=[
                tl.MessageEntityUrl(3, 9),
                tl.MessageEntityTextUrl(15, 1, "https://b.example"),
                tl.MessageEntityHashtag(18, 4),
                tl.MessageEntityMention(23, 4),
            ],
        ),
        [
            {"type": "plain", "text": "😀 "},
            {"type": "link", "text": "a.example"},
            {"type": "plain", "text": " и "},
            {"type": "text_link", "text": "b", "href": "https://b.example"},
            {"type": "plain", "text": ", "},
            {"type": "hashtag", "text": "#сад"},
            {"type": "plain", "text": " "},
            {"type": "mention", "text": "@ada"},
        ],
    ),
    (
        message(message="print", entities=[tl.MessageEntityPre(0, 5, "python")]),
        [{"type": "pre", "text": "print", "language": "python"}],
    ),
    (
        message(message="Ада", entities=[tl.MessageEntityMentionName(0, 3, 7)]),
        [{"type": "mention_name", "text": "Ада", "user_id": 7}],
    ),
]


@pytest.mark.parametrize(("one", "parts"), DESKTOP_TEXT)
def test_texts_are_those_of_an_export(one: Any, parts: list[dict[str, Any]]) -> None:
    _same_rows(one, exports.message(text_entities=parts))


PIN = tl.MessageReplyHeader(reply_to_msg_id=5)


@pytest.mark.parametrize(
    ("one", "desktop"),
    [
        (message(edit_date=LATER), {"edited_unixtime": str(int(LATER.timestamp()))}),
        (message(reply_to=PIN), {"reply_to_message_id": 5}),
        (message(reply_to=tl.MessageReplyHeader(reply_to_msg_id=5, reply_to_peer_id=tl.PeerChannel(42))),
         {"reply_to_message_id": 5, "reply_to_peer_id": "channel42"}),
        (message(fwd_from=tl.MessageFwdHeader(AT, from_id=tl.PeerChannel(42))),
         {"forwarded_from": "Сад", "forwarded_from_id": "channel42"}),
        (message(from_id=tl.PeerUser(9)), {"from": None, "from_id": "user9"}),
        (message(reactions=tl.MessageReactions([tl.ReactionCount(tl.ReactionEmoji("👍"), 3)])),
         {"reactions": [{"type": "emoji", "count": 3, "emoji": "👍"}]}),
        (message(media=tl.MessageMediaPhoto(photo=photo())), {"photo": "photos/a.jpg"}),
        (message(media=poll()), {"poll": {"question": "Где?", "closed": True, "total_voters": 0, "answers": [
            {"text": "Тут", "voters": 0}, {"text": "Там", "voters": 0}]}}),
    ],
)  # fmt: skip
def test_rows_are_those_of_an_export(one: Any, desktop: dict[str, Any]) -> None:
    _same_rows(one, exports.message(**desktop))


@pytest.mark.parametrize(
    ("action", "desktop"),
    [
        (tl.MessageActionChatCreate("Сад", [7, 8]),
         {"action": "create_group", "title": "Сад", "members": ["Ада", "Борис Л."]}),
        (tl.MessageActionChatEditTitle("Сад"), {"action": "edit_group_title", "title": "Сад"}),
        (tl.MessageActionChatAddUser([8, 9]), {"action": "invite_members", "members": ["Борис Л.", None]}),
        (tl.MessageActionChatDeleteUser(8), {"action": "remove_members", "members": ["Борис Л."]}),
        (tl.MessageActionChatJoinedByLink(8), {"action": "join_group_by_link", "inviter": "Борис Л."}),
        (tl.MessageActionChannelCreate("Сад"), {"action": "create_channel", "title": "Сад"}),
        (tl.MessageActionChannelMigrateFrom("Сад", 5), {"action": "migrate_from_group", "title": "Сад"}),
        (tl.MessageActionPinMessage(), {"action": "pin_message", "message_id": 5}),
        (tl.MessageActionGameScore(1, 9), {"action": "score_in_game", "game_message_id": 5, "score": 9}),
        (tl.MessageActionPaymentSent("RUB", 500),
         {"action": "send_payment", "amount": 500, "currency": "RUB", "invoice_message_id": 5}),
        (tl.MessageActionPhoneCall(1, duration=7, reason=tl.PhoneCallDiscardReasonHangup()),
         {"action": "phone_call", "duration_seconds": 7, "discard_reason": "hangup"}),
        (tl.MessageActionCustomAction("Бот добавлен"), {"information_text": "Бот добавлен"}),
        (tl.MessageActionBotAllowed(domain="a.example"),
         {"action": "allow_sending_messages", "reason_domain": "a.example"}),
        (tl.MessageActionGeoProximityReached(tl.PeerUser(7), tl.PeerUser(8), 5),
         {"action": "proximity_reached", "to": "Борис Л.", "distance": 5}),
        (tl.MessageActionInviteToGroupCall(tl.InputGroupCall(1, 2), [8]),
         {"action": "invite_to_group_call", "members": ["Борис Л."]}),
        (tl.MessageActionSetMessagesTTL(60), {"action": "set_messages_ttl", "period": 60}),
        (tl.MessageActionGroupCallScheduled(tl.InputGroupCall(1, 2), LATER),
         {"action": "group_call_scheduled", "schedule_date": int(LATER.timestamp())}),
        (tl.MessageActionSetChatTheme(tl.ChatTheme("🌷")), {"action": "edit_chat_theme", "emoticon": "🌷"}),
        (tl.MessageActionTopicCreate("Розы", 1), {"action": "topic_created", "title": "Розы"}),
        (tl.MessageActionTopicEdit(title="Розы", icon_emoji_id=9),
         {"action": "topic_edit", "new_title": "Розы", "new_icon_emoji_id": 9}),
        (tl.MessageActionPaidMessagesPrice(5, True),
         {"action": "paid_messages_price_change", "price_stars": 5, "is_broadcast_messages_allowed": True}),
    ],
)  # fmt: skip
def test_service_messages_are_those_of_an_export(action: Any, desktop: dict[str, Any]) -> None:
    """The export's details, and whom or what they are about by id."""
    raw = exports.message(8, type="service", actor="Ада", actor_id="user7", text="", text_entities=[]) | desktop
    _same_rows(service(action, reply_to=PIN if "message" in str(desktop) else None), raw)


def _same_rows(one: Any, desktop: dict[str, Any]) -> None:
    """All that Desktop knows is the same, whether parsed from storage or sent as an event."""
    context = ChatContext(GROUP.tg_channel_id, "group")
    expected = parse(desktop, context)
    row = parse_telethon(stored(one), context)
    assert row == post_row(event(one), context)
    assert (expected["service"] or {}).items() <= (row["service"] or {}).items()
    # Where an export holds a file, and what it does not write.
    for name in ("media_urls", "service", "sender_username", "forward_date", "forward_from_message_id"):
        row[name] = expected[name] = None  # type: ignore[literal-required]
    assert row == expected
