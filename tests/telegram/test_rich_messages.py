"""Blocks of rich messages are read as a person reads them, the same from an export and from Telegram."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types as tl

from tests.telegram import exports
from tests.telegram.tl import CHANNEL, LATER, message
from tests.telegram.ways import blocks, of_export, of_telethon
from tg_assets.telegram.words import unread_of


def plain(text: str) -> Any:
    return tl.TextPlain(text)


def paragraph(text: str) -> Any:
    return tl.PageBlockParagraph(plain(text))


def cell(text: str) -> Any:
    return tl.PageTableCell(text=plain(text))


def none() -> Any:
    return tl.PageCaption(tl.TextEmpty(), tl.TextEmpty())


def rich(*blocks: Any, **fields: Any) -> Any:
    return message(CHANNEL, message="", rich_message=tl.RichMessage(list(blocks), [], [], **fields))


RICH: list[tuple[Any, dict[str, Any], str, list[str]]] = [
    (
        rich(
            tl.PageBlockHeading2(plain("План")),
            tl.PageBlockParagraph(
                tl.TextConcat([
                    plain("Выходим "), tl.TextBold(plain("на рассвете")), plain(", "),
                    tl.TextUrl(plain("карта"), "https://a.example/map", 0), plain(" "),
                    tl.TextAutoUrl(plain("b.example")),
                ])
            ),
        ),
        blocks(
            {"type": "heading", "level": 2, "text": {"type": "plain", "text": "План"}},
            {"type": "paragraph", "text": {"type": "concat", "text": [
                {"type": "plain", "text": "Выходим "},
                {"type": "bold", "text": {"type": "plain", "text": "на рассвете"}},
                {"type": "plain", "text": ", "},
                {"type": "text_link", "href": "https://a.example/map", "text": {"type": "plain", "text": "карта"}},
                " ", {"type": "link", "text": "b.example"},
            ]}},
        ),
        "План\nВыходим на рассвете, карта b.example",
        ["https://a.example/map", "b.example"],
    ),
    (
        rich(
            tl.PageBlockList([
                tl.PageListItemText(plain("верёвка"), checkbox=True, checked=True),
                tl.PageListItemBlocks([
                    tl.PageBlockParagraph(plain("краска")),
                    tl.PageBlockOrderedList([
                        tl.PageListOrderedItemText(plain("белая"), num="1"),
                        tl.PageListOrderedItemBlocks([tl.PageBlockParagraph(plain("синяя"))], num="2"),
                    ]),
                ], checkbox=True),
                tl.PageListItemText(plain("гвозди")),
            ])
        ),
        blocks({"type": "list", "kind": "bullet", "items": [
            {"task_state": "checked", "content": "text", "text": {"type": "plain", "text": "верёвка"}},
            {"task_state": "unchecked", "content": "blocks", "blocks": [
                {"type": "paragraph", "text": "краска"},
                {"type": "list", "kind": "ordered", "items": [
                    {"task_state": "none", "text": "белая"},
                    {"task_state": "none", "blocks": [{"type": "paragraph", "text": ["си", "няя"]}]},
                ]},
            ]},
            {"task_state": "none", "text": "гвозди"},
        ]}),
        "☑ верёвка\n☐ краска\n1. белая\n2. синяя\n• гвозди",
        [],
    ),
    (
        rich(
            tl.PageBlockTable(plain("Смены"), [
                tl.PageTableRow([cell("кто"), tl.PageTableCell(), cell("ночь")]),
                tl.PageTableRow([cell("Ада")]),
            ]),
            tl.PageBlockBlockquote(plain("тише едешь"), plain("пословица")),
            tl.PageBlockPreformatted(plain("x = 1"), "python"),
            tl.PageBlockMath("a<b"),
            tl.PageBlockDivider(),
            tl.PageBlockFooter(plain("конец")),
        ),
        blocks(
            {"type": "table", "title": {"type": "plain", "text": "Смены"}, "rows": [
                {"cells": [{"text": "кто", "header": True}, {"header": False}, {"text": "ночь"}]},
                {"cells": [{"text": {"type": "plain", "text": "Ада"}}]},
            ]},
            {"type": "quote", "content": "text", "pullquote": False, "text": "тише едешь", "caption": "пословица"},
            {"type": "code", "text": "x = 1", "language": "python"},
            {"type": "math", "formula": "a<b"},
            {"type": "divider"},
            {"type": "footer", "text": "конец"},
        ),
        "Смены\nкто | ночь\nАда\nтише едешь\nпословица\nx = 1\na<b\nконец",
        [],
    ),
    (
        rich(
            tl.PageBlockDetails([tl.PageBlockParagraph(plain("внутри"))], plain("Подробно")),
            tl.PageBlockPhoto(1, tl.PageCaption(plain("маяк"), plain("Ада")), url="https://p.example", webpage_id=1),
            tl.PageBlockCollage([tl.PageBlockVideo(2, tl.PageCaption(plain("волны"), tl.TextEmpty()))], none()),
            tl.PageBlockCover(tl.PageBlockAuthorDate(plain("Борис"), None)),
            tl.PageBlockEmbedPost("https://e.example", 0, 0, "Вера", LATER, [paragraph("пост")], none()),
            tl.PageBlockRelatedArticles(plain("Ещё"), [
                tl.PageRelatedArticle("https://r.example", 0, title="Статья", description="о море")]),
            tl.PageBlockButtonRow([
                tl.PageButton(plain("Купить"), tl.InlineButtonTypeUrl("https://buy.example")),
                tl.PageButton(plain("Нет"), tl.InlineButtonTypeCallback(b"no"))]),
        ),
        blocks(
            {"type": "details", "title": "Подробно", "blocks": [{"type": "paragraph", "text": "внутри"}]},
            {"type": "photo", "photo_id": "1", "photo_skip_reason": "unavailable", "url": "https://p.example",
             "caption": {"text": "маяк", "credit": {"type": "plain", "text": "Ада"}}},
            {"type": "collage", "items": [
                {"type": "video", "file_name": "v.mp4", "caption": {"text": "волны", "credit": {"type": "empty"}}}],
             "caption": {"text": {"type": "empty"}, "credit": {"type": "empty"}}},
            {"type": "cover", "block": {"type": "author_date", "author": "Борис"}},
            {"type": "embed_post", "url": "https://e.example", "author": "Вера",
             "blocks": [{"type": "paragraph", "text": "пост"}]},
            {"type": "related_articles", "title": "Ещё", "articles": [
                {"url": "https://r.example", "title": "Статья", "description": "о море"}]},
            {"type": "button_row", "buttons": [
                {"text": {"type": "plain", "text": "Купить"}, "button": {"type": "url", "url": "https://buy.example"}},
                {"text": "Нет", "button": {"type": "callback", "data": ""}}]},
        ),
        "Подробно\nвнутри\nмаяк\nАда\nволны\nБорис\nВера\nпост\nЕщё\nСтатья\nо море\nКупить | Нет",
        ["https://p.example", "https://e.example", "https://r.example", "https://buy.example"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "raw", "content", "urls"), RICH)
def test_rich_messages(one: Any, raw: dict[str, Any], content: str, urls: list[str]) -> None:
    """Blocks as a person reads them, with entities and links."""
    row = of_export(raw)
    assert (row["content"], row["urls"]) == (content, urls)
    found = of_telethon(one)
    for name in ("content", "entities", "urls", "content_hash", "has_media", "is_service"):
        assert found[name] == row[name]  # type: ignore[literal-required]


def test_entities_of_a_rich_message() -> None:
    """They are where their words are, lists and quotes included."""
    row = of_export(RICH[0][1])
    encoded = row["content"].encode("utf-16-le")
    said = {
        one["type"]: encoded[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le")
        for one in row["entities"]
    }
    assert said == {"bold": "на рассвете", "text_link": "карта", "link": "b.example"}
    kinds = [(one["type"], one.get("language")) for one in of_export(RICH[2][1])["entities"]]
    assert kinds == [("blockquote", None), ("pre", "python")]


def test_a_text_that_a_rich_message_repeats_is_there_once() -> None:
    """Some tools keep the plain text beside the blocks."""
    both = exports.message(rich_message={"blocks": [{"type": "paragraph", "text": "привет"}]})
    assert of_export(both)["content"] == "привет"
    other = exports.message(rich_message={"blocks": [{"type": "paragraph", "text": "мир"}]})
    assert of_export(other)["content"] == "привет\nмир"


def test_nesting_without_end_is_cut_off() -> None:
    """And counted, not refused."""
    block: dict[str, Any] = {"type": "paragraph", "text": "дно"}
    for _ in range(150):
        block = {"type": "quote", "blocks": [block]}
    raw = exports.message(rich_message={"blocks": [{"type": "paragraph", "text": "верх"}, block]})
    assert of_export(raw)["content"].endswith("верх")
    assert list(unread_of(raw)) == ["rich_message"]


def test_names_of_the_bot_api() -> None:
    """Blocks as a bot sends them, which other producers pass on."""
    row = of_export(
        blocks(
            {"type": "details", "summary": "Подробно", "blocks": [{"type": "pull_quotation", "text": "тише"}]},
            {"type": "paragraph", "text": [
                {"type": "url", "text": "карта", "url": "https://a.example"}, " ",
                {"type": "custom_emoji", "custom_emoji_id": "5", "alternative_text": "🌷"}, " ",
                {"type": "mathematical_expression", "expression": "a+b"}]},
            {"type": "table", "cells": [[{"text": "кто"}, {"text": "когда"}], [{"text": "Ада"}]]},
            {"type": "list", "items": [
                {"label": "•", "blocks": [{"type": "paragraph", "text": "раз"}]},
                {"label": "2.", "blocks": [{"type": "paragraph", "text": "два"}]},
                {"has_checkbox": True, "is_checked": True, "blocks": [{"type": "paragraph", "text": "три"}]}]},
        )
    )  # fmt: skip
    assert row["content"] == "Подробно\nтише\nкарта 🌷 a+b\nкто | когда\nАда\n• раз\n2. два\n☑ три"
    assert row["urls"] == ["https://a.example"]
    kinds = [one["type"] for one in row["entities"]]
    assert kinds == ["blockquote", "text_link", "custom_emoji", "math"]


def test_rows_without_names_of_cells() -> None:
    """A row is the list of its cells, which are beside each other."""
    row = of_export(blocks({"type": "table", "rows": [["кто", {"text": "когда"}], [{"text": "Ада"}, "завтра"]]}))
    assert row["content"] == "кто | когда\nАда | завтра"


NAMES = st.sampled_from(["title", "text", "author", "description", "caption", "credit", "summary", "formula"])
PLACES = st.sampled_from(["blocks", "items", "list", "rows", "articles", "answers", "block", "cover", "story", "todo"])
KINDS = st.sampled_from(["paragraph", "list", "quote", "code", "details", "hologram"])
WORD = st.just("слово")
TEXTS = st.recursive(
    WORD | WORD.map(lambda word: {"type": "plain", "text": word}),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.tuples(st.sampled_from(["bold", "text_link", "concat", "unheard"]), inner).map(
            lambda made: {"type": made[0], "text": made[1], "href": "https://a.example"}
        )
    ),
    max_leaves=4,
)
BLOCKS = st.recursive(
    st.tuples(KINDS, st.dictionaries(NAMES, TEXTS, min_size=1)).map(lambda made: {"type": made[0], **made[1]}),
    lambda inner: st.tuples(KINDS, st.dictionaries(PLACES, st.lists(inner, min_size=1, max_size=3), min_size=1)).map(
        lambda made: {"type": made[0], **made[1]}
    ),
    max_leaves=6,
)


def said(value: Any) -> int:
    """How often the word is anywhere."""
    if isinstance(value, str):
        return value.count("слово")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(said, parts))


@given(st.lists(BLOCKS, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_word_is_lost_however_blocks_nest(given_blocks: list[dict[str, Any]]) -> None:
    """In known blocks and in unknown ones; entities stay inside the content and around words."""
    row = of_export(blocks(*given_blocks))
    assert row["content"].count("слово") == said(given_blocks)
    units = len(row["content"].encode("utf-16-le")) // 2
    for one in row["entities"]:
        assert one["offset"] >= 0
        assert 0 < one["length"] <= units - one["offset"]
