"""Rows of a question to the graph, each by a key that stays the same while what it tells of is the same.

What does not belong here: which of them are new.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from tg_assets.answers.archive import Archive
from tg_assets.answers.asking import LIMIT, ask
from tg_assets.errors import TgAssetsError
from tg_assets.graph.questions.question import Row
from tg_assets.ids import NAMESPACE
from tg_assets.saved.asked import SavedQuestion

MOST = 200
"""Rows that are looked at."""
_OF_POST = frozenset({"date", "feed", "text", "link"})


def now_there(archive: Archive, asked: SavedQuestion) -> dict[UUID, Row]:
    """Rows of the answer by their keys, in its order. Raises TgAssetsError for a question that cannot be asked."""
    given = {"limit": LIMIT, **asked.parameters}
    answer = ask(archive, asked.question, **given)
    if int(given["limit"]) > MOST:
        raise TgAssetsError(f"A saved question has at most {MOST} rows: choose a smaller limit.")
    found: dict[UUID, Row] = {}
    for row in answer.rows:
        found.setdefault(key_of(answer.question, row), row)
    return found


def key_of(question: str, row: Row) -> UUID:
    """Whom or what a row is about: how many, when and in what words may change, and an edit is no news.

    A row that is nothing but numbers is itself.
    """
    about = {name: value for name, value in row.items() if _names(name, value, row)} or dict(row)
    return uuid5(NAMESPACE, orjson.dumps([question, about], option=orjson.OPT_SORT_KEYS, default=str).decode())


def _names(name: str, value: Any, row: Mapping[str, Any]) -> bool:
    if name.endswith("_id"):
        return True
    if "post_id" in row and name in _OF_POST:
        return False
    return not isinstance(value, int | float | datetime)
