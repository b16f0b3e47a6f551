"""What a service message of Telethon tells: Desktop's name of the action, and its details.

Details are the action's own simple fields, under Desktop's names where it writes them; users that it names are
there by name, as Desktop has them, and by id. Never raises. What does not belong here: its author, its photo.
"""

from collections.abc import Callable
from typing import Any

from tg_assets.events.peers import peer_of
from tg_assets.telegram.entities import snake_case
from tg_assets.telegram.fields import PeerType, integer, marked_peer, string
from tg_assets.telegram.telethon_fields import Raw, kind_of, part, when, words

# Desktop's names of actions; others have the constructor's in snake case.
ACTIONS = {
    "ChatCreate": "create_group",
    "ChatEditTitle": "edit_group_title",
    "ChatEditPhoto": "edit_group_photo",
    "ChatDeletePhoto": "delete_group_photo",
    "ChatAddUser": "invite_members",
    "ChatDeleteUser": "remove_members",
    "ChatJoinedByLink": "join_group_by_link",
    "ChatJoinedByRequest": "join_group_by_request",
    "ChannelCreate": "create_channel",
    "ChatMigrateTo": "migrate_to_supergroup",
    "ChannelMigrateFrom": "migrate_from_group",
    "HistoryClear": "clear_history",
    "GameScore": "score_in_game",
    "PaymentSent": "send_payment",
    "PaymentSentMe": "send_payment",
    "ScreenshotTaken": "take_screenshot",
    "BotAllowed": "allow_sending_messages",
    "SecureValuesSent": "send_passport_values",
    "SecureValuesSentMe": "send_passport_values",
    "ContactSignUp": "joined_telegram",
    "GeoProximityReached": "proximity_reached",
    "SetMessagesTTL": "set_messages_ttl",
    "SetChatTheme": "edit_chat_theme",
    "WebViewDataSent": "send_webview_data",
    "WebViewDataSentMe": "send_webview_data",
    "GiftPremium": "send_premium_gift",
    "TopicCreate": "topic_created",
    "RequestedPeerSentMe": "requested_peer",
    "SetChatWallPaper": "set_chat_wallpaper",
    "PaidMessagesPrice": "paid_messages_price_change",
    "PaidMessagesRefunded": "paid_messages_refund",
    "PaymentRefunded": "refunded_payment",
    "GiftCode": "gift_code_prize",
    "GiftStars": "send_stars_gift",
    "GiftTon": "send_ton_gift",
    "PrizeStars": "stars_prize",
    "StarGift": "send_star_gift",
    "StarGiftUnique": "send_star_gift",
    "SuggestedPostApproval": "process_suggested_post",
    "ChatJoinedViaCommunity": "join_group_via_community",
}
# Desktop's names of details, by action.
RENAMED = {
    "PaymentSent": {"total_amount": "amount"},
    "PaymentSentMe": {"total_amount": "amount"},
    "PhoneCall": {"duration": "duration_seconds"},
    "CustomAction": {"message": "information_text"},
    "GiftPremium": {"message": "gift_text"},
    "GiftCode": {"message": "gift_text", "slug": "gift_code", "boost_peer": "boost_peer_id"},
    "StarGift": {"message": "gift_text"},
    "StarGiftUnique": {"message": "gift_text"},
    "PrizeStars": {"boost_peer": "boost_peer_id", "unclaimed": "is_unclaimed"},
    "PaymentRefunded": {"total_amount": "amount", "peer": "peer_id"},
    "SuggestedPostApproval": {"reject_comment": "comment"},
    "BotAllowed": {"domain": "reason_domain"},
    "TopicEdit": {"title": "new_title", "icon_emoji_id": "new_icon_emoji_id"},
    "PaidMessagesPrice": {"stars": "price_stars", "broadcast_messages_allowed": "is_broadcast_messages_allowed"},
}
# Which message the action is about: Desktop has it as a detail, not as a reply.
_ABOUT = {
    "PinMessage": "message_id",
    "GameScore": "game_message_id",
    "PaymentSent": "invoice_message_id",
    "PaymentSentMe": "invoice_message_id",
    "SetChatWallPaper": "message_id",
}
# Booleans whose False tells something; of others it says that a flag is not set.
_TOLD = frozenset({"closed", "hidden", "prev_value", "new_value"})
# Fields that name a chat by its bare id.
_PEERS: dict[str, PeerType] = {"channel_id": "channel", "chat_id": "chat"}
# Secrets of a purchase or a call, and the constructor.
_LEFT_OUT = frozenset({"_", "payload", "data", "call_id"})

Named = Callable[[int], str | None]


def action_of(raw: Raw) -> str:
    """Name of what happened."""
    action = part(raw, "action")
    kind = kind_of(action).removeprefix("MessageAction")
    if kind == "BotAllowed" and action.get("attach_menu") is True:
        return "attach_menu_bot_allowed"
    if kind == "SetChatWallPaper" and action.get("same") is True:
        return "set_same_chat_wallpaper"
    return ACTIONS.get(kind) or string(snake_case(kind)) or "custom_action"


def details_of(raw: Raw, name_of: Named) -> Raw:
    """Details of a service message; ``name_of`` tells a peer's name by marked id."""
    action = part(raw, "action")
    kind = kind_of(action).removeprefix("MessageAction")
    renamed = RENAMED.get(kind, {})
    found: Raw = {}
    for name, value in action.items():
        simple = _simple(value) if name not in _LEFT_OUT else None
        if name in _PEERS and (peer := marked_peer(_PEERS[name], integer(simple))):
            simple = peer.id
        if simple is not None and (simple is not False or name in _TOLD) and (key := string(name)):
            found[renamed.get(key, key)] = simple
    if (about := _ABOUT.get(kind)) and (message_id := integer(part(raw, "reply_to").get("reply_to_msg_id"))):
        found[about] = message_id
    _desktop_forms(kind, action, found, name_of)
    return found


def _desktop_forms(kind: str, action: Raw, found: Raw, name_of: Named) -> None:
    """Details that Desktop writes in a form of its own."""
    if kind in ("ChatCreate", "ChatAddUser", "InviteToGroupCall", "ChatDeleteUser"):
        listed = action.get("users") if kind != "ChatDeleteUser" else [action.get("user_id")]
        users = [integer(one) for one in listed] if isinstance(listed, list) else []
        found["members"] = [name_of(one) if one else None for one in users]
    elif kind == "ChatJoinedByLink":
        found["inviter"] = name_of(integer(action.get("inviter_id")) or 0)
    elif kind in ("PaymentSent", "PaymentSentMe"):
        if found.pop("recurring_init", None) is True:
            found["recurring"] = "init"
        if found.pop("recurring_used", None) is True:
            found["recurring"] = "used"
    elif kind == "PhoneCall":
        if reason := string(kind_of(part(action, "reason")).removeprefix("PhoneCallDiscardReason")):
            found["discard_reason"] = snake_case(reason)
    elif kind == "SetChatTheme":
        theme = action.get("theme") or action  # which used to have the emoticon itself
        if emoticon := string(theme.get("emoticon") if isinstance(theme, dict) else None):
            found["emoticon"] = emoticon
    elif kind == "GroupCallScheduled" and (moment := when(action.get("schedule_date"))):
        found["schedule_date"] = int(moment.timestamp())
    elif kind == "GeoProximityReached":
        for name in ("from", "to"):
            if peer := peer_of(part(action, f"{name}_id")):
                found[name] = name_of(peer.id)


def _simple(value: Any) -> Any:
    """A plain value, a list of such, a text, a peer's marked id; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        simple = [one for item in value if not isinstance(item, list) and (one := _simple(item)) is not None]
        return simple or None
    if isinstance(value, dict):
        peer = peer_of(value) if kind_of(value).startswith("Peer") else None
        return peer.id if peer else string(words(value))
    return None
