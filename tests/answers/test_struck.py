"""What is crossed out is counted as Telegram counts, and marked for who reads text alone."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.conversations.support import BEGIN, Chat, Said
from tests.support import pipeline
from tests.telegram import exports
from tg_assets import ids
from tg_assets.answers.asked_posts import SHORT, short
from tg_assets.answers.digest import digest
from tg_assets.answers.digest_text import as_text
from tg_assets.answers.message import message
from tg_assets.answers.neighbours import around
from tg_assets.answers.pieces import marked, pieces
from tg_assets.answers.struck import Struck, crossed, runs
from tg_assets.answers.threads import thread
from tg_assets.doors.mcp.views import message_view
from tg_assets.tagging.cleaning import clean

SPAN = (BEGIN, BEGIN + timedelta(days=1))


@pytest.mark.parametrize(
    ("said", "struck", "marked"),
    [
        ("цена 600 500", [(5, 3)], "цена ~~600~~ 500"),
        ("🙂 600 🙂 500", [(3, 3), (10, 3)], "🙂 ~~600~~ 🙂 ~~500~~"),
        ("all of it", [(0, 9)], "~~all of it~~"),
        ("one two", [(0, 5), (3, 4)], "~~one t~~~~wo~~"),
        ("short", [(2, 40)], "short"),
        ("none", [], "none"),
        ("", [(0, 1)], ""),
    ],
)
def test_it_stands_between_marks(said: str, struck: list[tuple[int, int]], marked: str) -> None:
    """Also behind signs of two units; parts that overlap are no text twice, and one that does not fit is none."""
    assert crossed(said, [Struck(*one) for one in struck]) == marked


WRONG = [("x", 1), (None, 1), (-3, 5), (0, 0), (2**70, 1), (0.5, 1), ([], {}), (True, 1)]


def strike(chat: Chat, number: int, *places: tuple[Any, Any]) -> None:
    """Cross these parts of a message out."""
    entities = [{"type": "strikethrough", "offset": offset, "length": length} for offset, length in places]
    with pipeline.postgres().tenant(ids.tenant_id(chat.tenant)) as session, session.transaction() as connection:
        statement = "UPDATE group_messages SET entities = CAST(:all AS jsonb) WHERE id = :id"
        connection.execute(text(statement), {"all": json.dumps(entities), "id": chat.post(number)})


def test_places_that_are_none_are_left_out(tenant: str) -> None:
    """Whatever an event says of them, the message is shown."""
    chat = Chat(tenant)
    chat.put([Said(1, 1, words="600 500"), Said(2, 2, words="so")])
    strike(chat, 1, *WRONG, (0, 3))
    archive = pipeline.archive(tenant)
    one, other = message(archive, chat.post(1)).message, message(archive, chat.post(2)).message
    assert (one.struck, other.struck) == ((Struck(0, 3),), ())
    assert (one.text, one.said, one.words) == ("600 500", "~~600~~ 500", "~~600~~ 500")


def test_every_list_of_messages_has_it(tenant: str) -> None:
    """Lines around, threads, what is like it, what it replies to, a digest, a timeline: none reads as said."""
    chat = Chat(tenant)
    chat.put([Said(1, 1, words="who comes"), Said(2, 2, words="I come"), Said(3, 3, answers=2, words="good")])
    strike(chat, 2, (2, 4))
    archive = pipeline.archive(tenant)
    whole = message(archive, chat.post(3))
    assert whole.reply_to is not None
    digested = digest(archive, *SPAN)
    messages = [
        *around(archive, chat.post(1)).after[:1], *thread(archive, chat.post(3)).messages[:1], whole.reply_to,
        *(one.message for one in digested.answered),
    ]  # fmt: skip
    assert [one.id for one in messages] == [chat.post(2)] * 4
    assert {one.words for one in messages} == {"I ~~come~~"}
    assert "I ~~come~~" in as_text(digested)
    view = message_view(messages[0])
    assert view["text"] == "I ~~come~~"


@pytest.mark.parametrize(
    ("said", "struck", "snippet", "shown"),
    [
        ("the price is 600 500", [(13, 3)], "the price is 600 500", "the price is ~~600~~ 500"),
        ("🙂  the\u200b price\n is 600 500", [(19, 3)], "…price is 600 500", "…price is ~~600~~ 500"),
        ("all of it is taken back", [(0, 23)], "…of it is…", "…~~of it is~~…"),
        ("begins before and ends within", [(0, 14)], "…before and ends…", "…~~before~~ and ends…"),
        ("not here, here it is", [(0, 8)], "…here it is", "…here it is"),
        ("so", [], "so", "so"),
    ],
)
def test_a_snippet_has_it(said: str, struck: list[tuple[int, int]], snippet: str, shown: str) -> None:
    """Also where the text was cleaned, and where a part of what is crossed out was cut away."""
    found = pieces([("post", clean(said))], snippet, runs(said, [Struck(*one) for one in struck]))
    assert marked(snippet, found) == shown
    assert "".join(one.text for one in found) == snippet


def test_what_a_model_says_is_not_crossed_out() -> None:
    found = pieces(
        [("post", "600"), ("vision", "a picture of 600")], "600 a picture of 600", runs("600", [Struck(0, 3)])
    )
    assert [(one.source, one.struck) for one in found] == [("written", (Struck(0, 3),)), ("described", ())]
    assert marked("600 a picture of 600", found) == "~~600~~ a picture of 600"


@pytest.mark.parametrize("before", range(SHORT - 8, SHORT + 1))
@pytest.mark.parametrize("length", [1, 2, 9])
def test_a_row_of_an_answer_has_it(before: int, length: int) -> None:
    """Also where it is cut: what is open ends, and no mark is left alone."""
    said = "a" * before + "b" * length + "c" * SHORT
    shown = short(said, [Struck(before, length)])
    assert len(shown) <= SHORT
    assert shown.endswith("…")
    assert re.fullmatch(r"a+|a+~~b+~~c*", shown[:-1])
    assert ("~" in shown) == (before + len("~~b~~") <= SHORT - len("…"))
    assert short("600 500", [Struck(0, 3)]) == "~~600~~ 500"


def test_what_a_person_typed_is_no_mark_in_a_row_of_an_answer() -> None:
    assert short("~~600~~ 500") == "~600~ 500"
    assert short("~~600~~ 500 700", [Struck(12, 3)]) == "~600~ 500 ~~700~~"


def test_a_version_has_its_words_as_they_were_typed(servers: dict[str, str], tenant: str, tmp_path: Path) -> None:
    """And beside them what is crossed out: marks of a person's own are none of ours."""
    parts = [{"type": "plain", "text": "~~600~~ 500 "}, {"type": "strikethrough", "text": "700"}]
    path = pipeline.write_export(tmp_path, exports.chat(exports.message(1, text=parts, text_entities=parts)))
    (report,) = pipeline.import_path(path, tenant)
    pipeline.materialize(report.feed, "2023-05-01", "2023-05-01", ["telegram_messages", "posts"])
    (one,) = pipeline.rows(tenant, "SELECT id FROM messages")
    (version,) = message(pipeline.archive(tenant), one.id).versions
    assert (version.text, version.struck) == ("~~600~~ 500 700", (Struck(12, 3),))
    assert version.said == "~~600~~ 500 ~~700~~"
