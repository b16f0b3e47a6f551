"""What is crossed out is counted as Telegram counts, and marked for who reads text alone."""

import json

import pytest
from sqlalchemy import text

from tests.conversations.support import Chat, Said
from tests.support import pipeline
from tg_assets import ids
from tg_assets.answers.struck import Struck, crossed, struck_of


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


def test_places_that_are_none_are_left_out(tenant: str) -> None:
    """Whatever an event says of them, the message is shown."""
    chat = Chat(tenant)
    chat.put([Said(1, 1, words="600 500"), Said(2, 2, words="so")])
    wrong = [("x", 1), (None, 1), (-3, 5), (0, 0), (2**70, 1), (0.5, 1), ([], {}), (True, 1)]
    entities = [{"type": "strikethrough", "offset": offset, "length": length} for offset, length in [*wrong, (0, 3)]]
    with pipeline.postgres().tenant(ids.tenant_id(tenant)) as session, session.transaction() as connection:
        statement = "UPDATE group_messages SET entities = CAST(:all AS jsonb) WHERE id = :id"
        connection.execute(text(statement), {"all": json.dumps(entities), "id": chat.post(1)})
        parts = struck_of(connection, [chat.post(1), chat.post(2)])
    assert parts == {chat.post(1): (Struck(0, 3),)}
    assert crossed("600 500", parts[chat.post(1)]) == "~~600~~ 500"
