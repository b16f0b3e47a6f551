"""Text, entities and links are read from both schemas, with offsets as Telegram counts them."""

import hashlib
from typing import Any

import pytest

from tg_assets.telegram.desktop_text import content_hash, read_poll, read_text

PARTS: list[Any] = [
    "Смотри 👍 ",
    {"type": "bold", "text": "сюда"},
    " ",
    {"type": "link", "text": "https://a.example/x"},
    {"type": "text_link", "text": "там", "href": "https://b.example"},
    {"type": "link", "text": "https://a.example/x"},
]


def test_old_and_new_schema_give_the_same() -> None:
    """A list of strings and objects, or all objects beside it."""
    new = [part if isinstance(part, dict) else {"type": "plain", "text": part} for part in PARTS]
    assert read_text({"text": PARTS}) == read_text({"text": PARTS, "text_entities": new})
    assert read_text({"text": "просто"}) == read_text(
        {"text": "просто", "text_entities": [{"type": "plain", "text": "просто"}]}
    )


def test_offsets_are_utf16_code_units() -> None:
    """An emoji outside the basic plane counts twice, as in Telegram's entities."""
    text = read_text({"text": PARTS})
    assert text.content == "Смотри 👍 сюда https://a.example/xтамhttps://a.example/x"
    assert text.entities[0] == {"type": "bold", "offset": 10, "length": 4}
    assert text.entities[2] == {"type": "text_link", "offset": 34, "length": 3, "url": "https://b.example"}
    encoded = text.content.encode("utf-16-le")
    for entity, part in zip(text.entities, [part for part in PARTS if isinstance(part, dict)], strict=True):
        start = 2 * entity["offset"]
        assert encoded[start : start + 2 * entity["length"]].decode("utf-16-le") == part["text"]


def test_links_are_distinct_and_in_order() -> None:
    """Plain links by their text, text links by their target."""
    assert read_text({"text": PARTS}).urls == ["https://a.example/x", "https://b.example"]


@pytest.mark.parametrize(
    ("part", "entity"),
    [
        ({"type": "mention_name", "text": "ab", "user_id": 7}, {"user_id": 7}),
        ({"type": "pre", "text": "ab", "language": "python"}, {"language": "python"}),
        ({"type": "pre", "text": "ab", "language": ""}, {}),
        ({"type": "custom_emoji", "text": "ab", "document_id": "files/s.webm"}, {}),
        (
            {"type": "custom_emoji", "text": "ab", "document_id": "54321098765432109"},
            {"document_id": "54321098765432109"},
        ),
        (
            {"type": "custom_emoji", "text": "ab", "document_id": 5432109876543210987},
            {"document_id": "5432109876543210987"},
        ),
        ({"type": "blockquote", "text": "ab", "collapsed": True}, {"collapsed": True}),
        ({"type": "hologram", "text": "ab"}, {}),
    ],
)
def test_entities_keep_what_they_say(part: dict[str, Any], entity: dict[str, Any]) -> None:
    """Types that we do not know are kept as well."""
    assert read_text({"text_entities": [part]}).entities == [{"type": part["type"], "offset": 0, "length": 2} | entity]


@pytest.mark.parametrize("text", [None, "", [], [None, 5, {}, {"type": "bold"}, {"text": None}], {}, 7, True])
def test_nothing_readable_is_empty(text: Any) -> None:
    """Nulls and wrong types are no text."""
    assert read_text({"text": text, "text_entities": text}) == ("", [], [])


LINK = {"type": "text_link", "text": "там", "href": "https://b.example"}
BOLD = {"type": "bold", "text": "сюда"}


@pytest.mark.parametrize(
    ("text", "parts", "content", "kinds"),
    [
        (["иди ", ["туда ", BOLD]], None, "иди туда сюда", ["bold"]),
        ([{"type": "italic", "text": ["иди ", BOLD]}], [], "иди сюда", ["italic", "bold"]),
        (BOLD, None, "сюда", ["bold"]),
        ("", BOLD, "сюда", ["bold"]),
        ("иди сюда", [{"type": "plain", "text": ""}], "иди сюда", []),
        (["иди ", BOLD], [{"type": "plain", "text": ""}], "иди сюда", ["bold"]),
        (["иди ", BOLD], [{"type": "plain", "text": "иди "}], "иди сюда", ["bold"]),
        ("👍 сюда и там!", [BOLD, LINK], "👍 сюда и там!", ["bold", "text_link"]),
        ("👍 сюда", [{"type": "bold", "offset": 3, "length": 4}], "👍 сюда", ["bold"]),
        ("совсем другое", [BOLD], "сюда", ["bold"]),
    ],
)
def test_no_word_is_lost_where_the_schemas_disagree(text: Any, parts: Any, content: str, kinds: list[str]) -> None:
    """Parts in parts, and entities of some words only or by their offsets, as programs that convert exports write."""
    found = read_text({"text": text, "text_entities": parts})
    assert (found.content, [entity["type"] for entity in found.entities]) == (content, kinds)
    encoded = content.encode("utf-16-le")
    for entity in found.entities:
        start = 2 * entity["offset"]
        said = encoded[start : start + 2 * entity["length"]].decode("utf-16-le")
        assert said == {"bold": "сюда", "italic": "иди сюда", "text_link": "там"}[entity["type"]]
    assert found.urls == ["https://b.example"] * ("text_link" in kinds)


def test_strings_are_fit_for_postgres() -> None:
    """NUL and lone surrogates are replaced."""
    assert read_text({"text": "a\x00b"}).content == "a\ufffdb"
    read_text({"text": "a\ud800б"}).content.encode()


def test_hash_is_equal_for_texts_that_look_equal() -> None:
    """NFC and white space; empty text has no hash."""
    assert content_hash("йод \n и\tещё") == content_hash(" й" + "од и ещё")
    assert content_hash("e\u0301") == hashlib.sha256("é".encode()).hexdigest()
    assert content_hash("") is None
    assert content_hash(" \n\u2028") is None
    assert content_hash("да") != content_hash("нет")


def test_poll_is_question_and_options() -> None:
    """A poll is searchable by what it asks and offers; odd answers are left out."""
    raw = {
        "question": "Где?",
        "closed": True,
        "total_voters": 3,
        "answers": [{"text": "Тут", "voters": 2, "chosen": False}, {"text": ["Т", "ам"], "voters": None}, None],
    }
    poll, text = read_poll({"poll": raw})
    assert text.content == "Где?\nТут\nТам"
    assert poll == {
        "question": "Где?",
        "closed": True,
        "total_voters": 3,
        "answers": [{"text": "Тут", "voters": 2}, {"text": "Там", "voters": 0}],
    }
    assert read_poll({"poll": "yes"}) == (None, ("", [], []))


def test_polls_of_other_programs() -> None:
    """Options as strings, or under the Bot API's names."""
    for given in ({"answers": ["да", "нет"]}, {"options": [{"text": "да"}, {"text": "нет"}]}):
        poll, text = read_poll({"poll": {"question": "Сажаем?", **given}})
        assert text.content == "Сажаем?\nда\nнет"
        assert poll is not None
        assert [answer["text"] for answer in poll["answers"]] == ["да", "нет"]
