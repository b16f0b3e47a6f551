"""Words of a message beside its text: which of its parts have some, in the order they are read.

A message comes with its parts under the names of Desktop's export, or of nearly the same meaning: what is in them may
be in any schema that ``structure`` reads. The same message has the same words whichever way it came. Never raises.

Words are: blocks of a rich message, checklists, names and addresses of places, names of contacts, titles and
descriptions of games and invoices, prizes, captions of stories, performer and title of music, the quoted part of a
message that is answered, fact checks, labels of buttons; of a page that is linked to only where there is nothing else,
since Telegram finds out later what the page says and an export leaves it out. Numbers of telephones, coordinates,
prices, hidden data of buttons and names of files are no words.
What does not belong here: text and polls (``desktop_text``), Telethon's names of parts (``telethon_words``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from tg_assets.telegram.fields import string
from tg_assets.telegram.structure import is_unread, write, write_buttons, write_text
from tg_assets.telegram.text import EMPTY, Text, TextWriter, joined

Given = Mapping[str, Any]
_WORD = re.compile(r"[^\W\d_]{2}")


class Words(NamedTuple):
    """Words of one part; ``kind`` names the part."""

    kind: str
    text: Text


class Content(NamedTuple):
    """All words of a message: ``whole`` is its text, its poll, and the words beside them, below each other."""

    text: Text
    beside: list[Words]
    whole: Text


# Names of each part, in the order of reading.
_PARTS: dict[str, tuple[str, ...]] = {
    "checklist": ("todo_list", "checklist"),
    "place": ("place_name", "address"),
    "contact": ("contact_information", "contact"),
    "game": ("game_title", "game_description", "game_link", "game_information"),
    "invoice": ("invoice_information", "invoice"),
    "giveaway": ("giveaway_information", "giveaway_results", "giveaway_results_information"),
    "story": ("story", "story_information"),
    "quote": ("reply_to_quote", "quote"),
    "fact_check": ("fact_check", "factcheck"),
    "buttons": ("inline_bot_buttons", "inline_buttons", "inline_keyboard", "reply_markup"),
}
_PREVIEW = ("link_preview", "webpage")
_READ = frozenset({name for names in _PARTS.values() for name in names} | {*_PREVIEW, "rich_message", "poll"})
# What an exported message may have beside them; a file's title is music's.
_KNOWN = _READ | {
    "id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "from", "from_id", "author", "forwarded_from",
    "forwarded_from_id", "saved_from", "reply_to_message_id", "reply_to_peer_id", "via_bot", "photo",
    "photo_file_size", "width", "height", "media_spoiler", "file", "file_name", "file_size", "thumbnail",
    "thumbnail_file_size", "media_type", "mime_type", "sticker_emoji", "duration_seconds", "performer", "title",
    "self_destruct_period_seconds", "live_location_period_seconds", "location_information", "contact_vcard",
    "contact_vcard_file_size", "paid_stars_amount", "text", "text_entities", "reactions", "actor", "actor_id",
    "action", "malformed",
}  # fmt: skip
# Of which nearly all messages have no more than these, without words.
_PLAIN = _KNOWN - _READ - {"performer", "title"}
# Words that somebody wrote in a service message, by what it tells; titles of chats are names of chats.
_SAID: dict[str, tuple[str, ...]] = {
    "topic_created": ("title",),
    "topic_edit": ("new_title",),
    "todo_append_tasks": ("items", "tasks"),
    "poll_append_answer": ("option", "answer"),
}
_ALWAYS_SAID = ("text", "gift_text", "gift_message", "information_text", "message", "comment", "reject_comment")

# What service messages of layer 229 and Desktop's exports tell; of anything else nobody here knows where its words are.
_TOLD = """
allow_sending_messages attach_menu_bot_allowed boost_apply change_community change_creator clear_history
conference_call create_channel create_group custom_action delete_group_photo edit_chat_theme edit_group_photo
edit_group_title empty gift_code_prize giveaway_launch giveaway_results group_call group_call_scheduled html_service
invite_members invite_to_group_call join_group_by_link join_group_by_request join_group_via_community joined_telegram
managed_bot_created migrate_from_group migrate_to_supergroup new_creator_pending no_forwards_request
no_forwards_toggle paid_messages_price_change paid_messages_refund phone_call pin_message poll_append_answer
poll_delete_answer process_suggested_post proximity_reached refunded_payment remove_members requested_peer
score_in_game send_passport_values send_payment send_premium_gift send_star_gift send_stars_gift send_ton_gift
send_webview_data set_chat_wallpaper set_messages_ttl set_same_chat_wallpaper star_gift_purchase_offer
star_gift_purchase_offer_declined stars_prize suggest_birthday suggest_profile_photo suggested_post_refund
suggested_post_success take_screenshot todo_append_tasks todo_completions topic_created topic_edit
"""
_HAPPENINGS = frozenset(_TOLD.split())


def content_of(text: Text, poll: Text, given: Given, *, unknown: bool = False) -> Content:
    """Words of a message with this text and poll; a rich message is its text, and usually all of it.

    Parts that are not known are read with ``unknown``, as far as they are structured.
    """
    if not (_PLAIN.issuperset(given) if unknown else _READ.isdisjoint(given)):
        text = _with_rich(text, given)
        beside = words_beside(given, unknown=unknown, alone=not (text.content or poll.content))
        if beside:
            return Content(text, beside, joined([text, poll, *(one.text for one in beside)]))
    return Content(text, [], joined([text, poll]) if poll.content else text)


def said_in_service(action: str | None, given: Given) -> Content:
    """Words that somebody wrote in a service message, by Desktop's name of what it tells and of its details."""
    writer = TextWriter()
    for name in (*_SAID.get(action or "", ()), *_ALWAYS_SAID):
        value = given.get(name)
        if name in ("items", "tasks"):
            write(writer, value)
        else:
            writer.line()
            write_text(writer, value)
    text = writer.text()
    return Content(EMPTY, [Words("said", text)] if text.content else [], text)


def words_beside(given: Given, *, unknown: bool = False, alone: bool = False) -> list[Words]:
    """Words of every part that has some, in order; ``alone`` says that the message has no text and no poll."""
    found = [Words(kind, text) for kind, text in _parts(given, unknown) if text.content or text.urls]
    if alone and not any(one.text.content for one in found):
        preview = next((given[name] for name in _PREVIEW if given.get(name)), None)
        if preview and (text := _written(preview)).content:
            found.insert(0, Words("preview", text))
    return found


def unread_of(given: Given) -> Iterator[str]:
    """Names of parts of an exported message that hold words which nobody reads here."""
    service = given.get("type") == "service"
    if service and string(given.get("action")) in _HAPPENINGS:
        return
    for name in given.keys() - _KNOWN - ({*_ALWAYS_SAID} if service else set()):
        if isinstance(value := given[name], str) and _WORD.search(value):
            yield _shown(name)
    rich = given.get("rich_message")
    if isinstance(rich, dict) and (rich.get("part") is True or is_unread(rich)):
        yield "rich_message"


def wordless_kind(given: Given) -> str:
    """What an exported message without words and files is, as far as it shows."""
    named = sorted(given.keys() - _KNOWN) or [
        name for name in ("location_information", "paid_stars_amount", *_READ) if name in given
    ]
    return _shown(named[0]) if named else "nothing"


def _with_rich(text: Text, given: Given) -> Text:
    """A text and the blocks of the rich message, unless they hold the text already."""
    rich = given.get("rich_message")
    if not rich:
        return text
    written = _written(rich)
    if " ".join(text.content.split()) in " ".join(written.content.split()):
        return Text(written.content, written.entities, list(dict.fromkeys([*written.urls, *text.urls])))
    return joined([text, written])


def _parts(given: Given, unknown: bool) -> Iterator[tuple[str, Text]]:
    music = " – ".join(one for name in ("performer", "title") if (one := string(given.get(name))))
    if music and given.get("media_type") == "audio_file":
        yield "music", Text(music, [], [])
    for kind, names in _PARTS.items():
        if kind == "buttons" and unknown:
            for name in given:
                if name not in _KNOWN and isinstance(given[name], dict | list):
                    yield _shown(name), _written(given[name])
        if values := [(name, given[name]) for name in names if given.get(name)]:
            yield kind, _part(kind, values)


def _part(kind: str, values: Iterable[tuple[str, Any]]) -> Text:
    writer = TextWriter()
    for name, value in values:
        if name == "game_link":
            writer.link(value)
        elif kind == "quote":
            with writer.entity("blockquote"):
                write_text(writer, value)
        elif kind == "buttons":
            write_buttons(writer, _rows(value))
        else:
            write(writer, _unpacked(value) if kind == "invoice" else value)
    return writer.text()


def _rows(markup: Any) -> Any:
    """Rows of buttons below a message; those of a keyboard of the chat are no part of it."""
    if not isinstance(markup, dict):
        return markup
    return (markup.get("rows") if markup.get("_") == "ReplyInlineMarkup" else None) or markup.get("inline_keyboard")


def _unpacked(value: Any) -> Any:
    """Desktop writes an invoice as a string with JSON inside."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _written(value: Any) -> Text:
    writer = TextWriter()
    write(writer, value)
    return writer.text()


def _shown(name: str) -> str:
    """The name of a field, which may be anything in a file that is no export."""
    return name if name.isascii() and name.replace("_", "a").isalnum() and len(name) <= 40 else "something else"
