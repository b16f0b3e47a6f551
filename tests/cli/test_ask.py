"""``ask``: what it lists and how it reads parameters; answers are tested with the graph, its documentation here."""

import json
import re
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner, Result

from tests.support.data import ROOT
from tg_assets.answers.asking import Answer
from tg_assets.cli import ask as command
from tg_assets.errors import TgAssetsError
from tg_assets.graph.questions import EVERY


def run(*words: str) -> Result:
    return CliRunner().invoke(command.ask_command, words)


def test_without_a_name_all_questions_are_listed() -> None:
    """With help in both languages, every parameter, and an example that is one."""
    said = run().output
    for name, question in EVERY.items():
        assert re.search(rf"^{name}$", said, re.M)
        assert question.english in said
        assert question.russian in said
        assert all(f"--{one.name}  {one.help}" in said for one in question.parameters)
        assert f"  tg-assets ask {name}" in said


def test_the_list_for_programs() -> None:
    found = json.loads(run("--json").output)
    assert found["command"] == "ask"
    assert [one["name"] for one in found["items"]] == list(EVERY)
    assert all(one["parameters"] or one["name"] not in ("activity", "album") for one in found["items"])


def test_parameters_are_options() -> None:
    """With a blank or =; a value may begin with a dash."""
    words = ["--since", "2026-01-01", "--chat=a = b", "--at-least", "-7"]
    assert dict(command.given(words)) == {"since": "2026-01-01", "chat": "a = b", "at_least": "-7"}


def test_strangers_words_are_only_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup, escapes steer nothing; what programs need alone is left out."""
    row = {
        "who": "x\x1b[31m [bold]y", "others": ["a", "b"], "at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "post_id": "p1",
    }  # fmt: skip
    command.show_answer(Answer("who-replies", tuple(row), [row]))
    said = capsys.readouterr().out
    assert "x\ufffd[31m [bold]y" in said
    assert "a, b" in said
    assert "2026-01-02 03:04" in said
    assert "p1" not in said
    command.show_answer(Answer("who-replies", tuple(row), []))
    assert capsys.readouterr().out == "Nothing found.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("who-replies", "chat"), "has no parameter's name before it"),
        (("who-replies", "--chat"), "--chat has no value"),
        (("--chat", "x"), "Name the question before its parameters"),
    ],
)
def test_what_is_no_parameter_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises((TgAssetsError, click.ClickException), match=said):
        command.ask_command.main(list(words), standalone_mode=False)


def test_the_documentation_has_every_question() -> None:
    """With its parameters and its help, in the order of the list."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (.*?) \|$", (ROOT / "docs" / "graph.md").read_text("utf-8"), re.M)
    assert [(name, told) for name, _, told in rows] == [(name, one.english) for name, one in EVERY.items()]
    for name, parameters, _ in rows:
        assert re.findall(r"`(\w+)`", parameters) == [one.name for one in EVERY[name].parameters]
