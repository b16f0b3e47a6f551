"""Parts of a stored Telethon message that have words, under the names of Desktop's export.

What is in them stays in Telegram's schema, which ``structure`` reads. Never raises.
What does not belong here: reading them (``words``), text and polls (``telethon_text``).
"""

from typing import Any

from tg_assets.events.telethon_media import files_of
from tg_assets.events.telethon_service import RENAMED
from tg_assets.telegram.entities import snake_case
from tg_assets.telegram.fields import string
from tg_assets.telegram.telethon_fields import Raw, kind_of, part, parts

# Media that have files or nothing to read; those that are not named here are read by the names of their fields.
_WORDLESS = frozenset(
    {"", "MessageMediaEmpty", "MessageMediaPhoto", "MessageMediaDocument", "MessageMediaPoll", "MessageMediaGeo"}
    | {"MessageMediaGeoLive", "MessageMediaDice", "MessageMediaPaidMedia", "MessageMediaUnsupported"}
    | {"MessageMediaVideoStream"}
)
_NAMES = {
    "MessageMediaToDo": "todo_list",
    "MessageMediaContact": "contact_information",
    "MessageMediaInvoice": "invoice_information",
    "MessageMediaGiveaway": "giveaway_information",
    "MessageMediaGiveawayResults": "giveaway_results",
    "MessageMediaStory": "story",
    "MessageMediaWebPage": "link_preview",
}
# Words of actions that are no simple details, by the names of Desktop's.
_SAID = {"TodoAppendTasks": {"list": "items"}, "PollAppendAnswer": {"answer": "option"}}


def parts_with_words(raw: Raw) -> Raw:
    """Parts of a message; empty for nearly all."""
    found: Raw = {name: raw[name] for name in ("rich_message", "reply_markup", "factcheck") if name in raw}
    if quote := string(part(raw, "reply_to").get("quote_text")):
        found["reply_to_quote"] = {"text": quote, "entities": part(raw, "reply_to").get("quote_entities") or []}
    if media := part(raw, "media"):
        found.update(_media(raw, media))
    return found


def wordless_media(raw: Raw) -> str:
    """What a message without words and files is, as far as it shows."""
    return _short(kind_of(part(raw, "media"))) or "nothing"


def _media(raw: Raw, media: Raw) -> Raw:
    kind = kind_of(media)
    if kind == "MessageMediaDocument":
        return _music(raw)
    if kind == "MessageMediaVenue":
        return {"place_name": media.get("title"), "address": media.get("address")}
    if kind == "MessageMediaGame":
        game = part(media, "game")
        names = {"title": "game_title", "description": "game_description"}
        return {**{names[name]: game.get(name) for name in names}, "game_link": _game_link(raw, game)}
    if kind == "MessageMediaWebPage":
        return {"link_preview": {name: part(media, "webpage").get(name) for name in ("title", "description", "url")}}
    return {} if kind in _WORDLESS else {_NAMES.get(kind) or f"media_{_short(kind)}": media}


def _short(kind: str) -> str:
    return snake_case(kind.removeprefix("MessageMedia"))


def _music(raw: Raw) -> Raw:
    (file, *_) = files_of(raw)
    if file.kind != "audio":
        return {}
    given = {kind_of(one): one for one in parts(file.tl, "attributes")}.get("DocumentAttributeAudio", {})
    return {"media_type": "audio_file", "performer": given.get("performer"), "title": given.get("title")}


def _game_link(raw: Raw, game: Raw) -> str | None:
    """Address of a game as Desktop writes it: of the bot that sent it."""
    bot: Any = raw.get("via_bot_id") or part(raw, "from_id").get("user_id") or part(raw, "peer_id").get("user_id")
    username, name = string(part(part(raw, "peers"), str(bot)).get("username")), string(game.get("short_name"))
    return f"https://t.me/{username}?game={name}" if username and name else None


def said_in(raw: Raw) -> Raw:
    """Details of an action that may be words."""
    action = part(raw, "action")
    kind = kind_of(action).removeprefix("MessageAction")
    renamed = RENAMED.get(kind) or _SAID.get(kind, {})
    found = {renamed.get(name, name): value for name, value in action.items()}
    if isinstance(option := found.get("option"), dict):
        found["option"] = option.get("text")
    return found
