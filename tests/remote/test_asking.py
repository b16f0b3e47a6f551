"""Replies become objects: what is forgiven, what is asked again, what is settled."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tg_assets.remote.asking import Question, ask_json, json_object
from tg_assets.remote.chat import Picture, Reply, Schema
from tg_assets.remote.errors import Filtered, NotNow, ReplyUnusable
from tg_assets.remote.estimate import patches, tiles

QUESTION = Question("system", "question", {"title": "x"}, Picture(b"x", 1, 1))


class Word(BaseModel):
    word: str
    score: float


class Script:
    """A chat that gives the replies it was made with."""

    def __init__(self, *replies: str | Exception, truncated: bool = False) -> None:
        self.replies = list(replies)
        self.texts: list[str] = []
        self.truncated = truncated

    def ask(self, system: str, text: str, picture: Picture | None = None, schema: Schema | None = None) -> Reply:
        assert (system, picture, schema) == (QUESTION.system, QUESTION.picture, QUESTION.schema)
        self.texts.append(text)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return Reply(reply, 10, "m", self.truncated)

    def close(self) -> None:
        pass


def parse(text: str) -> dict[str, Any]:
    return json_object(Reply(text, 1, "m"))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2], "b": "x, }"}',
        '```json\n{"a": [1, 2], "b": "x, }"}\n```',
        'Sure! Here it is:\n{"a": [1, 2,], "b": "x, }",}\nAnything else?',
        '\ufeff {"a": [1, 2 , ] , "b": "x, }" , }',
    ],
)
def test_wrapping_and_trailing_commas_are_forgiven(text: str) -> None:
    assert parse(text) == {"a": [1, 2], "b": "x, }"}


@pytest.mark.parametrize(
    "text", ["", "I cannot.", "{", '{"a": "b', "}{", "[1]", '{"a": 1} {"b": 2}', '{"a"' + ":[" * 10**5 + "}"]
)
def test_what_is_no_object_is_an_error_that_repeats_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"^its? ") as caught:
        parse(text)
    assert "cannot" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON), st.booleans())
def test_any_object_survives(value: dict[str, Any], indented: bool) -> None:
    """Commas and brackets inside strings are not touched."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=1 if indented else None)
    assert parse(f"```\n{text}\n```") == value


def test_a_good_answer_is_asked_for_once() -> None:
    chat = Script('{"word": "sea", "score": 1}')
    answer = ask_json(chat, QUESTION, Word.model_validate)
    assert (answer.value.word, answer.tokens, len(chat.texts)) == ("sea", 10, 1)


def test_a_bad_answer_is_repaired_once_with_its_fault() -> None:
    """The model is told which field broke which rule, and both answers are paid for."""
    chat = Script('{"word": ["sea"], "score": "much"}', '{"word": "sea", "score": 1}')
    answer = ask_json(chat, QUESTION, Word.model_validate)
    assert (answer.value.word, answer.tokens) == ("sea", 20)
    assert chat.texts[0] == "question"
    assert chat.texts[1].startswith("question")
    assert "word: Input should be a valid string" in chat.texts[1]
    assert "score: Input should be a valid number" in chat.texts[1]
    assert "much" not in chat.texts[1]


def test_twice_bad_is_settled_without_repeating_the_answer() -> None:
    chat = Script("nonsense words", '{"word": "private words"}')
    with pytest.raises(ReplyUnusable) as caught:
        ask_json(chat, QUESTION, Word.model_validate)
    assert caught.value.tokens == 20
    assert "score: Field required" in str(caught.value)
    assert "words" not in str(caught.value)
    assert len(chat.texts) == 2


def test_a_truncated_answer_is_not_used_even_if_it_parses() -> None:
    chat = Script('{"word": "sea", "score": 1}', '{"word": "sea", "score": 1}', truncated=True)
    with pytest.raises(ReplyUnusable, match="longer than is allowed"):
        ask_json(chat, QUESTION, Word.model_validate)


def test_not_now_passes_and_a_filter_on_the_second_try_counts_both() -> None:
    with pytest.raises(NotNow):
        ask_json(Script("bad", NotNow("down")), QUESTION, Word.model_validate)
    with pytest.raises(Filtered) as caught:
        ask_json(Script("bad", Filtered("no", 7)), QUESTION, Word.model_validate)
    assert caught.value.tokens == 17


def test_a_validator_is_pydantics_or_any_that_raises_value_errors() -> None:
    with pytest.raises(ValidationError):
        Word.model_validate({})

    def refuse(value: dict[str, Any]) -> None:
        raise ValueError("it names no tag")

    with pytest.raises(ReplyUnusable, match="twice: it names no tag"):
        ask_json(Script("{}", "{}"), QUESTION, refuse)


@pytest.mark.parametrize(
    ("size", "tokens"),
    [((1024, 1024), 765), ((2048, 4096), 1105), ((512, 512), 255), ((1024, 768), 765), ((300, 200), 255)],
)
def test_pictures_are_counted_in_tiles_as_openai_does(size: tuple[int, int], tokens: int) -> None:
    """The first two are the examples of OpenAI's guide."""
    assert tiles(*size) == tokens
    assert patches(1024, 1024) == 1369
