"""A question whose answer is a JSON object: parsed, validated, and asked a second time when it is not usable.

Used alike for pictures, tags and albums. Models wrap objects in prose and code fences and leave commas behind;
that is forgiven. A wrong shape is told to the model once; wrong again is settled. What does not belong here:
prompts, and what the fields mean.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from tg_assets.remote.chat import Chat, Picture, Reply, Schema
from tg_assets.remote.errors import Filtered, ReplyUnusable

T = TypeVar("T")

# A string is taken whole, so that a comma inside it stays.
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_LONGEST_REPLY = 200_000
_TOLD_ERRORS = 5

_REPAIR = (
    "\n\nYour previous answer was not usable: {why}. Answer again with one complete JSON object of exactly the "
    "fields asked for, and with nothing before or after it."
)


@dataclass(frozen=True)
class Question:
    """What to ask; ``schema`` describes the object that is wanted."""

    system: str
    text: str
    schema: Schema
    picture: Picture | None = None


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A validated answer, the tokens it took in all, and the model that gave it."""

    value: T
    tokens: int
    model: str


def ask_json(chat: Chat, question: Question, validate: Callable[[dict[str, Any]], T]) -> Answer[T]:
    """Ask, validate, and ask once more if the reply cannot be used.

    ``validate`` turns the object into a value, or raises ValueError (pydantic's is one) with a text that repeats
    nothing of the reply. Raises NotNow, and ReplyUnusable with the second reply's fault.
    """
    spent, why, text = 0, "", question.text
    for _ in range(2):
        try:
            reply = chat.ask(question.system, text, question.picture, question.schema)
        except Filtered as filtered:
            raise Filtered(filtered.reason, spent + filtered.tokens) from None
        except ReplyUnusable as unusable:
            raise ReplyUnusable(unusable.reason, spent + unusable.tokens) from None
        spent += reply.tokens
        try:
            return Answer(validate(json_object(reply)), spent, reply.model)
        except ValueError as error:
            why = _fault(error)
        text = question.text + _REPAIR.format(why=why)
    raise ReplyUnusable(f"the model's answer was not usable twice: {why}", spent)


def json_object(reply: Reply) -> dict[str, Any]:
    """The one JSON object in a reply. Raises ValueError that says what is wrong without repeating any of it."""
    text = reply.text[:_LONGEST_REPLY]
    start, end = text.find("{"), text.rfind("}")
    if reply.truncated:
        raise ValueError("it was longer than is allowed and got cut")
    if start < 0 or end < start:
        raise ValueError("it held no JSON object")
    try:
        found = json.loads(_TRAILING_COMMA.sub(lambda match: match[1] or "", text[start : end + 1]), strict=False)
    except json.JSONDecodeError as error:
        raise ValueError(f"its JSON is malformed at character {error.pos}: {error.msg}") from None
    except (ValueError, RecursionError):
        raise ValueError("its JSON is nested too deeply or holds too long a number") from None
    if not isinstance(found, Mapping):
        raise ValueError("it held no JSON object")
    return dict(found)


def _fault(error: ValueError) -> str:
    """A validation error as a sentence made of names and rules, never of values."""
    if not isinstance(error, ValidationError):
        return str(error)
    errors = error.errors(include_url=False, include_context=False, include_input=False)[:_TOLD_ERRORS]
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors)
