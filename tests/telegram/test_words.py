"""A message has the same words from an export, from Telegram's history and in an event, wherever they stand in it."""

from typing import Any

import pytest
from telethon.tl import types as tl

from tests.telegram import exports
from tests.telegram.tl import CHANNEL, LATER, message, sent, service, words
from tests.telegram.ways import CONTEXT, blocks, of_export, of_telethon
from tg_assets.events.post_row import post_row
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.telegram.words import unread_of, wordless_kind

BUY = tl.TextWithEntities("купить верёвку", [tl.MessageEntityTextUrl(7, 7, "https://rope.example")])
BUY_PARTS = ["купить ", {"type": "text_link", "text": "верёвку", "href": "https://rope.example"}]


def empty(**fields: Any) -> dict[str, Any]:
    return exports.message(**{"text": "", "text_entities": [], **fields})


def media(given: Any, **fields: Any) -> Any:
    return message(CHANNEL, **{"message": "", "media": given, **fields})


def button(label: str, kind: Any) -> Any:
    return tl.KeyboardButton(label, kind)


PARTS: list[tuple[Any, dict[str, Any], str, list[str]]] = [
    (
        media(tl.MessageMediaToDo(tl.TodoList(words("Дела"), [tl.TodoItem(1, BUY), tl.TodoItem(2, words("красить"))]))),
        {"todo_list": {"title": "Дела", "answers": [{"text": BUY_PARTS, "id": 1}, {"text": "красить", "id": 2}]}},
        "Дела\nкупить верёвку\nкрасить", ["https://rope.example"],
    ),
    (
        media(tl.MessageMediaVenue(tl.GeoPointEmpty(), "Кафе", "Ряд 1", "foursquare", "x", "food")),
        {"place_name": "Кафе", "address": "Ряд 1", "location_information": {"latitude": 1.5, "longitude": 2.5}},
        "Кафе\nРяд 1", [],
    ),
    (
        media(tl.MessageMediaContact("79160000000", "Ада", "Зяблик", "BEGIN:VCARD", 7)),
        {"contact_information": {"first_name": "Ада", "last_name": "Зяблик", "phone_number": "+7 916 000-00-00"}},
        "Ада Зяблик", [],
    ),
    (
        media(tl.MessageMediaGame(tl.Game(1, 2, "q", "Поход", "Прыгай", tl.PhotoEmpty(1))), via_bot_id=10),
        {"game_title": "Поход", "game_description": "Прыгай", "game_link": "https://t.me/gif?game=q"},
        "Поход\nПрыгай", ["https://t.me/gif?game=q"],
    ),
    (
        media(tl.MessageMediaInvoice("Билет", "Ряд 5", "EUR", 100, "start")),
        {"invoice_information": '{"title":"Билет","description":"Ряд 5","amount":100,"currency":"EUR"}'},
        "Билет\nРяд 5", [],
    ),
    (
        media(tl.MessageMediaGiveaway([1], 5, LATER, prize_description="Ялик")),
        {"giveaway_information": {"quantity": 5, "channels": [1], "countries": ["DE"], "additional_prize": "Ялик"}},
        "Ялик", [],
    ),
    (
        media(tl.MessageMediaGiveawayResults(1, 2, 3, 0, [7], LATER, prize_description="Ялик")),
        {"giveaway_results": {"channel": 1, "winners": [7], "additional_prize": "Ялик"}},
        "Ялик", [],
    ),
    (
        media(tl.MessageMediaPoll(
            tl.Poll(1, BUY, [tl.PollAnswer(words("да"), b"0")], 0), tl.PollResults())),
        {"poll": {"question": BUY_PARTS, "closed": False, "total_voters": 0, "answers": [{"text": "да", "voters": 0}]}},
        "купить верёвку\nда", ["https://rope.example"],
    ),
    (
        message(CHANNEL, message="жми", reply_markup=tl.ReplyInlineMarkup([
            tl.KeyboardButtonRow([
                button("Связь", tl.InlineButtonTypeUrl("https://a.example/proxy")),
                button("Ещё", tl.InlineButtonTypeCallback(b"hi")),
            ]),
            tl.KeyboardButtonRow([button("Приложение", tl.InlineButtonTypeWebView("https://w.example"))]),
            tl.KeyboardButtonRow([button("Поделиться", tl.InlineButtonTypeSwitchInline("q"))]),
        ])),
        {"text": "жми", "text_entities": [{"type": "plain", "text": "жми"}], "inline_bot_buttons": [
            [{"type": "url", "text": "Связь", "data": "https://a.example/proxy"},
             {"type": "callback", "text": "Ещё", "data": "aGk=", "dataBase64": "aGk="}],
            [{"type": "web_view", "text": "Приложение", "data": "https://w.example"}],
            [{"type": "switch_inline", "text": "Поделиться", "data": "q"}]]},
        "жми\nСвязь | Ещё\nПриложение\nПоделиться", ["https://a.example/proxy", "https://w.example"],
    ),
    (
        media(tl.MessageMediaPaidMedia(50, [tl.MessageExtendedMediaPreview(w=1, h=1)]), message="за звёзды"),
        {"text": "за звёзды", "text_entities": [{"type": "plain", "text": "за звёзды"}], "paid_stars_amount": 50,
         "photo": "(File not included. Change data exporting settings to download.)"},
        "за звёзды", [],
    ),
    (
        media(sent(tl.DocumentAttributeAudio(61, title="Прилив", performer="Волны"), mime_type="audio/mpeg")),
        {"file": "a.mp3", "media_type": "audio_file", "performer": "Волны", "title": "Прилив"},
        "Волны – Прилив", [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "raw", "content", "urls"), PARTS)
def test_words_beside_the_text(one: Any, raw: dict[str, Any], content: str, urls: list[str]) -> None:
    """Below the text, in one order, the same from every source."""
    row = of_export(empty(**raw))
    assert (row["content"], row["urls"]) == (content, urls)
    found = of_telethon(one)
    for name in ("content", "entities", "urls", "content_hash", "poll", "has_media", "is_service"):
        assert found[name] == row[name]  # type: ignore[literal-required]


SAID: list[tuple[Any, dict[str, Any], str]] = [
    (
        tl.MessageActionStarGift(
            tl.StarGift(1, tl.DocumentEmpty(1), 5, 4, title="Мишка"), message=tl.TextWithEntities("с праздником", [])
        ),
        {"action": "send_star_gift", "gift_id": 1, "stars": 5, "gift_text": "с праздником"},
        "с праздником",
    ),
    (
        tl.MessageActionGiftPremium("USD", 5, 30, message=BUY),
        {"action": "send_premium_gift", "days": 30, "gift_text": BUY_PARTS},
        "купить верёвку",
    ),
    (tl.MessageActionWebViewDataSent("Выбрать"), {"action": "send_webview_data", "text": "Выбрать"}, "Выбрать"),
    (tl.MessageActionCustomAction("бот обновлён"), {"information_text": "бот обновлён"}, "бот обновлён"),
    (tl.MessageActionTopicCreate("Розы", 1), {"action": "topic_created", "title": "Розы"}, "Розы"),
    (tl.MessageActionTopicEdit(title="Розы"), {"action": "topic_edit", "new_title": "Розы"}, "Розы"),
    (
        tl.MessageActionTodoAppendTasks([tl.TodoItem(1, BUY), tl.TodoItem(2, words("красить"))]),
        {"action": "todo_append_tasks", "items": [{"text": BUY_PARTS, "id": 1}, {"text": "красить", "id": 2}]},
        "купить верёвку\nкрасить",
    ),
    (
        tl.MessageActionPollAppendAnswer(tl.PollAnswer(words("завтра"), b"1")),
        {"action": "poll_append_answer", "option": "завтра"},
        "завтра",
    ),
    (
        tl.MessageActionSuggestedPostApproval(rejected=True, reject_comment="не то"),
        {"action": "process_suggested_post", "rejected": True, "comment": "не то"},
        "не то",
    ),
    (tl.MessageActionCustomAction("прощай"), {"action": "custom_action", "information_text": "прощай"}, "прощай"),
    (tl.MessageActionChatJoinedByRequest(), {"action": "join_group_by_request"}, ""),
    (tl.MessageActionChatEditTitle("Сад"), {"action": "edit_group_title", "title": "Сад"}, ""),
    (tl.MessageActionChatAddUser([7]), {"action": "invite_members", "members": ["Ада"]}, ""),
    (tl.MessageActionGiftStars("USD", 1, 5), {"action": "send_stars_gift", "cost": "$1"}, ""),
]


@pytest.mark.parametrize(("action", "raw", "content"), SAID)
def test_what_somebody_wrote_in_a_service_message(action: Any, raw: dict[str, Any], content: str) -> None:
    """It is content; that something happened is not, nor are titles of chats."""
    row = of_export(empty(type="service", actor="Ада", actor_id="user7", **raw))
    found = of_telethon(service(action, CHANNEL))
    for one in (row, found):
        assert (one["content"], one["is_service"]) == (content, True)
        assert one["action_type"] == (raw.get("action") or "custom_action")
        assert (one["content_hash"] is not None) == bool(content)
    assert (found["entities"], found["urls"]) == (row["entities"], row["urls"])


def test_words_that_exports_lack() -> None:
    """The quoted part of a message that is answered, an explanation, a story's caption, a fact check."""
    quoted = tl.MessageReplyHeader(reply_to_msg_id=5, quote=True, quote_text="цитата")
    row = of_telethon(message(CHANNEL, message="ответ", reply_to=quoted))
    assert row["content"] == "ответ\nцитата"
    assert row["entities"] == [{"type": "blockquote", "offset": 6, "length": 6}]
    poll = tl.MessageMediaPoll(
        tl.Poll(1, words("Где?"), [tl.PollAnswer(words("Тут"), b"0")], 0, quiz=True),
        tl.PollResults(solution="потому что", solution_entities=[]),
    )
    row = of_telethon(media(poll))
    assert row["content"] == "Где?\nТут\nпотому что"
    assert (row["poll"] or {})["explanation"] == "потому что"
    story = tl.StoryItem(
        1, LATER, LATER, tl.MessageMediaEmpty(), caption="на волне", entities=[tl.MessageEntityBold(3, 5)]
    )
    row = of_telethon(media(tl.MessageMediaStory(tl.PeerUser(7), 1, story=story)))
    assert (row["content"], row["entities"]) == ("на волне", [{"type": "bold", "offset": 3, "length": 5}])
    checked = tl.FactCheck(1, country="DE", text=words("проверено"))
    assert of_telethon(message(CHANNEL, message="слух", factcheck=checked))["content"] == "слух\nпроверено"


def test_a_preview_counts_only_where_there_is_nothing_else() -> None:
    page = tl.WebPage(1, "https://a.example", "a.example", 0, title="Страница", description="о саде")
    preview = tl.MessageMediaWebPage(page)
    assert of_telethon(message(CHANNEL, message="смотри", media=preview))["content"] == "смотри"
    row = of_telethon(media(preview))
    assert (row["content"], row["urls"]) == ("Страница\nо саде", ["https://a.example"])


def test_a_keyboard_of_the_chat_is_no_part_of_a_message() -> None:
    keys = tl.ReplyKeyboardMarkup([tl.KeyboardButtonRow([button("Меню", tl.ButtonTypeDefault())])])
    assert of_telethon(message(CHANNEL, message="x", reply_markup=keys))["content"] == "x"


def test_forms_of_other_programs() -> None:
    """A row of buttons that is not in rows, the address to log in at, tasks of a checklist."""
    row = of_export(empty(inline_bot_buttons=[{"text": "Войти", "login_url": {"url": "https://a.example"}}]))
    assert (row["content"], row["urls"]) == ("Войти", ["https://a.example"])
    row = of_export(empty(checklist={"title": "Сад", "tasks": [{"id": 1, "text": "купить"}, "красить"]}))
    assert row["content"] == "Сад\nкупить\nкрасить"


def test_parts_that_nobody_knows_yet() -> None:
    """Structured ones are read by the names of their fields, plain strings are counted; none is quoted."""
    raw = empty(
        hologram={"title": "Голограмма", "items": [{"text": "раз"}, {"caption": "два"}], "id": "x"}, aroma="роза"
    )
    assert of_export(raw)["content"] == "Голограмма\nраз\nдва"
    assert list(unread_of(raw)) == ["aroma"]
    assert list(unread_of(exports.message(**{"Тайный текст": "роза"}))) == ["something else"]
    assert list(unread_of(blocks({"type": "quote", "blocks": [{"type": "unsupported"}]}))) == ["rich_message"]
    assert list(unread_of(exports.message(rich_message={"part": True, "blocks": []}))) == ["rich_message"]
    assert not list(unread_of(exports.message(number=5, when="12:00")))
    assert wordless_kind(empty(location_information=None)) == "location_information"
    assert (wordless_kind(empty(aroma="роза")), wordless_kind(empty())) == ("aroma", "nothing")


@pytest.mark.parametrize(
    ("extra", "content", "urls"),
    [
        ({"rich_message": {"blocks": [{"type": "heading", "size": 2, "text": "План"}]}}, "x\nПлан", []),
        ({"todo_list": {"title": "Дела", "items": [{"id": 1, "text": "раз"}]}}, "x\nДела\nраз", []),
        ({"reply_markup": {"inline_keyboard": [[{"text": "Жми", "url": "https://a.example"}]]}}, "x\nЖми",
         ["https://a.example"]),
        ({"reply_markup": {"_": "ReplyInlineMarkup", "rows": [{"buttons": [
            {"_": "KeyboardButtonUrl", "text": "Жми", "url": "https://a.example"}]}]}}, "x\nЖми", ["https://a.example"]),
        ({"rich_message": {"blocks": [{"type": "list", "items": [{"value": 10**5000, "text": "раз"}]}]},
          "entities": [{"type": "bold"}, {"type": "bold", "offset": None}]}, "x\n• раз", []),
        ({"beside": [{"kind": "place", "text": "Кафе"}, {"text": "Ряд 1"}]}, "x\nКафе\nРяд 1", []),
        ({"poll": {"question": "Где?", "explanation": "потому"}}, "x\nГде?\nпотому", []),
        ({"is_service": True, "action_type": "send_star_gift", "service": {"gift_text": "с праздником"}},
         "с праздником", []),
        ({"metadata": {"title": "не слова"}, "label": "тоже"}, "x", []),
    ],
)  # fmt: skip
def test_events_of_other_producers(extra: dict[str, Any], content: str, urls: list[str]) -> None:
    """They may send parts as they have them."""
    given = {"tenant_id": "t", "tg_channel_id": 42, "telegram_message_id": 5, "text": "x", "posted_at": LATER} | extra
    row = post_row(PostParsedEventV1.model_validate(given), CONTEXT)
    assert (row["content"], row["urls"]) == (content, urls)


def test_words_of_what_nobody_knows_are_kept_or_counted() -> None:
    """The text of a service message is content whatever it tells; other words of an unknown one are counted."""
    told = {"type": "service", "actor": "Ада", "actor_id": "user7", "action": "send_a_poem", "poem": "о море"}
    assert of_export(empty(**told, text="для тебя"))["content"] == "для тебя"
    assert list(unread_of(told)) == ["poem"]
    assert list(unread_of(told | {"action": None, "members": ["Ада"], "comment": "да"})) == ["poem"]
    assert list(unread_of(told | {"action": ["edit_group_title"]})) == ["poem"]
    assert list(unread_of({"type": "service", "action": "edit_group_title", "title": "Сад", "inviter": "Ада"})) == []
