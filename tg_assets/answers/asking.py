"""Questions with a name, asked of the graph: ``ask`` and the list of all, ``questions``.

The statements are ``tg_assets.graph.questions``; here their parameters become what they stand for, and ids become what
people read. What does not belong here: how answers are shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import partial
from typing import Any

from tg_assets.answers.archive import Archive
from tg_assets.answers.asked_names import Names, visible_chats
from tg_assets.answers.asked_posts import filled
from tg_assets.errors import NoSuch, TgAssetsError, WrongParameter
from tg_assets.graph.questions import EVERY
from tg_assets.graph.questions.question import Parameter, Question, Row
from tg_assets.scope import parse_time

MOST = 1000
LIMIT = 20
OF_ALL, OF_DATED = ("limit",), ("since", "until")
"""Parameters that every question has, and those that have dates."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of plain values under ``columns``: text, numbers, booleans, lists of text, aware times in UTC, None.

    A column ``post`` of the question has become ``post_id``, ``date``, ``feed``, ``text`` (at most 160 characters) and
    ``link``, a column ``chat`` has got its id beside it.
    """

    question: str
    columns: tuple[str, ...]
    rows: list[Row]


def questions() -> list[Question]:
    """All questions that have a name."""
    return list(EVERY.values())


def described(question: Question) -> dict[str, Any]:
    """A question as programs are told of it."""
    return {
        "name": question.name, "english": question.english, "russian": question.russian, "is_dated": question.dated,
        "parameters": [
            {
                "name": one.name, "kind": one.kind, "help": one.help, "example": one.example,
                "is_required": one.required, "default": one.default,
            }
            for one in question.parameters
        ],
        "columns": [one.name for one in question.columns],
    }  # fmt: skip


def ask(archive: Archive, question: str, /, **parameters: Any) -> Answer:
    """Answer a question by its name, as much of it as may be seen in the archive.

    Values are what people type (see ``Parameter``); besides the question's own there are ``limit`` (1 to 1000, 20 by
    default), and ``since`` and ``until`` of dated ones (ISO text, dates or times; without a zone UTC). Raises
    TgAssetsError for names that there are not, with the nearest ones, and for values that stand for nothing.
    """
    asked = _named(question)
    given = _checked(asked, parameters)
    limit = _limit(given.get("limit"))
    span = {name: _moment(given.get(name), name) for name in OF_DATED} if asked.dated else {}
    with archive.reading() as connection:
        chats = visible_chats(connection, archive)
        bound = Names(connection, archive, chats).bound(asked, given)
        with archive.graph.tenant(archive.tenant) as graph:
            rows = graph.show(
                asked.statement,
                owners=archive.owners,
                channels=bound.channels,
                **{"limit": limit, **span, **bound.values},
            )
        rows = asked.then(rows)[:limit] if asked.then else rows
        columns, made = filled(connection, archive, asked, chats, rows)
    return Answer(asked.name, columns, made)


def _named(name: str) -> Question:
    found = EVERY.get(name.strip().lower().replace("_", "-"))
    if found is None:
        near = get_close_matches(name.lower(), EVERY, 3, 0.5)
        nearest = f" Near it are: {', '.join(near)}." if near else ""
        raise NoSuch(f"There is no question {name!r}.{nearest}", "questions")
    return found


def _checked(question: Question, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that are given and that the question has."""
    own = [one.name for one in question.parameters]
    known = [*own, *OF_ALL, *(OF_DATED if question.dated else ())]
    for name in parameters:
        if name not in known:
            raise WrongParameter(partial(_unknown, question.name, name, known))
    given = {name: value for name, value in parameters.items() if value is not None}
    for one in question.parameters:
        if one.required and one.name not in given:
            raise WrongParameter(partial(_missing, question.name, one))
    return given


def _unknown(question: str, name: str, known: Sequence[str], written: Callable[[str], str]) -> str:
    near = get_close_matches(name, known, 1, 0.5)
    nearest = f" Is {written(near[0])} meant?" if near else ""
    has = ", ".join(map(written, known))
    return f"The question {question!r} has no parameter {written(name)}.{nearest} It has: {has}."


def _missing(question: str, one: Parameter, written: Callable[[str], str]) -> str:
    return f"The question {question!r} needs {written(one.name)}, {one.help}; for example {one.example!r}."


DIGITS = 10
"""No number that is asked for has so many."""


def _limit(value: Any) -> int:
    if value is None:
        return LIMIT
    is_number = isinstance(value, int) or (isinstance(value, str) and value.isdecimal() and len(value) < DIGITS)
    if not is_number or not 1 <= int(value) <= MOST:
        raise TgAssetsError(f"limit={str(value)[:DIGITS]!r} is not a number from 1 to {MOST:,}.")
    return int(value)


def _moment(value: Any, name: str) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return parse_time(None if value is None else str(value), name)
